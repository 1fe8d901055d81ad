"""Files that are held: what a look at them says, and what a person decided of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from judged import judge, learned_from, numbers_and_letters
from making_data import write_parquet, write_text
from pilothouse.cli.main import main
from pilothouse.errors import PilothouseError
from pilothouse.monitoring.accepting import accept_file
from pilothouse.monitoring.judging import roles_of, rules_suggested
from pilothouse.monitoring.quality.adapting import adapt_rules
from pilothouse.monitoring.quality.rules import FileRules
from pilothouse.monitoring.quality.rules_kept import accept_rules
from pilothouse.monitoring.reference import find_reference
from pilothouse.monitoring.verdicts import hold_arrival, list_drift_reports
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.fixture
def folder(workspace: Workspace, store: Store, rng: np.random.Generator) -> Path:
    return learned_from(workspace, store, rng)


def _suggested(workspace: Workspace, store: Store) -> FileRules:
    model = workspace.config().model()
    reference = find_reference(workspace, store, model)
    assert reference is not None
    return rules_suggested(store, model, reference)


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    return code, *capsys.readouterr()


def test_a_held_file_says_how_its_columns_moved_and_no_question_is_asked(
    workspace: Workspace,
    store: Store,
    folder: Path,
    rng: np.random.Generator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(workspace.root)
    for command in (["schema", "accept", "--yes"], ["schema", "set", "x0.max=400"]):
        assert _run(capsys, *command)[0] == 0
    rows = numbers_and_letters(rng, 500)
    rows["x0"] = rows["x0"] * 100
    rows["x0"][7] = 500.0
    judge(workspace, store, write_parquet(folder / "mar.parquet", numbers_and_letters(rng, 500)))
    verdict = judge(workspace, store, write_parquet(folder / "feb.parquet", rows))
    first, last = verdict.findings[0], verdict.findings[-1]
    assert (verdict.status, verdict.report, first.rule) == ("held", None, "range")
    assert "of 500 values; the whole column moved" in first.message
    assert (last.rule, last.severity) == ("drift", "note")
    assert last.message.startswith("A look at its drift: 1 of 4 columns moved: x0 ")
    # The next file is the second question, as if nothing had been looked at.
    assert [one.subject for one in list_drift_reports(store, "late")] == ["mar.parquet"]
    april = judge(workspace, store, write_parquet(folder / "apr.parquet", numbers_and_letters(rng, 400)))
    assert april.report and april.report.question == 2
    events = len(list_events(store))
    code, out, said = _run(capsys, "drift", "feb.parquet")
    assert (code, out.splitlines()[0][:36]) == (1, "■ held; a look: ▲ some moved: feb.pa")
    assert "feb.parquet is held back: 'x0' is " in said
    assert "is compared with this reference" not in said
    _, out, _ = _run(capsys, "drift", "feb.parquet", "--json")
    told = json.loads(out)
    assert (told["status"], [one["column"] for one in told["columns"] if one["drifted"]]) == ("held", ["x0"])
    code, out, _ = _run(capsys, "drift", "feb.parquet", "--column", "x0")
    assert (code, "feb.parquet" in out) == (0, True)
    page = workspace.root / "feb.html"
    assert _run(capsys, "drift", "feb.parquet", "--save", str(page))[0] == 0
    assert "■ Held back" in page.read_text() and "A look at its drift: ▲ some moved" in page.read_text()
    page.unlink()
    assert _run(capsys, "drift", "feb.parquet", "--html", str(page))[0] == 1
    assert "■ Held back" in page.read_text() and "What the checks found" in page.read_text()
    _, out, said = _run(capsys, "drift")
    assert "feb.parquet" not in out
    assert "1 file is held (feb.parquet) and left out." in said
    assert len(list_events(store)) == events


def test_a_column_that_is_gone_is_not_told_as_one_that_did_not_move(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator
) -> None:
    rows = numbers_and_letters(rng, 500)
    rows.pop("x0")
    verdict = judge(workspace, store, write_parquet(folder / "feb.parquet", rows))
    assert verdict.status == "held"
    assert verdict.findings[-1].message == "A look at its drift: 0 of 3 columns moved (of those that it has)."
    verdict = judge(workspace, store, write_parquet(folder / "mar.parquet", {"other": [1.0, 2.0]}))
    assert verdict.status == "held"
    assert not [one for one in verdict.findings if one.rule == "drift"]


def test_a_held_file_that_cannot_be_read_is_not_looked_at(
    workspace: Workspace, store: Store, folder: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(workspace.root)
    write_text(folder / "head.csv", "x0,x1,x2,k,y\n")
    write_text(folder / "torn.csv", "x0,x1,x2,k,y\n1,2,3,a\n")
    write_text(
        folder / "words.csv",
        "x0,x1,x2,k,y\n" + "a,b,c,a,0\na,b,c,b,1\na,b,c,c,1\n" * 30,
    )
    for name in ("head.csv", "torn.csv", "words.csv"):
        verdict = judge(workspace, store, folder / name)
        assert (verdict.status, verdict.findings[0].bars) == ("held", True)
        assert (verdict.look is None) == (name != "words.csv")
        assert all("--accept" not in one.next for one in verdict.findings)
        with pytest.raises(PilothouseError, match="cannot be taken in"):
            accept_file(workspace, store, workspace.config().model(), name)
    code, out, said = _run(capsys, "drift", "words.csv")
    assert (code, "■ held; a look: ■ drifted" in out) == (1, True)
    assert "3 of 4 columns moved, 75%, among them 3 that cannot be read any more;" in out
    code, out, said = _run(capsys, "drift", "torn.csv")
    assert (code, out, "is held back" in said) == (1, "", True)


def test_who_held_a_file_again_and_why_stays_its_reason(
    workspace: Workspace,
    store: Store,
    folder: Path,
    rng: np.random.Generator,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = workspace.config().model()
    moved = numbers_and_letters(rng, 500, 1.0)
    bad = write_parquet(folder / "feb.parquet", {name: moved[name] for name in ("x0", "x1", "k", "y")})
    judge(workspace, store, bad)
    accept_file(workspace, store, model, "feb.parquet")
    held = hold_arrival(store, "late", "feb.parquet", reason="it was ['odd']", actor="ana")
    assert held.status == "held"
    first = held.findings[0]
    assert (first.rule, first.severity) == ("held-again", "error")
    assert first.message.startswith("ana held it again on ") and first.message.endswith(": it was ['odd']")
    assert any("While it was taken in: 3 of 4 columns moved" in one.message for one in held.findings)
    harm = {
        "model": "late",
        "name": "feb.parquet",
        "sha256": held.sha256,
        "version": 1,
        "verdict": "no harm shown",
    }
    with store.transaction() as tx:
        tx.insert("harms", [harm])
    code, out, said = _run(capsys, "harm", "--workspace", str(workspace.root))
    assert (code, out, "1 file is held (feb.parquet) and left out." in said) == (0, "", True)
    # Whatever the checks say later, it stays held, and so does the reason.
    events = len(list_events(store))
    rules = adapt_rules(_suggested(workspace, store), [bad], roles_of(model))
    accept_rules(store, "late", rules, seen=None)
    for _ in range(2):
        again = judge(workspace, store, bad)
        assert (again.status, again.report, again.findings[0]) == ("held", None, first)
        assert again.look is not None
    assert len(list_events(store)) == events + 2  # the schema's, and that only a person holds it now
    taken = accept_file(workspace, store, model, "feb.parquet")
    assert all(one.rule != "held-again" for one in taken.findings)
    assert judge(workspace, store, bad).status == "accepted"


def test_a_new_schema_leaves_no_event_where_the_verdict_is_the_same(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator
) -> None:
    rules = _suggested(workspace, store)
    paths = [write_parquet(folder / f"{n}.parquet", numbers_and_letters(rng, 300 + n)) for n in range(3)]

    def judged(changed: FileRules, seen: int | None) -> list[str]:
        accept_rules(store, "late", changed, seen=seen)
        before = len(list_events(store))
        for path in paths:
            judge(workspace, store, path)
        return [event.message for event in list_events(store)[: len(list_events(store)) - before]]

    assert len(judged(rules, None)) == 3
    asked = replace(rules, dataset=replace(rules.dataset, max_rows=5000))
    assert judged(asked, 1) == []
    asked = replace(rules, dataset=replace(rules.dataset, max_rows=300))
    told = [one.partition(":")[0] for one in judged(asked, 2)]
    assert told == ["2.parquet is held back", "1.parquet is held back"]
    asked = replace(rules, dataset=replace(rules.dataset, max_rows=200))
    assert [one[:22] for one in judged(asked, 3)] == ["0.parquet is held back"]
    assert judged(rules, 4) == [
        f"{n}.parquet is no longer held: it keeps version 5 of the schema." for n in (2, 1, 0)
    ]
