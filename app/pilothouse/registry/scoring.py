"""What rows with known answers say of a model: metrics, and the time of one prediction.

Probabilities are of the positive class: the later of two classes in sorted order, as scikit-learn has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_EPSILON = 1e-15


def binary_metrics(positive: NDArray[np.bool_], probability: Numbers, threshold: float) -> dict[str, float]:
    """Metrics of a two-class model over n rows.

    Args:
        positive: whether each row is of the positive class, shape (n,).
        probability: of the positive class, shape (n,).
        threshold: from this probability on a row is called positive, here as where it is served.

    ROC AUC and PR AUC (average precision) are left out where the rows hold one class only: they mean
    nothing there.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    chosen = probability >= threshold
    true_positive = int(np.sum(chosen & positive))
    metrics = {
        "log_loss": log_loss(positive, probability),
        "brier": float(np.mean((probability - positive) ** 2)),
        "threshold": float(threshold),
        "f1": _ratio(2 * true_positive, int(chosen.sum() + positive.sum())),
        "precision": _ratio(true_positive, int(chosen.sum())),
        "recall": _ratio(true_positive, int(positive.sum())),
        "accuracy": float(np.mean(chosen == positive)),
        "base_rate": float(np.mean(positive)),
    }
    if positive.any() and not positive.all():
        metrics["roc_auc"] = float(roc_auc_score(positive, probability))
        metrics["pr_auc"] = float(average_precision_score(positive, probability))
    return metrics


def multiclass_metrics(codes: NDArray[np.intp], probability: Numbers) -> dict[str, float]:
    """Metrics of a model of k > 2 classes.

    Args:
        codes: the class of each row as a position in the model's classes, shape (n,).
        probability: shape (n, k).

    ROC AUC and PR AUC are means over the classes, each against the rest, that the rows hold; the
    Brier score is the sum of squares over the classes.
    """
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    chosen = probability.argmax(axis=1)
    truth = np.eye(probability.shape[1])[codes]
    own = np.clip(probability[np.arange(len(codes)), codes], _EPSILON, 1)
    metrics = {
        "log_loss": float(-np.mean(np.log(own))),
        "brier": float(np.mean(np.sum((probability - truth) ** 2, axis=1))),
        "f1": float(f1_score(codes, chosen, average="macro", zero_division=0)),
        "accuracy": float(np.mean(chosen == codes)),
    }
    told = [k for k in range(probability.shape[1]) if 0 < truth[:, k].sum() < len(codes)]
    if told:
        metrics["roc_auc"] = float(np.mean([roc_auc_score(truth[:, k], probability[:, k]) for k in told]))
        metrics["pr_auc"] = float(
            np.mean([average_precision_score(truth[:, k], probability[:, k]) for k in told])
        )
    return metrics


def regression_metrics(truth: Numbers, predicted: Numbers) -> dict[str, float]:
    """RMSE and MAE in the target's unit, and R2 (left out where the target does not vary)."""
    errors = predicted - truth
    spread = float(np.sum((truth - truth.mean()) ** 2))
    metrics = {"rmse": float(np.sqrt(np.mean(errors**2))), "mae": float(np.mean(np.abs(errors)))}
    if spread > 0:
        metrics["r2"] = 1.0 - float(np.sum(errors**2)) / spread
    return metrics


def log_loss(positive: NDArray[np.bool_], probability: Numbers) -> float:
    """Mean negative log likelihood, in nats; probabilities are kept off 0 and 1."""
    p = np.clip(probability, _EPSILON, 1 - _EPSILON)
    return float(-np.mean(np.where(positive, np.log(p), np.log1p(-p))))


def one_row_p99(
    predict: Callable[[Any], Any], frame: Any, *, calls: int = 200, seconds: float = 1.0
) -> float:
    """The 99th percentile, in milliseconds, of the time of one-row predictions over rows of `frame`."""
    rows = [frame.iloc[[i % len(frame)]] for i in range(calls)]
    for row in rows[:5]:
        predict(row)
    taken: list[float] = []
    stop = time.perf_counter() + seconds
    for row in rows:
        began = time.perf_counter()
        predict(row)
        ended = time.perf_counter()
        taken.append(ended - began)
        if ended > stop:
            break
    return float(np.quantile(taken, 0.99) * 1000)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
