"""Features that give the target away, looked for in the rows that a training learns from.

The checks of a file look for them, too; a training looks itself, since its files need not have been checked,
and since what a feature view makes is seen here only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pilothouse.monitoring.quality.leaks import Suspect, find_leaks
from pilothouse.monitoring.quality.rules import FileRules
from pilothouse.training.examples import Examples

ROWS = 4000
"""Rows at most that are looked at, drawn from the training side."""


def find_suspects(examples: Examples, target: str, rules: FileRules | None, *, seed: int) -> list[Suspect]:
    """Look at each feature alone, the worst first.

    Args:
        examples: rows and features; the holdout is not looked at.
        target: its name.
        rules: a column of which these say `leak_check = false` is passed over.
        seed: which rows are drawn.
    """
    train = examples.split.train
    if len(train) > ROWS:
        train = np.random.default_rng(seed).choice(train, ROWS, replace=False)
    some = examples.inputs.iloc[train]
    names = [
        str(name)
        for name in some.columns
        if rules is None or (rule := rules.column(str(name))) is None or rule.leak_check
    ]
    answers = examples.target[train]
    told = [str(one) for one in answers] if examples.classes else [float(one) for one in answers]
    columns = [_values(some[name]) for name in names]
    return find_leaks(
        target, names, list(zip(told, *columns, strict=True)), classification=bool(examples.classes)
    )


def _values(column: Any) -> list[float | str | None]:
    """Return numbers, truth values and moments as numbers, anything else as text, None where missing."""
    gaps = column.isna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(column):
        found = [one.timestamp() if not gap else None for one, gap in zip(column, gaps, strict=True)]
    elif pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        found = [float(one) if not gap else None for one, gap in zip(column, gaps, strict=True)]
    else:
        found = [str(one) if not gap else None for one, gap in zip(column, gaps, strict=True)]
    return found
