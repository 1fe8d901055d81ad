"""What a classifier is worth on rows without labels: confidence-based performance estimation (CBPE).

If the probabilities are right, they say how often the model is: of the rows that it gives 0.7, seven in ten
are positive. So the labels are drawn from the calibrated probabilities again and again, and the metric of
every draw is what it would be. The same is done on the reference, with probabilities that were calibrated on
other rows of it; by how much that misses what its labels say, the estimate is put right. The idea is that of
Garg et al. (arXiv 2201.04234) and of NannyML's CBPE; the draws also give an interval. It is blind to concept
drift: where the same inputs come to mean something else, the probabilities are wrong, and nothing in the rows
says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from pilothouse.comparing.resampling import binary, multiclass
from pilothouse.performance.answered import Answered, Floats
from pilothouse.performance.measuring import Value

DRAWS = 200
_AGAIN = 60
MOST_ROWS = 50_000
_BINS = 10
_FOLDS = 5
_SEED = 7
BLIND = "An estimate from the model's own probabilities: blind to concept drift, which only labels show."


@dataclass(frozen=True, slots=True)
class Calibrator:
    """Turns a probability into one that came true as often as it says, on the reference.

    `before` and `after` are pooled calibration errors, cross-validated; `isotonic` is None where mapping did
    not improve on the model's own probabilities. `unseen` is what is made of the reference's own rows, each
    by a mapping that was fitted on others.
    """

    before: float
    after: float
    isotonic: IsotonicRegression | None
    unseen: Floats

    def __call__(self, probability: Floats) -> Floats:
        """Return calibrated probabilities."""
        if self.isotonic is None:
            return probability
        return np.asarray(self.isotonic.predict(probability), dtype=np.float64)


def calibrate(positive: NDArray[np.bool_], probability: Floats) -> Calibrator:
    """Fit a calibrator on the reference's labels; isotonic only if it errs less where it was not fitted.

    Args:
        positive: shape (n,).
        probability: what the model said of those rows, shape (n,).
    """
    before = calibration_error(positive, probability)
    mapped = np.empty_like(probability)
    places = np.random.default_rng(_SEED).permutation(len(probability))
    for fold in range(_FOLDS):
        held = places[fold::_FOLDS]
        rest = np.setdiff1d(places, held)
        mapped[held] = _isotonic(positive[rest], probability[rest]).predict(probability[held])
    after = calibration_error(positive, mapped)
    if after >= before:
        return Calibrator(before, after, None, probability)
    return Calibrator(before, after, _isotonic(positive, probability), mapped)


def calibration_error(positive: NDArray[np.bool_], probability: Floats) -> float:
    """Return the mean distance between what was said and what came true, over tenths of the rows."""
    order = np.argsort(probability, kind="stable")
    error = 0.0
    for part in np.array_split(order, _BINS):
        if len(part):
            error += abs(float(probability[part].mean()) - float(positive[part].mean())) * len(part)
    return error / max(1, len(order))


def estimate(current: Answered, reference: Answered, metric: str) -> Value | None:
    """Estimate a metric on rows without looking at their labels.

    Args:
        current: the rows.
        reference: rows with labels that the model did not learn from.
        metric: one of those that `comparing.resampling` gives for the kind.

    Returns:
        Its mean over the draws, put right, with a 95% interval for what labels would show: how the draws
        spread here and on the reference. None where the kind has no probabilities, the
        reference has one class only, or nothing can be drawn.
    """
    known = reference.labelled
    if (
        current.kind not in ("binary", "multiclass")
        or not len(current.table)
        or len(known.table) < _BINS * _FOLDS
    ):
        return None
    chance = np.random.default_rng(_SEED)
    said = current.said
    if len(said) > MOST_ROWS:
        said = said[np.sort(chance.choice(len(said), MOST_ROWS, replace=False))]
    if current.kind == "binary":
        if len(set(known.truth.tolist())) < 2:
            return None
        calibrator = calibrate(known.truth, known.said)
        likely, there = np.clip(calibrator(said), 0, 1), np.clip(calibrator.unseen, 0, 1)
        drawn = [_binary_draw(chance, likely, said, current.threshold, metric) for _ in range(DRAWS)]
        again = [_binary_draw(chance, there, known.said, known.threshold, metric) for _ in range(_AGAIN)]
    else:
        likely, there = _calibrated_classes(known, said)
        drawn = [_class_draw(chance, likely, said, metric) for _ in range(DRAWS)]
        again = [_class_draw(chance, there, known.said, metric) for _ in range(_AGAIN)]
    values, before = (np.array([one for one in many if np.isfinite(one)]) for many in (drawn, again))
    told = float(known.measure(metric)(np.ones((1, len(known.table))))[metric][0])
    if len(values) < 0.9 * DRAWS or len(before) < 0.9 * _AGAIN or not np.isfinite(told):
        return None
    middle = float(values.mean()) + told - float(before.mean())
    half = 1.96 * float(np.sqrt(values.var(ddof=1) + before.var(ddof=1)))
    most = np.inf if metric in ("log_loss", "brier") else 1.0
    value, low, high = (float(np.clip(one, 0.0, most)) for one in (middle, middle - half, middle + half))
    return Value(value, low, high, len(current.table))


def _binary_draw(
    chance: np.random.Generator, likely: Floats, said: Floats, threshold: float, metric: str
) -> float:
    drawn = chance.random(len(likely)) < likely
    if metric in ("roc_auc", "pr_auc") and (drawn.all() or not drawn.any()):
        return float("nan")
    return float(binary(drawn, said, threshold, metric)(np.ones((1, len(said))))[metric][0])


def _class_draw(chance: np.random.Generator, likely: Floats, said: Floats, metric: str) -> float:
    steps = np.cumsum(likely, axis=1)
    drawn = (chance.random(len(likely))[:, None] > steps[:, :-1]).sum(axis=1)
    return float(multiclass(drawn, said, metric)(np.ones((1, len(said))))[metric][0])


def _calibrated_classes(known: Answered, said: Floats) -> tuple[Floats, Floats]:
    """Calibrate each class against the rest, and let them add up to one; of the rows, and of `known`."""
    columns, unseen = [], []
    for k in range(said.shape[1]):
        if not (known.truth == k).any():
            columns.append(said[:, k])
            unseen.append(known.said[:, k])
            continue
        calibrator = calibrate(known.truth == k, known.said[:, k])
        columns.append(calibrator(said[:, k]))
        unseen.append(calibrator.unseen)
    likely, there = (np.clip(np.column_stack(one), 1e-9, 1) for one in (columns, unseen))
    return likely / likely.sum(axis=1, keepdims=True), there / there.sum(axis=1, keepdims=True)


def _isotonic(positive: NDArray[np.bool_], probability: Floats) -> IsotonicRegression:
    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    model.fit(probability, positive.astype(np.float64))
    return model
