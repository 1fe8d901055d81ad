"""Groups: the worst first by the metric's own direction, and nothing claimed of a class with few rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pilothouse.comparing.questions import Question
from pilothouse.performance.answered import Answered
from pilothouse.performance.slices import worst_groups

QUESTION = Question("y", "classification", None, ())


def test_the_worst_is_the_largest_where_lower_is_better() -> None:
    chance = np.random.default_rng(1)
    kind = np.array(["near", "far", "middle"])[np.arange(600) % 3]
    spread = np.select([kind == "near", kind == "far"], [1.0, 9.0], 3.0)
    said = np.full(600, 50.0)
    truth = said + spread * chance.normal(size=600)
    table = pd.DataFrame({"kind": kind, "y": truth})
    question = Question("y", "regression", None, ())
    rows = Answered("regression", said, truth, np.ones(600, bool), 0.5, (), table, question)
    for metric in ("rmse", "mae"):
        assert [one.value for one in worst_groups(rows, metric)] == ["far", "middle", "near"], metric


def test_a_group_with_few_of_one_class_claims_nothing() -> None:
    chance = np.random.default_rng(2)
    kind = np.repeat(["nine", "ten", "many"], 200)
    truth = np.zeros(600, bool)
    # Nine and ten of one class among 200 rows, and ten of the other among as many.
    truth[:9] = truth[200:210] = truth[400:590] = True
    table = pd.DataFrame({"kind": kind, "y": truth.astype(int)})
    rows = Answered("binary", chance.random(600), truth, np.ones(600, bool), 0.5, (0, 1), table, QUESTION)
    found = {one.value: one for one in worst_groups(rows, "roc_auc")}
    assert found["nine"].metric is None and found["nine"].rows == 200
    assert found["ten"].metric is not None and found["many"].metric is not None
