"""Promoting a version: what its gates say, with their numbers, before anything happens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Label
from textual.worker import get_current_worker

from pilothouse.tui.dialogs.base import Dialog
from pilothouse.tui.text import line, number, safe
from pilothouse.tui.widgets.line_input import LineInput
from pilothouse.tui.widgets.panel import Words

if TYPE_CHECKING:
    from pilothouse.registry.versions import ModelVersion
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PromoteOrder:
    """Which version, why, and whether past gates that failed."""

    model: str
    version: int
    reason: str
    force: bool


def gate_lines(gates: list[dict[str, Any]], *, old: bool = False, across: int = 0) -> Content:
    """One line a gate: passed or not, the rule, the numbers, why; those of an earlier judging dim.

    Rules that are longer than `across` cells go on under themselves.
    """
    rows = []
    for gate in gates:
        passed = bool(gate.get("passed"))
        sign, style = ("●", "$success") if passed else ("■", "$error")
        rule = safe(gate.get("rule", gate.get("gate", "")), 80)
        first, *more = wrap(rule, max(16, across - 12)) if across and rule else [rule]
        rows.append(
            line(
                (f"{sign} {'passed' if passed else 'failed'}  ", "$dim" if old else style),
                (first, "$dim" if old else ""),
            )
        )
        rows += [line((f"{'':10}{part}", "$dim" if old else "")) for part in more]
        why = str(gate.get("why", "")).replace("->", "→")
        value = "" if any(c.isdigit() for c in why) else f"{number(gate.get('value'))}  "
        rows.append(line((f"          {value}{safe(why, 120)}", "$dim")))
    return Content("\n").join(rows)


class PromoteDialog(Dialog[PromoteOrder]):
    """Scores the version and the champion on the same rows, then lets the person decide."""

    @dataclass
    class Judged(Message):
        """The verdicts arrived, or could not be had."""

        gates: list[dict[str, Any]] | None
        error: Exception | None = None
        beware: str = ""

    def __init__(
        self,
        workspace: Workspace,
        version: ModelVersion,
        live: ModelVersion | None,
        kept: list[dict[str, Any]],
    ) -> None:
        super().__init__(f"Promote v{version.version}", f"Promote v{version.version}")
        self._workspace, self._version, self._live, self._kept = workspace, version, live, kept
        self._failed = 0

    def body(self) -> Iterable[Widget]:
        """What would change, the gates, a reason."""
        words = Words(id="dialog-words")
        before = "nothing was live; this is the first version"
        if self._live is not None:
            before = f"v{self._live.version} ({safe(self._live.recipe)}), kept: ^l goes back to it"
        words.show(
            line(
                ("From now on  ", "$dim"),
                (f"v{self._version.version}", "bold"),
                f" ({safe(self._version.recipe)}) answers every request.",
                "\n",
                ("Until now    ", "$dim"),
                before,
                ".",
                "\n",
            )
        )
        state, gates = Words(id="gate-state"), Words(id="gate-lines")
        until = "   until then, as judged before:" if self._kept else ""
        state.show(line(("Gates  ", "bold"), ("scoring both on the same rows …", "$accent"), (until, "$dim")))
        if self._kept:
            gates.show(gate_lines(self._kept, old=True))
        return (
            words,
            state,
            gates,
            Words(hides=True, id="beware"),
            Horizontal(
                Label("reason", classes="label"),
                LineInput(placeholder="why, for the history", id="reason"),
                classes="field reason",
            ),
        )

    def on_mount(self) -> None:
        """Judge in a process of its own."""
        self.allow(False)
        workspace, version = self._workspace, self._version

        def work() -> None:
            from pilothouse.registry.suspects import leak_suspects, warning
            from pilothouse.tui.commands import run_gate_check

            worker = get_current_worker()
            try:
                beware = warning(leak_suspects(version))
                gates = run_gate_check(workspace, version.model, version.version)
                message = self.Judged(gates, beware=beware)
            except Exception as error:  # noqa: BLE001 - told in the dialog
                message = self.Judged(None, error)
            if not worker.is_cancelled:
                self.post_message(message)

        self.run_worker(work, thread=True, group="gates", exit_on_error=False)

    def on_promote_dialog_judged(self, message: Judged) -> None:
        """Show the verdicts and let the person go on."""
        state = self.query_one("#gate-state", Words)
        if message.gates is None:
            state.show(
                line(("Gates  ", "bold"), (f"■ could not be judged: {safe(message.error, 300)}", "$error"))
            )
            return
        gates = message.gates
        self._failed = sum(not gate.get("passed") for gate in gates)
        if not gates:
            state.show(line(("Gates  ", "bold"), ("▲ none are configured for this model", "$warning")))
        elif self._failed:
            state.show(line(("Gates  ", "bold"), (f"■ {self._failed} of {len(gates)} failed", "$error")))
        else:
            state.show(line(("Gates  ", "bold"), (f"● {len(gates)} of {len(gates)} passed", "$success")))
        self.query_one("#gate-lines", Words).show(gate_lines(gates))
        if message.beware:
            beware = line(("▲ ", "$warning"), safe(message.beware, 500))
            self.query_one("#beware", Words).show(beware)
        number = self._version.version
        self.allow(True, f"Promote v{number} past its gates" if self._failed else f"Promote v{number}")
        button = self.query_one("#do", Button)
        button.refresh(layout=True)

    def answer(self) -> PromoteOrder | None:
        """The order; past a gate only with a reason."""
        reason = self.query_one("#reason", Input).value.strip()
        if self._failed and not reason:
            self.refuse(line("A gate failed: say why it goes live all the same."))
            self.query_one("#reason").focus()
            return None
        return PromoteOrder(self._version.model, self._version.version, reason, bool(self._failed))
