"""What a regression is worth on rows without labels: direct loss estimation (DLE).

A second model learns, on the reference, how large the first one's error is for which inputs. Whatever it gets
wrong there, on rows that it did not see, is put right on the new rows, so that the estimate is unbiased where
they come from where the reference came from, however heavy the tail of the losses is:

    estimate = mean over new rows of g(x) + mean over the reference of (loss - g(x)),   g cross-fitted

(Robins, Rotnitzky and Zhao, J. Am. Stat. Assoc. 89, 1994; cross-fitting: Chernozhukov et al., arXiv
1608.00060.)
Like every estimate without labels it is blind to concept drift.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.preprocessing import OrdinalEncoder
from threadpoolctl import threadpool_limits

from pilothouse.performance.answered import Answered, Floats
from pilothouse.performance.measuring import FEWEST, Value

MOST_ROWS = 50_000
BLIND = "An estimate from how the model erred on its holdout: blind to concept drift, which only labels show."
_SEED = 7
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the second model reads beside the first one's answer; `texts` are encoded."""

    numbers: tuple[str, ...]
    texts: tuple[str, ...]

    def encoder(self, rows: Answered) -> OrdinalEncoder | None:
        """Learn the texts of some rows; those of others are all alike."""
        if not self.texts:
            return None
        made = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
        return made.fit(rows.table[list(self.texts)].astype(str))

    def matrix(self, rows: Answered, encoder: OrdinalEncoder | None) -> Floats:
        """Shape (n, 1 + numbers + texts)."""
        parts = [rows.said[:, None]]
        if self.numbers:
            numbers = rows.table[list(self.numbers)].apply(pd.to_numeric, errors="coerce")
            parts.append(numbers.to_numpy("float64", na_value=np.nan))
        if encoder is not None:
            parts.append(encoder.transform(rows.table[list(self.texts)].astype(str)))
        return np.column_stack(parts).astype(np.float64)


def estimate_loss(current: Answered, reference: Answered, metric: str, inputs: list[str]) -> Value | None:
    """Estimate `mae` or `rmse` on rows without looking at their labels.

    Args:
        current: the rows.
        reference: rows with labels that the model did not learn from.
        metric: `mae` or `rmse`, in the target's unit.
        inputs: the columns that the model takes. Id, time and what is excluded tell nothing of a loss.

    Returns:
        The estimate with a 95% interval for what labels would show: how far the losses of so many rows lie
        from what the second model says of them, here and on the reference, and how far its five fits differ.
        None for another metric or too few rows.
    """
    known = reference.labelled
    if metric not in ("mae", "rmse") or len(known.table) < 2 * FEWEST or not len(current.table):
        return None
    chance = np.random.default_rng(_SEED)
    if len(known.table) > MOST_ROWS:
        known = known.rows(np.sort(chance.choice(len(known.table), MOST_ROWS, replace=False)))
    errors = np.abs(known.said - known.truth)
    loss = errors**2 if metric == "rmse" else errors
    columns = _columns(current, known, inputs)
    places = chance.permutation(len(loss))
    told, left = np.empty(_FOLDS), np.empty(len(loss))
    # Of so few rows the threads would wait for each other longer than they work.
    with threadpool_limits(1):
        for fold in range(_FOLDS):
            held, rest = places[fold::_FOLDS], np.setdiff1d(places, places[fold::_FOLDS])
            taught = known.rows(rest)
            encoder = columns.encoder(taught)
            second = HistGradientBoostingRegressor(max_iter=100, min_samples_leaf=50, random_state=_SEED)
            second.fit(columns.matrix(taught, encoder), loss[rest])
            left[held] = loss[held] - _not_below_zero(second, columns.matrix(known.rows(held), encoder))
            told[fold] = _not_below_zero(second, columns.matrix(current, encoder)).mean()
    mean = float(told.mean() + left.mean())
    # The folds share most of their rows, so their spread is that of a jackknife.
    fits = (_FOLDS - 1) / _FOLDS * float(np.sum((told - told.mean()) ** 2))
    rows = float(np.var(left, ddof=1)) * (1 / len(current.table) + 1 / len(loss))
    half = 1.96 * float(np.sqrt(rows + fits))
    bounds = [max(0.0, one) for one in (mean, mean - half, mean + half)]
    if metric == "rmse":
        bounds = [float(np.sqrt(one)) for one in bounds]
    return Value(bounds[0], bounds[1], bounds[2], len(current.table))


def _columns(current: Answered, known: Answered, inputs: list[str]) -> _Columns:
    names = [
        name
        for name in inputs
        if name in known.table.columns and name in current.table.columns and name not in known.question.roles
    ]
    texts = tuple(name for name in names if not pd.api.types.is_numeric_dtype(known.table[name].dtype))
    return _Columns(tuple(name for name in names if name not in texts), texts)


def _not_below_zero(second: HistGradientBoostingRegressor, matrix: Floats) -> Floats:
    return np.asarray(np.clip(second.predict(matrix), 0, None), dtype=np.float64)
