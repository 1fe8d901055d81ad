from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from making_data import write_parquet
from pilothouse.data.versions import snapshot
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.monitoring.accepting import accept_file
from pilothouse.monitoring.checks import Roles, check_file, is_sound
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.quality.adapting import adapt_rules, what_would_adapt
from pilothouse.monitoring.quality.beside import BROKEN, KEPT, beside_rules
from pilothouse.monitoring.quality.in_force import rules_in_force
from pilothouse.monitoring.quality.rules import ColumnRule, DatasetRules, FileRules, changes
from pilothouse.monitoring.quality.rules_kept import accept_rules, current_rules, rules_history
from pilothouse.monitoring.quality.rules_text import set_rule
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace

RULES = FileRules(
    (ColumnRule("x", "number", 0.05, 0.0, 10.0), ColumnRule("k", "text", categories=("a", "b")))
)


def test_versions_of_rules_and_who_accepted_them(store: Store) -> None:
    assert current_rules(store, "late") is None
    first = accept_rules(store, "late", RULES, seen=None, actor="ana", note="as agreed")
    assert first == replace(RULES, accepted=1)
    second = accept_rules(store, "late", set_rule(first, "x.max=12"), seen=1, actor="ben")
    assert current_rules(store, "late") == second
    assert current_rules(store, "other") is None
    newest, oldest = rules_history(store, "late")
    assert (newest.number, newest.actor, newest.changed) == (2, "ben", ("x.max: 10 → 12",))
    assert (oldest.note, oldest.changed) == ("as agreed", ("2 columns, the first rules.",))
    events = [event for event in list_events(store) if event.kind == "schema"]
    assert [event.actor for event in events] == ["ben", "ana"]
    assert "x.max: 10 → 12" in events[0].message


def test_two_people_at_once_and_nothing_new(store: Store) -> None:
    accept_rules(store, "late", RULES, seen=None)
    with pytest.raises(PilothouseError, match="changed meanwhile: version 1"):
        accept_rules(store, "late", set_rule(RULES, "x.max=3"), seen=None)
    with pytest.raises(PilothouseError, match="says this already"):
        accept_rules(store, "late", RULES, seen=1)
    assert len(rules_history(store, "late")) == 1


def test_what_was_changed_of_a_suggestion_is_told(store: Store) -> None:
    accept_rules(store, "late", set_rule(RULES, "x.min=-1"), seen=None, suggested=RULES)
    assert rules_history(store, "late")[0].changed[-1] == "x.min: 0 → -1"


def test_rules_are_adapted_to_a_file_just_so_far(tmp_path: Path) -> None:
    rules = replace(RULES, dataset=DatasetRules(min_rows=100, max_duplicates=0.0))
    path = write_parquet(
        tmp_path / "x.parquet",
        {"x": [-1.5, 3.0, None, 3.0], "k": ["a", "c", "c", "c"], "new": [1.5, 2.5, 3.5, 2.5]},
    )
    accepted = replace(rules, accepted=1)
    assert not is_sound(check_file(path, None, Roles(), accepted))
    wider = adapt_rules(accepted, [path], Roles())
    assert check_file(path, None, Roles(), replace(wider, accepted=2)) == []
    x, k, new = wider.columns
    assert (x.min, x.max, x.max_missing) == (-1.5, 10.0, 0.25)
    assert k.categories == ("a", "b", "c")
    assert (new.name, new.optional) == ("new", True)
    assert "column 'new' is new; a file may lack it" in changes(accepted, wider)
    # A file that landed before has not got the new column, and is no worse for it.
    before = write_parquet(tmp_path / "before.parquet", {"x": [1.0, 2.0] * 5, "k": ["a", "b"] * 5})
    assert check_file(before, None, Roles(), replace(wider, accepted=2)) == []
    assert adapt_rules(replace(wider, accepted=2), [before], Roles()).column("new") == new
    strict = set_rule(wider, "new.optional=false")
    assert [one.rule for one in check_file(before, None, Roles(), replace(strict, accepted=2))] == ["column"]
    assert wider.dataset.min_rows == 4
    # What it keeps stays as strict as it was.
    fits = write_parquet(tmp_path / "y.parquet", {"x": [1.0, 2.0], "k": ["a", "b"]})
    assert changes(RULES, adapt_rules(replace(RULES, accepted=1), [fits], Roles())) == []


