from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from entries import entries
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.tracking.figures import MOST_STEP, exit_code, fraction, whole_step
from pilothouse.tracking.replay import State, replay
from pilothouse.tracking.statuses import ENDED, STATUSES

START = {"t": 1_700_000_000.0, "kind": "start", "name": "one", "status": "RUNNING", "params": {"lr": 0.1}}


def after(*more: dict[str, Any]) -> State:
    state = State()
    replay(state, [START, *({"t": 1_700_000_001.0, **entry} for entry in more)])
    return state


@given(st.lists(entries, max_size=6))
def test_whatever_a_journal_holds_it_is_read_and_clean(found: list[dict[str, Any]]) -> None:
    # As it comes from a file, where a number may be larger than any of ours.
    read = json.loads(json.dumps(found))
    state = State()
    replay(state, read)
    assert state.status is None or state.status in STATUSES
    for key, step, value, at in state.points:
        assert key.encode() is not None and isinstance(value, float)
        assert step is None or (type(step) is int and abs(step) <= MOST_STEP)
        assert datetime.fromtimestamp(at, UTC)
    for text in (*state.params, *state.params.values(), *state.tags, *state.tags.values()):
        assert text.encode() is not None
    code, done = state.row.get("exit_code"), state.row.get("progress")
    assert code is None or -(2**31) <= code < 2**31
    assert done is None or 0 <= done <= 1
    assert len(state.doubt) < 300


@given(st.lists(entries, max_size=8), st.integers(0, 8))
def test_it_does_not_matter_in_which_pieces_it_is_read(found: list[dict[str, Any]], cut: int) -> None:
    whole, parts = State(), State()
    replay(whole, found)
    replay(parts, found[:cut])
    replay(parts, found[cut:])
    assert repr(parts) == repr(whole)


@given(st.lists(entries, max_size=8))
def test_the_first_end_stands_until_the_run_goes_on(found: list[dict[str, Any]]) -> None:
    state = after({"kind": "end", "status": "FAILED", "exit_code": 3})
    replay(state, [entry for entry in found if entry["kind"] != "resume"])
    assert (state.status, state.row["exit_code"]) == ("FAILED", 3)
    replay(state, [{"kind": "resume"}])
    assert (state.status, state.row["exit_code"], state.row["ended_at"]) == ("RUNNING", None, None)
    assert not state.ended


def test_points_are_read_from_both_kinds_of_entries() -> None:
    state = after(
        {"kind": "metrics", "step": 1, "values": {"a": 0.5, "b": "NaN"}},
        {"kind": "points", "values": [["a", 2, None], ["a", 3, 7, 1_600_000_000.0]]},
    )
    assert [(key, step) for key, step, _, _ in state.points] == [("a", 1), ("b", 1), ("a", None), ("a", 7)]
    assert [at for *_, at in state.points] == [1_700_000_001.0] * 3 + [1_600_000_000.0]
    assert state.doubt == ""


@pytest.mark.parametrize(
    ("entry", "doubt"),
    [
        ({"kind": "metrics", "step": "x", "values": {"a": 1}}, "step 'x'"),
        ({"kind": "metrics", "step": 10**30, "values": {"a": 1}}, "step '1000"),
        ({"kind": "metrics", "values": {"a": "one"}}, "value 'one'"),
        ({"kind": "points", "values": ["q"]}, "point 'q'"),
        ({"kind": "progress", "fraction": "half"}, "progress 'half'"),
        ({"kind": "status", "status": "DANCING"}, "status 'DANCING'"),
        ({"kind": "end", "status": "FAILED", "exit_code": 10**12}, "exit code '1000"),
        ({"kind": "end"}, "end ''"),
        ({"kind": "metrics", "values": {}, "t": "x"}, "time 'x'"),
    ],
)
def test_what_cannot_be_read_is_said(entry: dict[str, Any], doubt: str) -> None:
    assert doubt in after(entry).doubt


def test_an_end_that_does_not_say_how_is_lost() -> None:
    assert after({"kind": "end"}).status in ENDED


def test_steps_of_old_journals_that_are_texts_are_numbers() -> None:
    # NumPy's whole numbers were written so.
    state = after({"kind": "metrics", "step": "3", "values": {"a": 1}})
    assert state.points[0][1] == 3 and state.doubt == ""


def test_what_may_stand_for_a_step() -> None:
    import numpy as np

    assert [whole_step(value) for value in (3, True, 3.0, np.int64(3), np.float32(3))] == [3, 1, 3, 3, 3]
    assert all(type(whole_step(value)) is int for value in (True, np.int64(3), np.float32(3)))
    for bad in ("3", b"3", None, 1.5, float("nan"), float("inf"), 10**30, [1], object()):
        with pytest.raises(ValueError, match="A step"):
            whole_step(bad)


def test_what_may_stand_for_progress_and_an_exit_code() -> None:
    assert [fraction(value) for value in (0, 0.5, 1.0000001, -3, float("nan"), float("inf"))] == [
        0,
        0.5,
        1,
        0,
        None,
        1,
    ]
    for bad in ("half", None, [0.5]):
        with pytest.raises(ValueError, match="Progress"):
            fraction(bad)
    assert [exit_code(value) for value in (None, 0, 3, 3221225786, -9, 10**12, "x")] == [
        None,
        0,
        3,
        -1073741510,
        -9,
        None,
        None,
    ]
