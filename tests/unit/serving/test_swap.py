from __future__ import annotations

from pathlib import Path

import pytest

import making_models as making
from pilothouse.registry.deployments import promote, rollback
from pilothouse.registry.manifest import BundleError
from pilothouse.registry.versions import get_version
from pilothouse.serving.swap import LiveModels, load_live
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace

Place = tuple[Workspace, Store]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = making.workspace(tmp_path / "w")
    for n in range(1, 4):
        making.register(*made, f"r{n}", flip=n == 2)
    promote(*made, "1")
    return made


def following(place: Place) -> LiveModels:
    return LiveModels(place[1], load_live(get_version(place[1], "champion")))


def test_it_follows_promote_and_keeps_the_last_one_warm(place: Place) -> None:
    models = following(place)
    first = models.current
    assert models.follow() is False
    promote(*place, "2")
    assert models.follow() is True
    assert models.current.version.version == 2 and models.previous is first
    rollback(*place)
    assert models.follow() is True
    assert models.current is first, "a rollback takes the warm model, it does not load it anew"


def test_a_version_that_cannot_be_loaded_leaves_the_old_one_live(place: Place) -> None:
    models = following(place)
    promote(*place, "2")
    target = get_version(place[1], "2").path / "model.joblib"
    target.chmod(0o644)
    target.write_bytes(b"x" + target.read_bytes()[1:])
    assert models.follow() is False
    assert (
        models.current.version.version == 1
        and "v2 could not be loaded, so v1 still answers" in models.last_error
    )
    event = list_events(place[1], kind="serving")[0]
    assert event.data == {"wanted": 2, "serving": 1} and "does not match its sha256" in event.message
    promote(*place, "3")
    assert models.follow() is True and models.last_error == ""


def test_only_verified_bytes_are_loaded(place: Place) -> None:
    version = get_version(place[1], "3")
    (version.path / "probe.parquet").unlink()
    with pytest.raises(BundleError):
        load_live(version)