def test_a_file_is_held_by_what_was_accepted(workspace: Workspace, store: Store) -> None:
    model, data = workspace.config().model(), workspace.root / "data"
    rng = np.random.default_rng(1)

    def file(name: str, low: float) -> Path:
        columns = {
            "x": rng.uniform(low, 10, 500),
            "k": rng.choice(["a", "b"], 500),
            "y": rng.integers(0, 2, 500),
        }
        return write_parquet(data / name, columns)

    file("jan.parquet", 0)
    snapshot(workspace, store, model)
    odd = file("feb.parquet", -40)
    verdict = judge_file(workspace, store, model, odd)
    assert (verdict.status, verdict.schema_number) == ("ok", None)
    assert [finding.rule for finding in verdict.findings] == ["range"]
    suggested = rules_in_force(workspace, store, model)
    assert suggested.suggested_from.startswith("dataset ")
    accept_rules(store, "late", suggested.rules, seen=None)
    verdict = judge_file(workspace, store, model, odd)
    assert (verdict.status, verdict.schema_number, verdict.report) == ("held", 1, None)
    assert "pilothouse check feb.parquet --accept" in verdict.findings[0].next
    found = rules_in_force(workspace, store, model)
    assert found.suggested_from == ""
    lines = {line.column: line for line in beside_rules(found, odd, model).lines}
    assert (lines["x"].sign, lines["k"].sign) == (BROKEN, KEPT)
    assert "outside" in lines["x"].found
    assert lines["x"].had == lines["x"].had.strip() != ""
    (said,) = what_would_adapt(workspace, store, model, "feb.parquet")
    assert said.startswith("x.min: ")
    accept_rules(store, "late", adapt_rules(found.rules, [odd], Roles("y")), seen=1)
    assert what_would_adapt(workspace, store, model, "feb.parquet") == ()
    assert what_would_adapt(workspace, store, model, "gone.parquet") == ()
    verdict = judge_file(workspace, store, model, odd)
    assert (verdict.status, verdict.schema_number, verdict.findings) == ("ok", 2, ())
    # A column that the schema dropped is not compared any more.
    gone = FileRules(tuple(rule for rule in found.rules.columns if rule.name != "k"))
    accept_rules(store, "late", gone, seen=2)
    verdict = judge_file(workspace, store, model, file("mar.parquet", 0))
    assert verdict.report is not None
    assert "k" not in {column.column for column in verdict.report.columns}


def test_a_held_file_that_no_training_could_read_is_not_taken_in(workspace: Workspace, store: Store) -> None:
    model, data = workspace.config().model(), workspace.root / "data"
    write_parquet(data / "jan.parquet", {"x": [1.5, 2.5] * 50, "y": [0, 1] * 50})
    snapshot(workspace, store, model)
    for name, columns in (("text", {"x": ["n/a", "2"] * 9}), ("gone", {}), ("whole", {"x": [1, 2] * 9})):
        path = write_parquet(data / f"{name}.parquet", {**columns, "y": [0, 1] * 9})
        verdict = judge_file(workspace, store, model, path)
        assert (verdict.status, verdict.rows) == ("ok" if name == "whole" else "held", 18)
    with pytest.raises(PilothouseError, match=r"no training could read it. .*'x' is text"):
        accept_file(workspace, store, model, "text.parquet")
    # What a file lacks is missing in its rows; training can read that.
    assert accept_file(workspace, store, model, "gone.parquet").status == "accepted"
    with pytest.raises(NotFoundError):
        accept_file(workspace, store, model, "whole.parquet")
    assert len(snapshot(workspace, store, model).files) == 3
