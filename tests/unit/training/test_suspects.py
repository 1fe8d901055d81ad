"""Features that give the target away are told by the training, kept with the version, and asked about."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hostile import CONFIG
from making_data import write_parquet
from pilothouse.registry.suspects import LeakSuspect, leak_suspects, warning
from pilothouse.registry.versions import get_version
from pilothouse.store import open_store
from pilothouse.tracking.runs import list_runs
from pilothouse.training.suspects import _values
from pilothouse.workspace import Workspace, init_workspace
from steering import pilothouse


@pytest.fixture
def leaking(tmp_path: Path) -> Workspace:
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 600)
    columns = {"x": rng.normal(size=600), "refund [x]": y * 10.0 + rng.normal(size=600), "y": y}
    write_parquet(tmp_path / "ws" / "data" / "a.parquet", columns)
    return init_workspace(tmp_path / "ws", CONFIG)


def test_a_leak_is_told_by_train_kept_and_asked_about(leaking: Workspace) -> None:
    root = leaking.root
    done = pilothouse("train", "--recipe", "logistic", cwd=root)
    assert done.code == 0, done.err
    told = [said for said in done.err.splitlines() if said.startswith("▲ ")]
    assert len(told) == 1 and "'refund [x]' alone gives the target away" in told[0] and "exclude" in told[0]
    store = open_store(leaking)
    assert list_runs(store)[0].tags["leak"].startswith("refund [x] (1.000)")
    [suspect] = leak_suspects(get_version(store, "1", "late"))
    assert (suspect.column, suspect.score > 0.99) == ("refund [x]", True)
    assert "leak" in pilothouse("show", "latest", cwd=root).out
    promoted = pilothouse("promote", "v1", "--yes", "--json", cwd=root)
    assert promoted.code == 0 and "▲ 'refund [x]' alone" in promoted.err
    assert "alone gives the target away" in json.loads(promoted.out)["warnings"][0]
    # A person who says that it is none is not told again.
    assert pilothouse("schema", "set", "refund [x].leak_check=false", cwd=root).code == 0
    assert "gives the target away" not in pilothouse("train", "--recipe", "logistic", cwd=root).err
    assert leak_suspects(get_version(store, "2", "late")) == ()


def test_values_are_numbers_texts_or_missing() -> None:
    table = pd.DataFrame(
        {
            "n": [1, 2],
            "b": pd.array([True, None], dtype="boolean"),
            "t": pd.to_datetime(["1970-01-01T00:00:05", None]),
            "s": ["a", None],
            "c": pd.Categorical(["u", None]),
        }
    )
    found = {name: _values(table[name]) for name in table.columns}
    assert found == {"n": [1.0, 2.0], "b": [1.0, None], "t": [5.0, None], "s": ["a", None], "c": ["u", None]}


def test_the_warning_is_one_line_with_what_to_do() -> None:
    one, other = LeakSuspect("a b", "area", 1.0), LeakSuspect("c", "area", 0.995)
    assert warning(()) == ""
    assert "and 1 more does" in warning((one, other)) and "'a b.leak_check=false'" in warning((one,))
