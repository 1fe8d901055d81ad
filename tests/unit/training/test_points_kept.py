"""A program that says too much: its first points are kept, and of the rest what each metric came to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.store import Store
from pilothouse.tracking.last_values import last_of
from pilothouse.tracking.runs import get_run
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.training import points_kept
from pilothouse.training.diary import Diary
from pilothouse.training.points_kept import PointsKept
from pilothouse.training.spec import RunSpec, write_spec
from pilothouse.training.supervisor import Supervisor
from pilothouse.training.sweeps.strategies import Planned
from pilothouse.training.sweeps.trial import Order, ScriptData, run_trial
from pilothouse.workspace import Workspace

CHATTY = """
for step in range(100):
    print(f"step: {step}, loss: {100 - step}")
print("Test loss: 0.25")
"""
TOLD = "Of lines of metrics after number 10 only each metric's last value was kept."


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points_kept, "MOST_POINTS", 10)


steps = st.integers(0, 50)
values = st.dictionaries(st.sampled_from("abc"), st.floats(-9, 9), min_size=1)


@given(st.lists(st.tuples(steps, values), max_size=60), st.integers(1, 7))
def test_the_last_values_are_those_of_all(points: list[tuple[int, dict[str, float]]], size: int) -> None:
    collector = PointsKept()
    kept = [one for at in range(0, len(points), size) for one in collector.take(points[at : at + size])]
    assert kept == points[: points_kept.MOST_POINTS]
    assert bool(collector.complaint()) == (len(points) > len(kept))
    kept += collector.finish()
    assert last_of(kept) == last_of(points)
    assert len(kept) <= points_kept.MOST_POINTS + 3


def test_without_steps_the_last_that_was_said_is_the_last() -> None:
    collector = PointsKept()
    kept = collector.take((None, {"loss": float(number)}) for number in range(30))
    assert last_of(kept + collector.finish()) == {"loss": 29.0}


def test_a_name_for_each_row_does_not_fill_the_memory() -> None:
    collector = PointsKept()
    collector.take((row, {f"row {row}": 1.0}) for row in range(5000))
    assert len(collector.finish()) == points_kept.MOST_LAST


def test_a_trial_keeps_no_more_points_than_a_run(tmp_path: Path) -> None:
    (tmp_path / "chatty.py").write_text(CHATTY)
    words = (sys.executable, "chatty.py")
    data = ScriptData(words, {}, str(tmp_path), "", {}, 1, 0, str(tmp_path))
    result = run_trial(Order(Planned("0", 0, {}), {}), data)
    assert result.error == "" and len(result.points) == 12
    assert result.metrics == {"loss": 1.0, "Test_loss": 0.25}
    assert result.unread == TOLD


def test_a_run_keeps_what_its_script_came_to(workspace: Workspace, store: Store) -> None:
    (workspace.root / "chatty.py").write_text(CHATTY)
    writer = open_run(workspace, RunStart("script"))
    writer.close()
    spec = RunSpec(None, command=(sys.executable, "chatty.py"))
    write_spec(writer.folder, spec)
    assert Supervisor(writer.folder, spec, Diary(writer.folder)).run() == 0
    run = get_run(store, writer.run_id)
    assert (run.status, run.metrics) == ("FINISHED", {"loss": 1.0, "Test_loss": 0.25})
    assert run.summaries["loss"].count == 11
    assert run.tags["metrics"] == TOLD
