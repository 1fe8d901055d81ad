"""What a person wrote into pilothouse.toml is looked at before it is needed, and told with its column."""

from __future__ import annotations

from pilothouse.autopilot.doctor import examine
from pilothouse.autopilot.rules_sound import unsound_rules
from pilothouse.store import open_store
from pilothouse.workspace import Workspace

GOOD = """
[business]
cost = { sql = "sum(5 * (prediction = 1 AND y = 0)::INT) / count(*)", lower_is_better = true }
sure = { sql = "avg(probability) FILTER (c = 'AA')" }
[alerts]
weak = { when = "roc_auc < 0.1 OR cost > 3 AND NOT drifted" }
"""
BAD = """
[business]
cost = { sql = "sum(nope)", lower_is_better = true }
torn = { sql = "sum(" }
[alerts]
dear = { when = "kost > 1" }
[gates]
auroc = { min = 0.5 }
"""


def wrong(workspace: Workspace, more: str) -> list[str]:
    path = workspace.config_path
    before = path.read_text()
    path.write_text(before + more)
    try:
        (found,) = [one for one in examine(workspace) if one.what == "rules"]
        sentences = unsound_rules(workspace, open_store(workspace), workspace.config().model())
        assert found.sound == (not sentences) and all(text in found.detail for text in sentences)
        return sentences
    finally:
        path.write_text(before)


def test_what_cannot_be_computed_is_told_with_its_expression_and_column(trained: Workspace) -> None:
    assert wrong(trained, GOOD) == []
    cost, torn, dear, auroc = wrong(trained, BAD)
    assert "business metric 'cost'" in cost and '"nope"' in cost and "sum(nope)" in cost
    assert "business metric 'torn'" in torn
    assert "alert 'dear'" in dear and '"kost"' in dear and "kost > 1" in dear
    assert "gate 'auroc'" in auroc and "roc_auc" in auroc


def test_before_there_is_data_to_compare_with_only_the_grammar_counts(fresh: Workspace) -> None:
    told = wrong(fresh, BAD)
    assert not any("'cost'" in text for text in told) and any("'torn'" in text for text in told)
