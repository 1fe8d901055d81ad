"""Gates: the rules a candidate must pass before it may go live. No evidence is never a pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pilothouse.config import GateRule, ModelConfig
from pilothouse.tracking.directions import lower_is_better

_FIRST = "no champion yet"
_NO_SKILL = {"roc_auc": (0.5, "chance"), "r2": (0.0, "always saying the mean")}
"""What a metric comes to without any skill, and who comes to that."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """The verdict of one rule, with the numbers it came from.

    `value` is the candidate's, `baseline` the champion's on the same rows, `limit` the number in the rule;
    the first two are None where there is no evidence.
    """

    gate: str
    rule: str
    value: float | None
    baseline: float | None
    limit: float
    passed: bool
    why: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as it goes into the store and into `--json`."""
        return asdict(self)


def run_gates(
    model_cfg: ModelConfig,
    candidate_metrics: Mapping[str, float],
    champion_metrics: Mapping[str, float] | None,
    *,
    rows: bool = True,
) -> list[GateResult]:
    """Judge a candidate by every rule of `[gates]`.

    Args:
        model_cfg: the model with its rules.
        candidate_metrics: the candidate's metrics on the holdout.
        champion_metrics: the champion's on the same rows; None if nothing is live, and then comparisons pass.
        rows: whether there are rows to measure the candidate on; without them the first version needs no
            evidence for a comparison that there is nothing to make with.
    """
    results = []
    for metric, rule in model_cfg.gates.items():
        value = _number(candidate_metrics.get(metric))
        baseline = None if champion_metrics is None else _number(champion_metrics.get(metric))
        for kind, limit in _limits(rule):
            business = model_cfg.business.get(metric)
            lower = business.lower_is_better if business else lower_is_better(metric)
            if champion_metrics is None and not rows and kind not in ("min", "max"):
                passed, why = True, _FIRST
            else:
                passed, why = _judge(kind, metric, limit, value, baseline, champion_metrics is None, lower)
            results.append(
                GateResult(metric, _text(kind, metric, limit), value, baseline, limit, passed, why)
            )
    return results


def _limits(rule: GateRule) -> list[tuple[str, float]]:
    kinds = ("min", "max", "max_drop", "max_rise", "min_gain")
    return [(kind, float(limit)) for kind in kinds if (limit := getattr(rule, kind)) is not None]


def _judge(
    kind: str,
    metric: str,
    limit: float,
    value: float | None,
    baseline: float | None,
    first: bool,
    lower: bool,
) -> tuple[bool, str]:
    if value is None:
        return False, f"no evidence: {metric} was not measured"
    if kind == "min":
        return value >= limit, f"{show(value)} {'>=' if value >= limit else '<'} {show(limit)}"
    if kind == "max":
        return value <= limit, f"{show(value)} {'<=' if value <= limit else '>'} {show(limit)}"
    if first:
        least, who = _NO_SKILL.get(metric, (-math.inf, ""))
        return True, _FIRST if value > least else f"{_FIRST}; but {show(value)} is no better than {who}"
    if baseline is None:
        return False, f"no evidence: the champion's {metric} was not measured on the same rows"
    # Rounding noise in the last digits decides nothing.
    slack = 1e-9 * max(1.0, abs(value), abs(baseline))
    if kind == "min_gain":
        gain = baseline - value if lower else value - baseline
        return gain >= limit - slack, f"gained {show(gain)} ({show(baseline)} -> {show(value)})"
    moved = baseline - value if kind == "max_drop" else value - baseline
    word = "fell" if (moved >= 0) == (kind == "max_drop") else "rose"
    return moved <= limit + slack, f"{word} by {show(abs(moved))} ({show(baseline)} -> {show(value)})"


def _text(kind: str, metric: str, limit: float) -> str:
    number = show(limit)
    return {
        "min": f"{metric} at least {number}",
        "max": f"{metric} at most {number}",
        "max_drop": f"{metric} falls by at most {number} against the champion",
        "max_rise": f"{metric} rises by at most {number} against the champion",
        "min_gain": f"{metric} better than the champion's by at least {number}",
    }[kind]


def show(number: float) -> str:
    """Write a number with four significant digits, and no more than it has."""
    return f"{number:.4g}"


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
