from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import making_models
from hostile import HOSTILE
from making_data import write_parquet, write_text
from pilothouse.data.reading import DataError
from pilothouse.data.versions import snapshot
from pilothouse.errors import NotFoundError
from pilothouse.monitoring.glances import list_glances
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.rows_shown import rows_of
from pilothouse.monitoring.side_by_side import (
    BARS,
    WIDENING,
    ColumnBeforeNow,
    column_before_now,
    round_edges,
    widening_edges,
)
from pilothouse.monitoring.verdicts import get_drift_report
from pilothouse.store import Store
from pilothouse.workspace import Workspace


def _rows(count: int, shift: float = 0.0) -> dict[str, object]:
    # The same for the same arguments, whatever other tests ran before.
    rng = np.random.default_rng(count)
    return {
        "temp": rng.normal(50 + shift, 10, count),
        "dest": rng.choice(["ATL", "ORD"] if not shift else ["ATL", "ORD", "JAC"], count),
        "late": rng.choice([0, 1], count),
    }


@pytest.fixture
def judged(tmp_path: Path) -> tuple[Workspace, Store]:
    """A reference of the data folder, and one file that moved since."""
    workspace, store = making_models.workspace(tmp_path / "ws")
    config = workspace.config().model()
    write_parquet(workspace.root / "data" / "a.parquet", _rows(2000))
    snapshot(workspace, store, config)
    path = write_parquet(workspace.root / "data" / "b.parquet", _rows(500, 20))
    judge_file(workspace, store, config, path)
    return workspace, store


def _column(judged: tuple[Workspace, Store], name: str) -> ColumnBeforeNow:
    workspace, store = judged
    stored = get_drift_report(store, "b.parquet")
    return column_before_now(workspace, store, workspace.config().model(), stored, name)


def test_numbers_are_counted_into_the_same_bars_on_both_sides(judged: tuple[Workspace, Store]) -> None:
    told = _column(judged, "temp")
    assert told.before is not None and told.now is not None
    assert (told.before.rows, told.now.rows) == (2000, 500)
    assert told.equal_width and not told.notes
    assert len(told.labels) == len(told.before_counts) == len(told.now_counts)
    assert (sum(told.before_counts), sum(told.now_counts)) == (2000, 500)
    assert told.said.startswith("`temp` moved up by 1.9 sigma")
    assert told.now.mean is not None and told.before.mean is not None
    assert 15 < told.now.mean - told.before.mean < 25


def test_bars_widen_where_one_of_equal_width_would_hold_all(tmp_path: Path) -> None:
    """Dollars, of which most are small, that became cents: every side has a shape, not one bar of 100%."""
    workspace, store = making_models.workspace(tmp_path / "ws")
    config = workspace.config().model()
    rng = np.random.default_rng(1)
    dollars = rng.lognormal(3.5, 1.2, 3000)
    write_parquet(workspace.root / "data" / "a.parquet", {"spend": dollars, "late": [0, 1] * 1500})
    snapshot(workspace, store, config)
    cents = {"spend": rng.lognormal(3.5, 1.2, 600) * 100, "late": [0, 1] * 300}
    judge_file(workspace, store, config, write_parquet(workspace.root / "data" / "b.parquet", cents))
    told = _column((workspace, store), "spend")
    assert (told.bars, told.equal_width) == (WIDENING, False)
    assert (sum(told.before_counts), sum(told.now_counts)) == (3000, 600)
    assert max(told.before_counts) < 0.4 * 3000 and max(told.now_counts) < 0.4 * 600
    assert len(told.labels) <= BARS + 2


@given(
    st.lists(st.floats(-1e12, 1e12), min_size=5, max_size=5).map(sorted),
    st.lists(st.floats(-1e12, 1e12), min_size=5, max_size=5).map(sorted),
)
def test_edges_that_widen_rise_and_are_few(before: list[float], now: list[float]) -> None:
    edges = widening_edges(before, now, BARS)
    assert edges == sorted(set(edges)) and len(edges) <= BARS
    assert widening_edges([4.7, 14, 33, 75, 231], [415, 1434, 3312, 7624, 23_578], BARS) == [
        5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000,
    ]  # fmt: skip


