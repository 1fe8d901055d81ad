"""Answers of models whose truth is known, for what measures them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pilothouse.comparing.questions import Question
from pilothouse.performance.answered import Answered

QUESTION = Question("y", "classification", None, ())


def world(
    rows: int, seed: int, *, slope: float = 1.5, flipped: float = 0.0, labels: bool = True, **columns: Any
) -> Answered:
    """Rows with probabilities that are right, but for a share of flipped labels."""
    chance = np.random.default_rng(seed)
    score = chance.normal(size=rows)
    probability = 1 / (1 + np.exp(-slope * score))
    truth = chance.random(rows) < probability
    truth = np.where(chance.random(rows) < flipped, ~truth, truth)
    known = np.full(rows, labels)
    table = pd.DataFrame({"x": score, "y": truth.astype(int), **columns})
    return Answered("binary", probability, truth, known, 0.5, (0, 1), table, QUESTION)
