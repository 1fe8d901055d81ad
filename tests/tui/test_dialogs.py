"""Every dialog with a field: what is typed arrives, enter does it with the text, escape does nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from piloting import settle
from textual.content import Content
from textual.widgets import Input

from pilothouse.monitoring.quality.rules import ColumnRule, FileRules
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.dialogs import filters, moving, predict, promote, restoring, rollback, rule, sweep, train
from pilothouse.tui.dialogs.base import Ask, Confirm, Dialog
from pilothouse.tui.dialogs.note import NoteDialog
from pilothouse.tui.snapshots.models import models
from pilothouse.tui.snapshots.serving import Trial
from pilothouse.tui.snapshots.sweeps import SweepWish
from pilothouse.tui.snapshots.training import offers
from pilothouse.tui.widgets.note_field import NoteField
from pilothouse.workspace import Workspace

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WORDS = Content("What it does.")
TYPED = "hjkl a=1"
"""Letters that are keys of a dialog, and a space."""


def _sweep(ws: Workspace) -> Dialog[Any]:
    return sweep.SweepDialog(
        offers(ws, "late"), lambda wish: "some trials", SweepWish("logistic", "", "grid")
    )


def _train(ws: Workspace) -> Dialog[Any]:
    offer = offers(ws, "late")
    return train.TrainDialog(
        type(offer)(offer.recipes, offer.recipe, {}, "data", lambda recipe, params: None)
    )


def _promote(ws: Workspace) -> Dialog[Any]:
    known = models(ws, "late", None)
    return promote.PromoteDialog(ws, known.versions[0], known.version(known.live), [])


MAKERS: dict[str, tuple[Callable[[Workspace], Dialog[Any]], bool]] = {
    "tags, report, slice, save, labels": (lambda ws: Ask("Tags", WORDS, "Save"), True),
    "note": (lambda ws: NoteDialog("Note", ""), True),
    "accept, hold again": (lambda ws: Ask("Accept", WORDS, "Accept"), True),
    "rule": (lambda ws: rule.RuleDialog(FileRules((ColumnRule("x", "number", 0.0),), accepted=1), ""), True),
    "import": (lambda ws: moving.ImportDialog(), True),
    "backup": (lambda ws: moving.BackupDialog(ws.root, NOW), True),
    "export": (lambda ws: moving.ExportDialog(""), True),
    "rollback": (lambda ws: rollback.RollbackDialog(models(ws, "late", None), 1, NOW, ""), False),
    "promote": (_promote, False),
    "sweep": (_sweep, True),
    "train": (_train, True),
}
WITHOUT_A_FIELD = {Confirm, filters.FiltersDialog}
SENDS = {predict.PredictDialog}
ASKS_THE_DISK = {restoring.RestoreDialog}
"""Takes only what is there; tested with files."""


def _kinds(of: type) -> set[type]:
    return {kind for one in of.__subclasses__() for kind in ({one} | _kinds(one))}


@pytest.mark.parametrize("name", list(MAKERS))
async def test_what_is_typed_arrives_and_enter_does_it(name: str, steered: Workspace) -> None:
    make, at_once = MAKERS[name]
    app, answers = PilothouseApp(steered), list[Any]()
    typed = "min_rows=7" if name == "rule" else TYPED.replace("hjkl ", "") if name == "train" else TYPED
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        for leave in (False, True):
            app.push_screen(make(steered), answers.append)
            await settle(pilot, lambda: isinstance(app.screen, Dialog))
            dialog: Any = app.screen
            assert isinstance(app.focused, Input | NoteField)
            await pilot.press(*("space" if letter == " " else letter for letter in typed))
            assert typed == (app.focused.value if isinstance(app.focused, Input) else app.focused.note)
            if leave:
                await pilot.press("escape")
            else:
                await pilot.press("enter")
                if not at_once:
                    # The button may wait for what is still computed; it has the focus as soon as it can.
                    await settle(
                        pilot,
                        lambda dialog=dialog: app.focused is dialog.query_one("#do") and not answers,
                        timeout=60,
                    )
                    await pilot.press("enter")
            await settle(pilot, lambda leave=leave: len(answers) == 1 + leave)
    assert answers[1] is None
    assert typed in str(answers[0]) or "'a': 1" in str(answers[0])


async def test_a_prediction_is_sent_by_enter_in_a_field(steered: Workspace) -> None:
    app = PilothouseApp(steered)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        trial = Trial((("distance", "double", True), ("carrier", "string", True)), {"distance": 3})
        app.push_screen(predict.PredictDialog(steered, "late", trial))
        await settle(pilot, lambda: isinstance(app.focused, Input))
        assert isinstance(app.focused, Input)
        await pilot.press(*"42")
        assert app.focused.value == "42"
        await pilot.press("enter")
        # Nobody serves here: what it says of that is the proof that it was sent.
        await settle(pilot, lambda: "■" in str(app.screen.query_one("#dialog-error").render()))


def test_a_backup_says_what_may_not_be_whole_in_it() -> None:
    report = {"path": "/tmp/[b].tar", "files": 2000, "bytes": 1e6, "changed": []}
    assert "meanwhile" not in moving.backed_up(report)
    said = moving.backed_up({**report, "changed": ["runs/r1/[red]", "b", "c"]})
    assert said.endswith("Rewritten meanwhile, perhaps not whole in it: runs/r1/[red] and 2 more.")


def test_no_dialog_is_left_out(steered: Workspace) -> None:
    asked = {kind for make, _ in MAKERS.values() for kind in type(make(steered)).__mro__}
    here = {kind for kind in _kinds(Dialog) if kind.__module__.startswith("pilothouse.")}
    assert here - asked - WITHOUT_A_FIELD - SENDS - ASKS_THE_DISK == set()
