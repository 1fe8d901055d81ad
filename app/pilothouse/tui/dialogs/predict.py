"""Trying a prediction: the fields of a real row, sent to the server, with its answer under them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Label
from textual.worker import get_current_worker

from pilothouse.serving.likeliest import likeliest
from pilothouse.tui.dialogs.base import Dialog
from pilothouse.tui.text import line, number, safe
from pilothouse.tui.widgets.line_input import LineInput
from pilothouse.tui.widgets.panel import Words

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.serving import Trial
    from pilothouse.workspace import Workspace


def shown(value: object) -> str:
    """A value as it stands in a field; nothing for a missing one."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str) else json.dumps(value, default=str)


def typed(text: str, kind: str) -> Any:
    """What was typed, as the JSON value that the field's type wants; the server says if it does not fit."""
    if not text.strip():
        return None
    if kind.lower() in ("string", "datetime", "text", "category", "time", "timestamp", "date"):
        return text
    try:
        return json.loads(text.strip())
    except ValueError:
        return text


class PredictDialog(Dialog[bool]):
    """Stays open: send as often as you like, change a field, send again."""

    ENTER_IS_ENOUGH = True  # a prediction changes nothing: enter sends

    @dataclass
    class Answered(Message):
        """The server answered, or refused."""

        answer: dict[str, Any] | None
        milliseconds: float
        error: Exception | None = None

    def __init__(self, workspace: Workspace, model: str, trial: Trial) -> None:
        super().__init__("Try a prediction", "Send")
        self._workspace, self._model, self._trial = workspace, model, trial

    def body(self) -> Iterable[Widget]:
        """One line a field."""
        words = Words(id="dialog-words")
        words.show(
            line(("A row of the holdout, as the model has never seen it. Change what you like.", "$dim"))
        )
        yield words
        for n, (name, kind, _) in enumerate(self._trial.fields):
            yield Horizontal(
                Label(safe(name, 18), classes="label", markup=False),
                LineInput(
                    shown(self._trial.values.get(name)),
                    placeholder=f"missing ({safe(kind)})",
                    id=f"field-{n}",
                ),
                classes="field",
            )

    def on_mount(self) -> None:
        """Cancel closes what never changes anything."""
        self.query_one("#cancel", Button).label = "Close"

    def _finish(self) -> None:
        record = {
            name: typed(self.query_one(f"#field-{n}", Input).value, kind)
            for n, (name, kind, _) in enumerate(self._trial.fields)
        }
        workspace, model = self._workspace, self._model
        self.refuse(line(("sending …", "$dim")))

        def work() -> None:
            from pilothouse.serving.control import predict

            worker, start = get_current_worker(), time.perf_counter()
            try:
                answer = predict(workspace, [record], model=model)
                message = self.Answered(answer, (time.perf_counter() - start) * 1000)
            except Exception as error:  # noqa: BLE001 - told in the dialog
                message = self.Answered(None, 0.0, error)
            if not worker.is_cancelled:
                self.post_message(message)

        self.run_worker(work, thread=True, group="predict", exclusive=True, exit_on_error=False)

    def on_predict_dialog_answered(self, message: Answered) -> None:
        """Show the answer under the fields."""
        if message.answer is None:
            self.refuse(line(("■ ", "$error"), (safe(message.error, 400), "$error")))
            return
        answer = message.answer
        first = answer.get("predictions", [None])
        chances = answer.get("probabilities")
        chance = (
            f"   probabilit{'ies' if isinstance(chances[0], list) else 'y'} "
            + _shares(chances[0], answer.get("classes"))
            if isinstance(chances, list) and chances
            else ""
        )
        self.refuse(
            line(
                ("● ", "$success"),
                (f"{safe(first[0] if isinstance(first, list) and first else first)}", "bold $foreground"),
                (safe(chance, 200), "$foreground"),
                (f"   v{answer.get('version')}   {message.milliseconds:.1f} ms", "$dim"),
            )
        )

    def answer(self) -> bool | None:
        """Nothing is returned."""
        return None


def _shares(chances: object, classes: list[object] | None) -> str:
    """A probability with the digits that matter; of several classes the likeliest by their names."""
    if not isinstance(chances, list):
        return number(chances) if isinstance(chances, float) else safe(chances, 40)
    return ", ".join(f"{safe(name, 30)} {number(one)}" for name, one in likeliest(chances, classes))
