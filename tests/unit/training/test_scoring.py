from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    r2_score,
    roc_auc_score,
)

from pilothouse.registry import scoring as shared
from pilothouse.training.scoring import (
    CURVE_POINTS,
    best_threshold,
    binary_curves,
    confusion,
    residual_summary,
)


def data(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(n), 2)
    return rng.random(n) < p, p


def test_metrics_agree_with_scikit_learn() -> None:
    y, p = data(1)
    found = shared.binary_metrics(y, p, 0.4)
    assert found["roc_auc"] == pytest.approx(roc_auc_score(y, p))
    assert found["pr_auc"] == pytest.approx(average_precision_score(y, p))
    assert found["log_loss"] == pytest.approx(log_loss(y, np.clip(p, 1e-15, 1 - 1e-15)))
    assert found["brier"] == pytest.approx(brier_score_loss(y, p))
    assert found["f1"] == pytest.approx(f1_score(y, p >= 0.4))
    truth, predicted = p * 3, p * 2 + y
    assert shared.regression_metrics(truth, predicted)["r2"] == pytest.approx(r2_score(truth, predicted))


def best_f1(y: np.ndarray, p: np.ndarray) -> float:
    return max(f1_score(y, p >= t, zero_division=0) for t in np.unique(p))


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(2, 60))
def test_no_threshold_gives_a_better_f1(seed: int, n: int) -> None:
    y, p = data(seed, n)
    if not y.any():
        assert best_threshold(y, p) == 0.5
        return
    assert f1_score(y, p >= best_threshold(y, p)) == pytest.approx(best_f1(y, p))


def test_a_threshold_lies_between_rows() -> None:
    y = np.array([False, False, True, True])
    assert best_threshold(y, np.array([0.1, 0.2, 0.8, 0.9])) == pytest.approx(0.5)
    assert best_threshold(np.array([True, True]), np.array([0.3, 0.4])) == pytest.approx(0.3)


def test_curves_begin_and_end_where_they_must() -> None:
    y, p = data(2, 5000)
    curves = binary_curves(y, p)
    roc = curves["roc"]
    assert (roc["fpr"][0], roc["tpr"][0], roc["fpr"][-1], roc["tpr"][-1]) == (0, 0, 1, 1)
    assert len(roc["fpr"]) == len(roc["tpr"]) <= CURVE_POINTS
    assert np.trapezoid(roc["tpr"], roc["fpr"]) == pytest.approx(roc_auc_score(y, p), abs=0.01)
    calibration = curves["calibration"]
    assert sum(calibration["rows"]) == 5000
    assert np.allclose(calibration["predicted"], calibration["observed"], atol=0.08)


def test_one_class_has_no_roc_curve() -> None:
    assert set(binary_curves(np.zeros(30, bool), np.linspace(0, 1, 30))) == {"calibration"}


def test_confusion_counts_rows_by_truth_and_answer() -> None:
    found = confusion(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]), ["no", "[/yes]"])
    assert found == {"labels": ["no", "[/yes]"], "counts": [[1, 1], [1, 2]]}


def test_residuals_are_predicted_minus_true() -> None:
    truth = np.arange(100.0)
    found = residual_summary(truth, truth + 2)
    assert set(found["quantiles"].values()) == {2.0}
    assert sum(found["histogram"]["counts"]) == 100
    assert sum(found["by_predicted"]["rows"]) == 100
