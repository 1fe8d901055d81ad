"""Rolling back: what is live, what would be, and what that changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Label

from pilothouse.tui.dialogs.base import Dialog
from pilothouse.tui.text import line, safe, since, span
from pilothouse.tui.widgets.line_input import LineInput
from pilothouse.tui.widgets.panel import Words

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.models import Models


@dataclass(frozen=True, slots=True)
class RollbackOrder:
    """From which version to which, and why."""

    model: str
    to: int
    reason: str


class RollbackDialog(Dialog[RollbackOrder]):
    """Says the effect, asks for a reason, then does it at once."""

    def __init__(self, models: Models, to: int, now: datetime, served: str) -> None:
        super().__init__("Roll back", f"Roll back to v{to}")
        self._models, self._to, self._now, self._served = models, to, now, served

    def body(self) -> Iterable[Widget]:
        """What is, what will be, why."""
        models, to = self._models, self._to
        live, target = models.version(models.live), models.version(to)
        period = next((one for one in models.periods if one.until is None), None)
        before = next((one for one in models.periods if one.version == to and one.until is not None), None)
        lasted = span(since(period.since, self._now)) if period is not None else "some time"
        was = (
            f" was live before, for {span(since(before.since, before.until))}."
            if before is not None and before.until is not None
            else " was live before."
        )
        words = Words(id="dialog-words")
        words.show(
            line(
                (f"v{models.live}", "bold"),
                f" ({safe(live.recipe if live else '')}) has been live for {lasted}.",
                "\n",
                (f"v{to}", "bold"),
                f" ({safe(target.recipe if target else '')}){was}",
                "\n\n",
                ("From now on   ", "$dim"),
                (f"v{to}", "bold"),
                " answers every request. ",
                safe(self._served),
                "\n",
                ("Unchanged     ", "$dim"),
                f"v{models.live} stays in the registry and can be promoted again.",
                "\n",
                ("Gates         ", "$dim"),
                "none: this is the way out of trouble.",
                "\n",
            )
        )
        return (
            words,
            Horizontal(
                Label("reason", classes="label"),
                LineInput(placeholder="why, for the history", id="reason"),
                classes="field",
            ),
        )

    def answer(self) -> RollbackOrder:
        """The order."""
        return RollbackOrder(self._models.model, self._to, self.query_one("#reason", Input).value.strip())
