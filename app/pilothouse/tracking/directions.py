"""Which way a metric is better. The one place that says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

LOWER_WORDS = frozenset(
    """
    loss logloss error err rmse nrmse rmsle msle mse mae mase mape wmape smape mdape rae rse brier perplexity
    ppl nll bpb bpc deviance entropy xent regret cost wer cer ece fpr fnr fdr crps pinball hinge hamming
    inertia false mistake miss violation
    latency latencies duration elapsed seconds secs sec ms bytes kb mb gb memory
    """.split()
)
"""A metric of whose name one of these is a word is better when it is lower; every other when it is higher."""

_STEMS = ("loss", "error", "rmse", "mape", "entropy", "latency", "perplexity")
"""Words that others are made of by putting something before them: valloss, crossentropy."""

_TURNING = ("neg", "negative", "minus")
"""Words that turn what comes after them round, as in scikit-learn's neg_log_loss, better when higher."""

# A capital after small letters begins a word (valLoss), and so does the last of several before a small one
# (RMSEScore); digits stand apart (rmse2, p99ms); an `s` that follows capitals belongs to them (MSEs).
_WORDS = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+|\d+")


_declared: dict[str, bool] = {}


def declare(lower: Mapping[str, bool]) -> None:
    """Take over what a workspace says of its own metrics, by name; it stands above what a name reads like."""
    _declared.clear()
    _declared.update(lower)


def lower_is_better(metric: str) -> bool:
    """Tell whether less of a metric is better: as it was declared, or else as its name reads."""
    said = _declared.get(metric)
    return reads_lower(metric) if said is None else said


@lru_cache(maxsize=4096)
def reads_lower(metric: str) -> bool:
    """Tell whether a name reads as better when lower: `log_loss`, `valRMSE`, `p99_ms`, but not `roc_auc`.

    It is split into words at every sign, at a capital after a small letter, and between letters and
    digits. `neg_log_loss` is a loss turned round; `negative_log_likelihood` is the name of a loss.
    """
    words = [word.lower() for word in _WORDS.findall(metric[:1000])]
    joined = " ".join(words)
    if any(f"{turn} log likelihood" in joined for turn in _TURNING):
        return True
    turned = False
    for word in words:
        if word in _TURNING:
            turned = True
        elif _is_lower(word):
            return not turned
    return False


def _is_lower(word: str) -> bool:
    singular = word.removesuffix("es") if word.endswith("sses") else word.removesuffix("s")
    return not LOWER_WORDS.isdisjoint((word, singular)) or singular.endswith(_STEMS) or word.endswith(_STEMS)
