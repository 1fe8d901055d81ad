from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import making_models as making
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.registry import versions
from pilothouse.registry.manifest import BundleError
from pilothouse.registry.versions import get_version, list_versions, parse_ref, register_bundle
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace

Place = tuple[Workspace, Store]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return making.workspace(tmp_path / "w")


def test_versions_are_numbered_listed_and_told(place: Place) -> None:
    first, second = making.register(*place, "r1"), making.register(*place, "r2", flip=True)
    assert (first.version, second.version) == (1, 2)
    assert [one.version for one in list_versions(place[1], "late")] == [2, 1]
    assert first.path == place[0].version_dir("late", 1) and (first.path / "MLmodel").is_file()
    assert [event.kind for event in list_events(place[1])] == ["version", "version"]
    assert first.created_at.tzinfo is not None and first.metrics == {"roc_auc": 0.8}


def test_registering_the_same_bundle_again_gives_the_same_version(place: Place) -> None:
    first = making.register(*place)
    bundle = place[0].run_dir("r1") / "artifacts" / "model"
    again = register_bundle(
        *place, "late", bundle, run_id="r1", dataset_version="d1", recipe="logistic", metrics={}
    )
    assert again == first and len(list_events(place[1])) == 1


@pytest.mark.parametrize(
    "ref", ["1", "v1", "late/1", "late/v1", "models:/late/1", "fast", "late@fast", "models:/late@fast"]
)
def test_every_way_of_naming_a_version(place: Place, ref: str) -> None:
    making.call(place[1], making.register(*place), "fast")
    assert get_version(place[1], ref).version == 1


@pytest.mark.parametrize(
    "ref",
    [
        "2",
        "v2",
        "slow",
        "other/1",
        "late@no",
        "",
        "@",
        "/",
        "a/b/c",
        "late/",
        "@x",
        "models:/",
        "late@1@2",
        "1' OR 1=1 --",
        "../1",
        "٣",
        *making.HOSTILE,
    ],
)
def test_what_names_nothing_is_told_so(place: Place, ref: str) -> None:
    making.register(*place)
    with pytest.raises(NotFoundError) as caught:
        get_version(place[1], ref)
    assert str(caught.value)


def test_two_models_need_a_name(place: Place) -> None:
    making.register(*place, "r1")
    making.register(*place, "r2", model="early")
    assert get_version(place[1], "1", "early").model == "early"
    with pytest.raises(NotFoundError, match="early, late"):
        get_version(place[1], "1")


def test_an_alias_is_of_one_version(place: Place) -> None:
    one, two = making.register(*place, "r1"), making.register(*place, "r2")
    for version in (one, two):
        making.call(place[1], version, "fast")
    assert get_version(place[1], "2").aliases == ("fast",)
    assert get_version(place[1], "1").aliases == ()


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "con", *making.HOSTILE])
def test_a_models_name_never_becomes_a_path(place: Place, name: str) -> None:
    bundle = place[0].run_dir("r") / "artifacts" / "model"
    making.bundle(bundle)
    with pytest.raises(PilothouseError):
        register_bundle(*place, name, bundle, run_id="r", dataset_version="d", recipe="x", metrics={})


def test_a_changed_bundle_is_not_registered_and_takes_no_number(place: Place) -> None:
    bundle = place[0].run_dir("r1") / "artifacts" / "model"
    making.bundle(bundle)
    (bundle / "metrics.json").chmod(0o644)
    (bundle / "metrics.json").write_text("{}")
    with pytest.raises(BundleError):
        register_bundle(*place, "late", bundle, run_id="r1", dataset_version="d", recipe="x", metrics={})
    assert making.register(*place, "r2").version == 1


DIES = """
import os, sys
from pathlib import Path
from pilothouse.registry import versions
from pilothouse.store import open_store
from pilothouse.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]))
place, where = versions._place, sys.argv[2]
def killed(*args):
    if where == "after":
        place(*args)
    os.kill(os.getpid(), 9)
versions._place = killed
bundle = workspace.run_dir("r1") / "artifacts" / "model"
versions.register_bundle(workspace, open_store(workspace), "late", bundle,
                         run_id="r1", dataset_version="d", recipe="x", metrics={})
"""


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_number_is_spent_even_if_the_process_dies_before_the_commit(place: Place, where: str) -> None:
    making.bundle(place[0].run_dir("r1") / "artifacts" / "model")
    dead = subprocess.run([sys.executable, "-c", DIES, str(place[0].root), where], check=False)
    assert dead.returncode == -9
    assert list_versions(place[1]) == []
    assert place[0].version_dir("late", 1).exists() == (where == "after")
    # Even with the half-made folder cleared away, or the store older than the folder.
    shutil.rmtree(place[0].version_dir("late", 1), ignore_errors=True)
    assert making.register(*place, "r2").version == 2
    with place[1].transaction() as tx:
        tx.execute("DELETE FROM meta WHERE key = 'last_version:late'")
        tx.execute("DELETE FROM model_versions")
    assert making.register(*place, "r3").version == 3


def test_many_at_once_get_a_number_each(place: Place) -> None:
    for n in range(4):
        making.bundle(place[0].run_dir(f"r{n}") / "artifacts" / "model", seed=n)

    def one(n: int) -> int:
        bundle = place[0].run_dir(f"r{n}") / "artifacts" / "model"
        return register_bundle(
            *place, "late", bundle, run_id=f"r{n}", dataset_version="d", recipe="x", metrics={}
        ).version

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [1, 2, 3, 4]


def test_the_run_may_be_cleared_and_the_version_stays_whole(place: Place) -> None:
    version = making.register(*place)
    shutil.rmtree(place[0].run_dir("r1"))
    versions.verify_bundle(version.path, version.manifest_sha256)


def test_what_only_looks_loads_nothing_heavy() -> None:
    code = (
        "import sys, pilothouse.registry.versions, pilothouse.registry.deployments;"
        "print(sorted({'pandas', 'numpy', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_refs_split() -> None:
    assert parse_ref("models:/late/v3") == ("late", 3, None)
    assert parse_ref("late@champion") == ("late", None, "champion")
    assert parse_ref("v12") == (None, 12, None)
