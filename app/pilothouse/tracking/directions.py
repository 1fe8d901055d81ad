"""Which way a metric is better. The one place that says so."""

from __future__ import annotations

import re

LOWER_WORDS = frozenset(
    "loss logloss error err rmse mae mse mape smape brier perplexity latency ms seconds regret".split()
)
"""A metric of whose name one of these is a word is better when it is lower; every other when it is higher."""


def lower_is_better(metric: str) -> bool:
    """Tell whether less of a metric is better: of `log_loss`, `val/rmse`, `p99_ms`, but not of `roc_auc`."""
    return not LOWER_WORDS.isdisjoint(re.split(r"[\W_]+", metric.lower()))
