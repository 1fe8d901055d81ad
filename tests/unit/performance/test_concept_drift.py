"""Concept drift: each lasting change is found where it was, in the order of time and not of the file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pilothouse.comparing.questions import Question
from pilothouse.performance.answered import Answered
from pilothouse.performance.changes import find_changes


def in_time(levels: list[float], rows: int, seed: int, *, shuffled: bool = False) -> Answered:
    """Rows of so many errors each, one after another over 20 days; in the file in any order."""
    chance = np.random.default_rng(seed)
    wrong = np.concatenate([chance.random(rows) < level for level in levels])
    at = pd.date_range("2013-03-01", "2013-03-20 23:00", periods=len(wrong))
    order = chance.permutation(len(wrong)) if shuffled else np.arange(len(wrong))
    table = pd.DataFrame({"y": 0, "at": at[order]})
    right = np.zeros(len(wrong), bool)
    question = Question("y", "classification", "at", ("at",))
    known = np.ones(len(wrong), bool)
    return Answered("binary", wrong[order].astype(float), right, known, 0.5, (0, 1), table, question)


def test_rows_are_looked_at_in_the_order_of_time() -> None:
    (found,) = find_changes(in_time([0.1, 0.5], 2000, 1, shuffled=True))
    assert found.unit == "rows" and found.worse
    assert abs(pd.to_datetime(found.time, utc=True) - pd.Timestamp("2013-03-11", tz="UTC")).days < 1
    assert (found.before, found.after) == (pytest.approx(0.1, abs=0.03), pytest.approx(0.5, abs=0.1))


def test_after_a_change_it_is_counted_from_there() -> None:
    first, second = find_changes(in_time([0.05, 0.3, 0.7], 2000, 2))
    assert first.before == pytest.approx(0.05, abs=0.03)
    # Against what was before this change, and not against all that was before.
    assert second.before == pytest.approx(0.3, abs=0.04)
    assert second.after == pytest.approx(0.7, abs=0.15)
    back = find_changes(in_time([0.1, 0.6, 0.1], 1500, 3))
    assert [one.worse for one in back] == [True, False]
    assert back[1].before == pytest.approx(0.6, abs=0.05)
