"""What a regression is worth on rows without labels: direct loss estimation (DLE).

A second model learns, on the reference, how large the first one's error is for which inputs; the mean of what
it says of new rows is their estimated error. Like every estimate without labels it is blind to concept drift.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import OrdinalEncoder

from pilothouse.performance.answered import Answered, Floats
from pilothouse.performance.measuring import FEWEST, Value

MOST_ROWS = 50_000
_SEED = 7
_FOLDS = 5


def estimate_loss(current: Answered, reference: Answered, metric: str, inputs: list[str]) -> Value | None:
    """Estimate `mae` or `rmse` on rows without looking at their labels.

    Args:
        current: the rows.
        reference: rows with labels that the model did not learn from.
        metric: `mae` or `rmse`, in the target's unit.
        inputs: the columns that the model takes.

    Returns:
        The estimate with an interval for what labels would show: the second model's own errors on the
        reference, held out, spread over so many rows. None for another metric or too few rows.
    """
    known = reference.labelled
    if metric not in ("mae", "rmse") or len(known.table) < 2 * FEWEST or not len(current.table):
        return None
    if len(known.table) > MOST_ROWS:
        places = np.random.default_rng(_SEED).choice(len(known.table), MOST_ROWS, replace=False)
        known = known.rows(np.sort(places))
    errors = np.abs(known.said - known.truth)
    loss = errors**2 if metric == "rmse" else errors
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    names = [name for name in inputs if name in known.table.columns and name in current.table.columns]
    texts = [name for name in names if not pd.api.types.is_numeric_dtype(known.table[name].dtype)]
    if texts:
        encoder.fit(known.table[texts].astype(str))
    before = _matrix(known, names, texts, encoder)
    second = HistGradientBoostingRegressor(max_iter=100, min_samples_leaf=50, random_state=_SEED)
    held_out = np.clip(cross_val_predict(second, before, loss, cv=_FOLDS), 0, None)
    second.fit(before, loss)
    told = np.clip(second.predict(_matrix(current, names, texts, encoder)), 0, None)
    spread = float(np.std(loss - held_out, ddof=1))
    mean = float(told.mean())
    half = 1.96 * spread * float(np.sqrt(1 / len(told) + 1 / len(loss)))
    bounds = [max(0.0, mean - half), mean, mean + half]
    if metric == "rmse":
        bounds = [float(np.sqrt(one)) for one in bounds]
    return Value(bounds[1], bounds[0], bounds[2], len(told))


def _matrix(answered: Answered, names: list[str], texts: list[str], encoder: OrdinalEncoder) -> Floats:
    parts = [answered.said[:, None]]
    plain = [name for name in names if name not in texts]
    if plain:
        parts.append(
            answered.table[plain].apply(pd.to_numeric, errors="coerce").to_numpy("float64", na_value=np.nan)
        )
    if texts:
        parts.append(encoder.transform(answered.table[texts].astype(str)))
    return np.column_stack(parts).astype(np.float64)
