from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.config import GateRule, ModelConfig
from pilothouse.registry.gates import GateResult, run_gates


def one(
    metric: str, rule: GateRule, candidate: dict[str, float], champion: dict[str, float] | None
) -> GateResult:
    (result,) = run_gates(ModelConfig("m", "y", gates={metric: rule}), candidate, champion)
    return result


@pytest.mark.parametrize(
    ("metric", "rule", "value", "baseline", "passed"),
    [
        ("roc_auc", GateRule(min=0.7), 0.7, None, True),
        ("roc_auc", GateRule(min=0.7), 0.6999, None, False),
        ("p99_ms", GateRule(max=20), 20.0, None, True),
        ("p99_ms", GateRule(max=20), 20.1, None, False),
        ("roc_auc", GateRule(max_drop=0.005), 0.745, 0.75, True),
        ("roc_auc", GateRule(max_drop=0.005), 0.7449, 0.75, False),
        ("roc_auc", GateRule(max_drop=0.005), 0.9, 0.75, True),
        ("log_loss", GateRule(max_rise=0.01), 0.51, 0.5, True),
        ("log_loss", GateRule(max_rise=0.01), 0.52, 0.5, False),
        ("roc_auc", GateRule(min_gain=0.01), 0.76, 0.75, True),
        ("roc_auc", GateRule(min_gain=0.01), 0.755, 0.75, False),
        ("rmse", GateRule(min_gain=1), 9.0, 10.0, True),
        ("rmse", GateRule(min_gain=1), 11.0, 10.0, False),
    ],
)
def test_each_rule(metric: str, rule: GateRule, value: float, baseline: float | None, passed: bool) -> None:
    champion = None if baseline is None else {metric: baseline}
    result = one(metric, rule, {metric: value}, champion)
    assert result.passed is passed, result
    assert metric in result.rule and result.why


@pytest.mark.parametrize(
    "missing", [{}, {"roc_auc": math.nan}, {"roc_auc": math.inf}, {"roc_auc": True}, {"roc_auc": "0.9"}]
)
def test_no_evidence_is_not_a_pass(missing: dict[str, float]) -> None:
    for rule in (
        GateRule(min=0.0),
        GateRule(max=9),
        GateRule(max_drop=9),
        GateRule(min_gain=-9),
        GateRule(max_rise=9),
    ):
        assert not one("roc_auc", rule, missing, {"roc_auc": 0.5}).passed
        assert "no evidence" in one("roc_auc", rule, missing, None).why
    for rule in (GateRule(max_drop=9), GateRule(max_rise=9), GateRule(min_gain=-9)):
        assert "no evidence" in one("roc_auc", rule, {"roc_auc": 0.9}, missing).why


def test_the_first_promotion_has_nothing_to_be_compared_with() -> None:
    result = one("roc_auc", GateRule(max_drop=0.0), {"roc_auc": 0.8}, None)
    assert result.passed and result.why == "no champion yet"


@pytest.mark.parametrize(
    ("metric", "value", "who"), [("roc_auc", 0.42, "chance"), ("r2", -0.1, "always saying the mean")]
)
def test_a_first_version_without_any_skill_is_told(metric: str, value: float, who: str) -> None:
    result = one(metric, GateRule(max_drop=0.005), {metric: value}, None)
    assert result.passed
    assert result.why == f"no champion yet; but {value} is no better than {who}"


def test_a_gate_of_two_rules_has_two_verdicts() -> None:
    cfg = ModelConfig("m", "y", gates={"roc_auc": GateRule(min=0.7, max_drop=0.01)})
    assert [r.passed for r in run_gates(cfg, {"roc_auc": 0.72}, {"roc_auc": 0.8})] == [True, False]


numbers = st.floats(-1e6, 1e6)


@given(numbers, numbers, st.floats(0, 1e3))
def test_an_equal_model_never_drops_rises_or_gains(value: float, _other: float, limit: float) -> None:
    assert one("a", GateRule(max_drop=limit), {"a": value}, {"a": value}).passed
    assert one("a", GateRule(max_rise=limit), {"a": value}, {"a": value}).passed
    assert one("a", GateRule(min_gain=limit + 1), {"a": value}, {"a": value}).passed is False
