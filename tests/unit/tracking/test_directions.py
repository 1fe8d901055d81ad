from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.tracking.directions import LOWER_WORDS, declare, lower_is_better

LOWER = """
loss valLoss valloss val_loss val/loss Loss LOSS train.loss losses loss1 loss_2 lossTotal logLoss log_loss
crossEntropy cross_entropy crossentropy binary_crossentropy
rmse RMSE rmse2 nrmse valRMSE val-rmse rmse_holdout RMSEs mae MAE2 testMae mape sMAPE smape wmape rmsle
errors error errorRate error_rate numErrors max_error err err5 brier_score brierScore perplexity
valPerplexity ppl
p99_ms p99ms p50Ms latency latencies latency_p99 seconds fit_seconds durations peak_mb memory_mb
false_positive_rate falsePositives false_negative_rate fpr negative_log_likelihood nll
""".split()
HIGHER = """
roc_auc rocAuc auc AUC auc2 accuracy acc f1 F1Score f1_score r2 R2 precision recall ap mAP map50 lossless
glossary
neg_log_loss neg_mean_squared_error negRMSE neg-rmse negative_mse true_negative_rate specificity reward score
throughput requests_per_day ndcg@10 bleu rouge1 kappa mcc silhouette classes less maestro
""".split()


@pytest.mark.parametrize("metric", LOWER)
def test_lower_is_better(metric: str) -> None:
    assert lower_is_better(metric)


@pytest.mark.parametrize("metric", HIGHER)
def test_higher_is_better(metric: str) -> None:
    assert not lower_is_better(metric)


@given(
    st.sampled_from(sorted(LOWER_WORDS)),
    st.sampled_from(["", "val_", "holdout/", "x.", "3 "]),
    st.sampled_from(["", "_2", "7", " (kWh)", "@5"]),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_a_known_word_counts_wherever_it_stands(word: str, before: str, after: str, case: object) -> None:
    assert lower_is_better(f"{before}{case(word)}{after}")  # type: ignore[operator]


@given(st.text())
def test_any_name_has_a_direction(name: str) -> None:
    assert lower_is_better(name) in (True, False)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_have_a_direction(name: str) -> None:
    assert lower_is_better(name) in (True, False)


def test_what_a_workspace_declares_stands_above_the_name() -> None:
    declare({"minutes": True, "loss_of_face": False})
    assert lower_is_better("minutes") and not lower_is_better("loss_of_face") and lower_is_better("rmse")
    declare({})
    assert not lower_is_better("minutes") and lower_is_better("loss_of_face")
