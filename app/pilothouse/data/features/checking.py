"""Whether a feature view keeps its word: no look at other rows, and none into the future.

Neither can be read off SQL, so both are tried on real rows: each alone, and with the tables as they stood.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from pilothouse.data.features.computing import FeatureRunner
from pilothouse.data.features.views import FeatureError

SAMPLE = 25
"""Rows that are tried; they are taken evenly from all."""


def check_features(runner: FeatureRunner, rows: pd.DataFrame, time: str | None) -> pd.DataFrame:
    """Compute the features of all rows, and try on some of them that the views keep their word.

    Args:
        runner: the views.
        rows: shape (n, columns), with at least the definition's inputs.
        time: the column that says when a row was known; None leaves the look into the future untried.

    Returns:
        What `runner.compute` gives for all rows.

    Raises:
        FeatureError: a view gives a row another value when it is alone, or when the tables end at its time.
    """
    whole = runner.compute(rows)
    step = max(1, len(rows) // SAMPLE)
    places = list(range(0, len(rows), step))[:SAMPLE]
    moments = pd.to_datetime(rows[time], errors="coerce") if time is not None else None
    try:
        for place in places:
            alone = runner.compute(rows.iloc[place : place + 1])
            name = _first_difference(alone.iloc[0], whole.iloc[place])
            if name is not None:
                raise FeatureError(
                    f"The feature {name!r} depends on other rows: row {place + 1} gets"
                    f" {_shown(whole[name].iloc[place])} among all and {_shown(alone[name].iloc[0])} alone.",
                    untouched="No version was made.",
                    next="A request has one row. Take totals from a table under features.tables instead.",
                )
            if moments is None or pd.isna(moments.iloc[place]):
                continue
            moment = moments.iloc[place].to_pydatetime().replace(tzinfo=None)
            runner.until(moment)
            then = runner.compute(rows.iloc[place : place + 1])
            runner.until(None)
            name = _first_difference(then.iloc[0], alone.iloc[0])
            if name is not None:
                raise FeatureError(
                    f"The feature {name!r} looks into the future: at {moment} row {place + 1} would have got"
                    f" {_shown(then[name].iloc[0])}, and gets {_shown(alone[name].iloc[0])} from what its"
                    " tables know now.",
                    untouched="No version was made.",
                    next=f"Join by ASOF with rows.{time} >= the time of the table.",
                )
    finally:
        runner.until(None)
    return whole


def _first_difference(left: Any, right: Any) -> str | None:
    return next((str(name) for name in left.index if not same(left[name], right[name])), None)


def same(left: Any, right: Any) -> bool:
    """Say whether two values of a feature are the same; what is missing is the same as what is missing."""
    if pd.isna(left) or pd.isna(right):
        return bool(pd.isna(left) and pd.isna(right))
    return bool(left == right)


def _shown(value: Any) -> str:
    return "nothing" if pd.isna(value) else repr(getattr(value, "item", lambda: value)())[:60]
