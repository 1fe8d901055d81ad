"""One reading of a text as a number, wherever the text comes from."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.store import open_store
from pilothouse.tracking.numerals import finite_number_of, number_of
from pilothouse.tracking.runs import list_runs
from pilothouse.tracking.search import parse
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace


@given(st.floats(allow_nan=False) | st.integers(-(10**12), 10**12))
def test_every_number_is_read_back_from_how_it_is_written(number: float) -> None:
    assert number_of(repr(number)) == number
    assert finite_number_of(f" {number} ") == (number if math.isfinite(number) else None)


@pytest.mark.parametrize("text", ["2024_01_15", "1_000", "١٢", "0x10", "1,5", "", "1e", "e5", ".", "--1"])
def test_what_only_looks_like_a_number_is_a_text(text: str) -> None:
    assert number_of(text) is None


def test_a_parameter_is_kept_as_it_is_looked_for(workspace: Workspace) -> None:
    for day in ("2024_01_15", "20240115", "7"):
        writer = open_run(workspace, RunStart(kind="api", name=day, params={"day": day}, status="RUNNING"))
        writer.end("FINISHED", 0)

    store = open_store(workspace)

    def found(text: str) -> set[str]:
        return {run.name for run in list_runs(store, where=parse(text))}

    assert found("params.day > 1000") == {"20240115"}
    assert found("params.day = 20240115") == {"20240115"}
    assert found("params.day = '2024_01_15'") == {"2024_01_15"}
