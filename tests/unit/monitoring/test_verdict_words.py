from __future__ import annotations

import pytest

from pilothouse.monitoring.glances import ColumnGlance
from pilothouse.monitoring.verdict_words import of_column, of_data


class _Report:
    def __init__(self, dataset_drift: bool, drifted: list[str]) -> None:
        self.dataset_drift, self.drifted = dataset_drift, drifted


def test_a_dataset_has_one_of_three_verdicts() -> None:
    assert of_data(_Report(True, ["a"])) == ("■", "drifted")
    assert of_data(_Report(False, ["a"])) == ("▲", "some moved")
    assert of_data(_Report(False, [])) == ("●", "no drift")


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
