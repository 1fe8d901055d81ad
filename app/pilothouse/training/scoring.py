"""Beyond the metrics of `registry.scoring`: the threshold of a two-class model, and curves to look at.

Probabilities are of the positive class: the later of two classes in sorted order, as scikit-learn has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
CURVE_POINTS = 200


def best_threshold(positive: NDArray[np.bool_], probability: Numbers) -> float:
    """The probability from which calling a row positive gives the highest F1; 0.5 if no row is positive.

    It must be chosen on rows that the model did not learn from and that the holdout does not hold.
    """
    if not positive.any():
        return 0.5
    order = np.argsort(-probability, kind="stable")
    ranked, hits = probability[order], np.cumsum(positive[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + positive.sum())
    last_of_tie = np.append(ranked[1:] != ranked[:-1], True)
    best = int(np.argmax(np.where(last_of_tie, f1, -1.0)))
    if best + 1 == len(ranked):
        return float(ranked[best])
    # Half-way to the next row: rows to come are seldom at the very same probability.
    return float((ranked[best] + ranked[best + 1]) / 2)


def binary_curves(positive: NDArray[np.bool_], probability: Numbers) -> dict[str, Any]:
    """ROC, precision-recall and calibration curves (ten bins of equal size), at most 200 points each."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    if positive.all() or not positive.any():
        return {"calibration": _calibration(positive, probability)}
    fpr, tpr, _ = roc_curve(positive, probability)
    precision, recall, _ = precision_recall_curve(positive, probability)
    return {
        "roc": {"fpr": _thin(fpr), "tpr": _thin(tpr)},
        "pr": {"recall": _thin(recall[::-1]), "precision": _thin(precision[::-1])},
        "calibration": _calibration(positive, probability),
    }


def confusion(codes: NDArray[np.intp], chosen: NDArray[np.intp], labels: list[str]) -> dict[str, Any]:
    """Counts by true class (rows) and predicted class (columns)."""
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    np.add.at(counts, (codes, chosen), 1)
    return {"labels": labels, "counts": counts.tolist()}


def residual_summary(truth: Numbers, predicted: Numbers) -> dict[str, Any]:
    """Errors (predicted minus true): quantiles, a histogram of 30 bins, and means by predicted tenth."""
    errors = predicted - truth
    counts, edges = np.histogram(errors, bins=30)
    parts = np.array_split(np.argsort(predicted, kind="stable"), min(10, len(errors)))
    return {
        "quantiles": {
            f"{q:g}": float(np.quantile(errors, q)) for q in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
        },
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
        "by_predicted": {
            "predicted": [float(predicted[part].mean()) for part in parts],
            "true": [float(truth[part].mean()) for part in parts],
            "rows": [len(part) for part in parts],
        },
    }


def _calibration(positive: NDArray[np.bool_], probability: Numbers) -> dict[str, list[float]]:
    parts = np.array_split(np.argsort(probability, kind="stable"), min(10, len(probability)))
    return {
        "predicted": [float(probability[part].mean()) for part in parts],
        "observed": [float(positive[part].mean()) for part in parts],
        "rows": [len(part) for part in parts],
    }


def _thin(values: NDArray[Any]) -> list[float]:
    keep = np.unique(np.linspace(0, len(values) - 1, min(len(values), CURVE_POINTS)).round().astype(int))
    return [round(float(value), 6) for value in values[keep]]
