from __future__ import annotations

from dataclasses import replace

import pytest

from pilothouse.monitoring.glances import ColumnGlance
from pilothouse.monitoring.reports import DriftReport, JointDrift
from pilothouse.monitoring.verdict_words import count_chunks, of_chunks, of_column, of_data


class _Report:
    def __init__(self, dataset_drift: bool, drifted: list[str], target: bool | None = None) -> None:
        self.dataset_drift, self.drifted = dataset_drift, drifted
        self.target = None if target is None else ColumnGlance("y", 0.5, target, "")


def test_a_dataset_has_one_of_three_verdicts() -> None:
    assert of_data(_Report(True, ["a"])) == ("■", "drifted")
    assert of_data(_Report(False, ["a"])) == ("▲", "some moved")
    assert of_data(_Report(False, [])) == ("●", "no drift")


def test_a_target_that_moved_is_never_under_the_sign_of_what_is_sound() -> None:
    assert of_data(_Report(False, [], True)) == ("▲", "target moved")
    assert of_data(_Report(False, [], False)) == ("●", "no drift")
    assert of_data(_Report(False, ["a"], True)) == ("▲", "some moved")
    assert of_data(_Report(True, ["a"], True)) == ("■", "drifted")
    calm, some, target = _Report(False, []), _Report(False, ["a"]), _Report(False, [], True)
    assert count_chunks([target, calm, some]) == "▲ some moved: 1, ▲ target moved: 1 of 3 chunks"


def test_columns_that_moved_only_together_are_not_under_the_sign_of_what_is_sound() -> None:
    joint = JointDrift("domain", 0.7, 0.6, 0.65, 0.75, 1e-9, True, 500, ("a", "b"), "they can be told apart")
    report = DriftReport(False, 0.0, 500, 500, (), multivariate=(joint,))
    assert of_data(report) == ("▲", "moved together")
    assert of_data(replace(report, multivariate=(replace(joint, drifted=False),))) == ("●", "no drift")


def test_chunks_together_have_the_verdict_of_the_worst() -> None:
    calm, some, drift = _Report(False, []), _Report(False, ["a"]), _Report(True, ["a"])
    assert of_chunks([calm, calm]) == ("●", "no drift")
    assert of_chunks([calm, some]) == ("▲", "some moved")
    assert of_chunks([some, drift, calm]) == ("■", "drifted")


def test_the_headline_counts_the_lines_that_have_its_sign() -> None:
    calm, some, drift = _Report(False, []), _Report(False, ["a"]), _Report(True, ["a"])
    assert count_chunks([calm] * 6 + [some] * 4) == "▲ some moved: 4 of 10 chunks"
    assert count_chunks([some, drift, calm, some]) == "■ drifted: 1, ▲ some moved: 2 of 4 chunks"
    assert count_chunks([calm, calm]) == "● no drift: 2 of 2 chunks"


@pytest.mark.parametrize(
    ("score", "drifted", "noise", "word"),
    [
        (0.3, True, 0.01, "moved"),
        (0.06, False, 0.01, "near"),
        (0.06, False, 0.2, "steady"),
        (0.01, False, 0.0, "steady"),
    ],
)
def test_a_column_is_near_the_line_only_beyond_noise(
    score: float, drifted: bool, noise: float, word: str
) -> None:
    assert of_column(ColumnGlance("x", score, drifted, "", noise))[1] == word


@pytest.mark.parametrize(
    ("score", "needed", "p", "word"),
    [
        (0.142, 5.991, 0.9314, "steady"),  # chi2: noise
        (5.1, 5.991, 0.078, "near"),
        (0.09, 0.1, None, "near"),
        (0.06, 0.1, None, "steady"),
        (0.0, 0.0, 1.0, "steady"),
    ],
)
def test_near_is_measured_by_the_limit_of_the_test_that_was_named(
    score: float, needed: float, p: float | None, word: str
) -> None:
    assert of_column(ColumnGlance("x", score, False, "", 0.0, needed, p, "scipy's"))[1] == word
