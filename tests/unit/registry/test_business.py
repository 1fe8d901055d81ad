"""Business metrics as scores of a version: kept, gated, and what is wrong with one is said by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import making_models as making
from pilothouse.cli.main import cli
from pilothouse.config import BusinessMetric, GateRule, ModelConfig, parse_config
from pilothouse.errors import ConfigError
from pilothouse.registry.deployments import check_gates
from pilothouse.registry.evaluation import evaluate
from pilothouse.registry.gates import run_gates
from pilothouse.registry.versions import ModelVersion
from pilothouse.store import Store
from pilothouse.tracking.directions import declare, lower_is_better
from pilothouse.workspace import Workspace

COST = "5 * sum((prediction = 1 AND late = 0)::INT) + sum((prediction = 0 AND late = 1)::INT)"
Place = tuple[Workspace, Store, ModelVersion, Path]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    workspace, store = making.workspace(tmp_path / "w")
    version = making.register(workspace, store)
    return workspace, store, version, workspace.run_dir("r1") / "artifacts" / "holdout.parquet"


def with_business(config: ModelConfig, **metrics: str) -> ModelConfig:
    return replace(config, business={name: BusinessMetric(sql, True) for name, sql in metrics.items()})


def test_a_version_is_scored_by_it_and_anew_when_the_expression_changes(place: Place) -> None:
    workspace, store, version, holdout = place
    plain = workspace.config().model()
    config = with_business(plain, cost=COST, share="avg(probability)")
    found = evaluate(store, version, holdout, config)
    assert found["cost"] > 0 and 0.3 < found["share"] < 0.7 and found["roc_auc"] > 0.8
    assert evaluate(store, version, holdout, config) == found
    other = evaluate(store, version, holdout, with_business(plain, cost="count(*)"))
    assert other["cost"] == 300 and "cost" not in evaluate(store, version, holdout, plain)


def test_one_that_is_wrong_leaves_the_others_and_names_itself_and_the_column(place: Place) -> None:
    workspace, store, version, holdout = place
    troubles: dict[str, str] = {}
    config = with_business(workspace.config().model(), good="count(*)", bad='sum("nope [/x]")')
    found = evaluate(store, version, holdout, config, ["bad"], troubles)
    assert found["good"] == 300 and "bad" not in found and found["roc_auc"] > 0.8
    assert "'bad'" in troubles["bad"] and "nope [/x]" in troubles["bad"]


def test_a_gate_may_be_a_business_metric(place: Place) -> None:
    workspace, store, _, _ = place
    text = workspace.config_path.read_text()
    cost = f'[business]\ncost = {{ sql = "{COST}", lower_is_better = true }}\n'
    for metrics, gate, passed, why in (
        (cost, "cost = { max = 1000 }", True, "<="),
        (cost, "cost = { max = 1 }", False, ">"),
        ('[business]\ncost = { sql = "sum(nope)" }\n', "cost = { max = 1000 }", False, "nope"),
    ):
        workspace.config_path.write_text(f"{text}{metrics}[gates]\n{gate}\nroc_auc = {{ min = 0.5 }}\n")
        by_name = {one.gate: one for one in check_gates(workspace, store, "1", model="late")}
        assert by_name["cost"].passed == passed and why in by_name["cost"].why
        assert by_name["roc_auc"].passed


def test_which_way_is_better_is_what_the_configuration_says() -> None:
    rule = {"profit": GateRule(min_gain=1.0), "loss_of_face": GateRule(min_gain=1.0)}
    config = ModelConfig("late", "y", gates=rule, business={
        "profit": BusinessMetric("1"), "loss_of_face": BusinessMetric("1", lower_is_better=False),
    })  # fmt: skip
    ours, theirs = {"profit": 5.0, "loss_of_face": 5.0}, {"profit": 3.0, "loss_of_face": 3.0}
    assert all(one.passed for one in run_gates(config, ours, theirs))
    lower = replace(config, business={name: BusinessMetric("1", True) for name in rule})
    assert not any(one.passed for one in run_gates(lower, ours, theirs))


@pytest.mark.parametrize("name", ["roc_auc", "prediction", "a b", "[/x]", "1st", "drifted"])
def test_names_that_mean_something_else_are_refused_with_their_line(name: str) -> None:
    text = f'[model]\nname = "m"\ntarget = "y"\n[business]\n"{name}" = {{ sql = "1" }}\n'
    with pytest.raises(ConfigError, match=r"line [45]: business\..*cannot be the name"):
        parse_config(text)


def test_alerts_have_a_condition_and_one_of_three_severities() -> None:
    text = '[model]\nname = "m"\ntarget = "y"\n[alerts]\na = { when = "1 > 0", severity = "loud" }\n'
    with pytest.raises(ConfigError, match=r"line 5: alerts.a.severity must be 'info' or"):
        parse_config(text)
    assert parse_config(text.replace("loud", "info")).model().alerts["a"].severity == "info"


def test_every_command_knows_which_way_they_are_better(place: Place) -> None:
    workspace, _, _, _ = place
    text = workspace.config_path.read_text()
    try:
        workspace.config_path.write_text(
            text + '[business]\nminutes = { sql = "1", lower_is_better = true }\n'
        )
        done = CliRunner().invoke(cli, ["models", "--workspace", str(workspace.root), "--json"])
        assert done.exit_code == 0 and lower_is_better("minutes")
        workspace.config_path.write_text(text + "[business\n")
        CliRunner().invoke(cli, ["events", "--workspace", str(workspace.root), "--json"])
        assert not lower_is_better("minutes")
    finally:
        declare({})
