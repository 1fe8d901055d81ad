"""The words by which a line of prose is told from a line of metrics."""

from __future__ import annotations

import re
from functools import lru_cache

_SURE = frozenset(
    """
    loss logloss losses accuracy acc auc auroc auprc rmse mse mae mape rmsle msle smape r0 r² f0 fbeta
    precision recall perplexity ppl bleu rouge rougel iou miou dice ndcg mrr kappa mcc brier elbo nll
    psnr ssim fid cer wer bpb map00 specificity sensitivity fpr tpr fnr tnr lr
    """.split()
)
"""Words that name a metric whatever stands before them: `Generator loss: 0.5`."""

_PERHAPS = frozenset(
    """
    error err score map ap reward return entropy divergence kl likelihood deviance silhouette hinge
    rate variance regret fitness gini lift correlation norm
    """.split()
)
"""Words that name a metric only among words that are said of metrics: `mean squared error: 0.2`."""

_ANY = _SURE | _PERHAPS
NO_DIGITS = str.maketrans("123456789", "0" * 9)

_QUALIFYING = frozenset(
    """
    train training test testing val valid validation eval evaluation dev holdout best final mean average
    avg macro micro weighted total running epoch the on set data squared absolute root log cross binary
    balanced top area under curve median max min std oob cv out of bag learning roc pr categorical
    sparse explained negative neg normalized smoothed overall current per grad gradient percentage
    """.split()
)

# What is said as `word: number` and is no measure of a model.
_NEVER = frozenset(
    """
    trace debug info notice warn warning critical fatal success note hint tip todo see usage port pid
    version line lineno page code exit status localhost http https date year thread process rank v_num
    """.split()
)
_LEVELS = ("ERROR", "Error")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
_PLACE = re.compile(r"[./]|^localhost$")


@lru_cache(maxsize=4096)
def names_metric(word: str, sure: bool = False) -> bool:
    """Tell whether a name has the word of a metric in it: `val_loss`, `valid_0_auc`, `Acc@1`, `testLoss`."""
    # Digits are all alike, so that whether a line is read never hangs on what its numbers are.
    word = word.translate(NO_DIGITS)
    small = word.lower().replace("'s", "")
    known = _SURE if sure else _ANY
    parts = [part for part in re.split(r"[^\w²]+|_", small) if part]
    if any(part in known for part in parts):
        return True
    found = [part.lower() for part in _PART.findall(word)]
    return any(part in known or part.endswith(("loss", "rmse", "auc", "logloss")) for part in found)


def measures(words: tuple[str, ...]) -> bool:
    """Tell whether any of the words has a metric's word in it."""
    return any(names_metric(word) for word in words)


@lru_cache(maxsize=4096)
def judge_name(words: tuple[str, ...], joint: str, tight: bool, whole: bool) -> bool | None:
    """Tell whether words before a number are a metric's name; None if what they name is to be passed over.

    Args:
        words: one to four.
        joint: what stands between them and the number: `:`, `=`, or nothing.
        tight: no blank stands after the colon, and the number is a whole one.
        whole: the number is a whole one, or two as in 9/10.
    """
    if len(words) > 1 or not joint:
        return _measures_together(words, joint) and _may_be_said_together(words)
    word = words[0]
    if word.lower() in _NEVER or word in _LEVELS:
        return None
    if names_metric(word):
        return True
    if joint == "=" and word.isupper() and "_" in word:
        return False  # OMP_NUM_THREADS=4 is a setting
    # train.py:88 and localhost:8080 are places; count:3 is none.
    return not (tight and _PLACE.search(word))


def _may_be_said_together(words: tuple[str, ...]) -> bool:
    if names_metric(words[-1], sure=True):
        return len(words) <= 2 or all(_qualifies(word) for word in words[:-1])
    return all(_qualifies(word) or names_metric(word) for word in words)


def _measures_together(words: tuple[str, ...], joint: str) -> bool:
    return measures(words) or bool(joint and words[-1].lower() == "cv")  # mean CV: 0.8


def _qualifies(word: str) -> bool:
    return word.lower() in _QUALIFYING
