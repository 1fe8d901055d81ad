"""What a training takes of the data folder: nothing that nobody has judged, and nothing that is held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making_data import write_parquet
from pilothouse.errors import PilothouseError
from pilothouse.monitoring.quality.in_force import suggested_rules
from pilothouse.monitoring.quality.rules_kept import accept_rules
from pilothouse.monitoring.quality.rules_text import set_rule
from pilothouse.monitoring.verdicts import accept_arrival
from pilothouse.store import Store, list_events
from pilothouse.training.inputs import dataset_for
from pilothouse.workspace import Workspace


def _rows(seed: int, shift: float = 0.0) -> dict[str, Any]:
    dice = np.random.default_rng(seed)
    return {"x": dice.normal(size=400) + shift, "z": dice.normal(size=400), "y": dice.integers(0, 2, 400)}


@pytest.fixture
def folder(workspace: Workspace, store: Store) -> Path:
    write_parquet(workspace.root / "data" / "jan.parquet", _rows(1))
    model = workspace.config().model()
    accept_rules(store, model.name, suggested_rules(workspace, store, model).rules, seen=None)
    return workspace.root / "data"


def _taken(workspace: Workspace) -> tuple[list[str], list[str]]:
    """The names of the files that are learned from, and what was told."""
    told: list[str] = []
    made = dataset_for(workspace, workspace.config().model(), None, told.append)
    return [file.name for file in made.files], told


def _judged(store: Store) -> list[str]:
    return [event.subject for event in list_events(store) if event.kind in ("check", "drift")]


def test_what_nobody_judged_is_judged_before_it_is_learned_from(
    workspace: Workspace, store: Store, folder: Path
) -> None:
    without = _rows(2)
    del without["z"]
    write_parquet(folder / "feb.parquet", without)
    write_parquet(folder / "mar.parquet", _rows(3, shift=1000.0))
    write_parquet(folder / "apr.parquet", _rows(4))
    names, told = _taken(workspace)
    assert names == ["apr.parquet", "jan.parquet"]
    assert told[0] == "Judging 4 files that nobody has judged yet."
    assert any("feb.parquet is held back" in said and "'z'" in said for said in told)
    assert any("mar.parquet is held back" in said for said in told)
    assert sorted(_judged(store)) == ["apr.parquet", "feb.parquet", "jan.parquet", "mar.parquet"]
    # Once is enough, and what a person took in is learned from.
    accept_arrival(store, workspace.config().model().name, "mar.parquet", reason="another unit")
    judged = _judged(store)
    names, told = _taken(workspace)
    assert names == ["apr.parquet", "jan.parquet", "mar.parquet"]
    assert told == ["1 held file is left out: `pilothouse check` says why."]
    assert _judged(store) == judged


def test_other_bytes_under_a_name_that_was_sound_are_judged(
    workspace: Workspace, store: Store, folder: Path
) -> None:
    assert _taken(workspace)[0] == ["jan.parquet"]
    write_parquet(folder / "feb.parquet", _rows(2))
    assert _taken(workspace)[0] == ["feb.parquet", "jan.parquet"]
    write_parquet(folder / "jan.parquet", _rows(1, shift=1000.0))
    assert _taken(workspace)[0] == ["feb.parquet"]


def test_a_new_schema_judges_what_was_learned_from_before_it(
    workspace: Workspace, store: Store, folder: Path
) -> None:
    model = workspace.config().model()
    assert _taken(workspace)[0] == ["jan.parquet"]
    write_parquet(folder / "feb.parquet", _rows(2))
    rules = suggested_rules(workspace, store, model).rules
    accept_rules(store, model.name, set_rule(rules, "x.max=-8"), seen=1)
    with pytest.raises(PilothouseError, match="held back"):
        _taken(workspace)


def test_where_nobody_has_accepted_a_schema_nothing_is_judged(workspace: Workspace, store: Store) -> None:
    jan = write_parquet(workspace.root / "data" / "jan.parquet", _rows(1))
    assert _taken(workspace) == (["jan.parquet"], [])
    # Another table altogether: what was learned from is no rule for it.
    write_parquet(jan, {"x": [f"t{n}" for n in range(400)], "y": [0, 1] * 200})
    assert _taken(workspace) == (["jan.parquet"], [])
    assert _judged(store) == []


def test_a_reference_that_cannot_be_read_does_not_stand_in_the_way_of_training(
    workspace: Workspace, store: Store, folder: Path
) -> None:
    text = workspace.config_path.read_text()
    workspace.config_path.write_text(text.replace("[data]", '[data]\nkeep = "link"'))
    assert _taken(workspace)[0] == ["jan.parquet"]
    # The kept bytes are those of the folder, and edited in place.
    (folder / "new.parquet").write_bytes(
        write_parquet(workspace.root / "other.parquet", _rows(5)).read_bytes()
    )
    with (folder / "jan.parquet").open("r+b") as file:
        file.write((folder / "new.parquet").read_bytes())
    (folder / "new.parquet").unlink()
    write_parquet(folder / "mar.parquet", _rows(3, shift=1000.0))
    names, told = _taken(workspace)
    assert names == ["jan.parquet"]
    assert "no longer holds the bytes it was kept with" in told[0]
    assert any("mar.parquet is held back" in said for said in told)