def test_categories_keep_the_bins_they_were_judged_on(judged: tuple[Workspace, Store]) -> None:
    told = _column(judged, "dest")
    assert not told.equal_width
    assert told.before is not None and dict(told.before.top).keys() == {"ATL", "ORD"}
    assert told.now is not None and "JAC" in dict(told.now.top)
    assert _column(judged, "late").drift.column == "late"


def test_what_is_gone_is_told_from_what_was_kept(judged: tuple[Workspace, Store]) -> None:
    workspace, _ = judged
    (workspace.root / "data" / "b.parquet").unlink()
    told = _column(judged, "temp")
    assert told.now is None and told.before is not None
    assert told.notes == ("b.parquet cannot be read in data any more.",)
    assert not told.equal_width and sum(told.now_counts) == 500
    write_parquet(workspace.root / "data" / "b.parquet", _rows(30))
    assert "it has changed" in _column(judged, "temp").notes[0]
    with pytest.raises(NotFoundError, match="was not compared"):
        _column(judged, "nothing")


def test_a_reading_can_be_given_up(judged: tuple[Workspace, Store]) -> None:
    workspace, store = judged
    stored = get_drift_report(store, "b.parquet")

    def stop(share: float, what: str) -> None:
        raise InterruptedError

    large = write_text(workspace.root / "large.csv", "a,b\n" + "1,2\n" * 2_000_000)
    with pytest.raises(InterruptedError):
        rows_of(large, [1], progress=stop)
    assert column_before_now(workspace, store, workspace.config().model(), stored, "temp").said


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 20))
def test_edges_are_round_and_lie_between_the_ends(low: float, width: float, bars: int) -> None:
    high = low + width
    edges = round_edges(low, high, bars)
    assert len(edges) <= bars + 1
    assert edges == sorted(set(edges))
    assert all(low < edge < high for edge in edges)


def test_edges_are_as_a_person_would_choose_them() -> None:
    assert round_edges(0, 10, 12) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert round_edges(-0.3, 0.31, 12) == [-0.2, -0.1, 0, 0.1, 0.2, 0.3]
    assert round_edges(1, 1, 12) == [] and round_edges(0, math.inf, 12) == []


def test_whole_rows_are_shown_by_their_numbers(tmp_path: Path) -> None:
    path = write_text(tmp_path / "x.csv", "b,a,a_\n1,x,\n2,y,q\n3,,r\n")
    found = rows_of(path, [3, 2, 99], first="a")
    assert found.columns == ("a", "b", "a_")
    assert found.rows == ((2, ("y", "2", "q")), (3, (None, "3", "r")))
    wide = write_text(
        tmp_path / "wide.csv", ",".join(f"c{n}" for n in range(90)) + "\n" + ",".join("1" * 90) + "\n"
    )
    assert (len(rows_of(wide, [1]).columns), rows_of(wide, [1]).more_columns) == (60, 30)
    with pytest.raises(DataError):
        rows_of(tmp_path / "gone.csv", [1])


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip() and "\x00" not in name])
def test_hostile_columns_are_shown_too(tmp_path: Path, name: str) -> None:
    path = write_parquet(tmp_path / "x.parquet", {name: [name, "b"], "n": [1, 2]})
    assert rows_of(path, [1], first=name).rows[0][1] == (name[:60], "1")


def test_reports_at_a_glance_are_read_once(judged: tuple[Workspace, Store]) -> None:
    workspace, store = judged
    config = workspace.config().model()
    [one] = list_glances(store, config.name)
    assert (one.subject, one.n_current, one.dataset_drift) == ("b.parquet", 500, True)
    assert {column.column for column in one.drifted} == {"temp", "dest"}
    assert one.target is not None and one.target.column == "late"
    whole = get_drift_report(store, one.report_id).report
    assert {column.column: column.score for column in whole.columns} == pytest.approx(
        {column.column: column.score for column in one.columns}
    )
    for n in range(12):
        path = write_parquet(workspace.root / "data" / f"c{n}.parquet", _rows(50 + n))
        judge_file(workspace, store, config, path)
    known = {one.report_id: one}
    more = list_glances(store, config.name, known)
    assert len(more) == 13
    assert any(found is one for found in more)
    assert list_glances(store, "other") == []
