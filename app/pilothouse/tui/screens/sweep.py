"""One sweep: the whole's progress, the best so far, its trials, and what parameters do to the score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.run_acts import RunActs
from pilothouse.tui.screens.sweep_rows import (
    by_what,
    scatter,
    score_series,
    searched,
    sweep_words,
    trial_columns,
    trial_rows,
)
from pilothouse.tui.text import line, safe
from pilothouse.tui.widgets.line_chart import LineChart
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run
    from pilothouse.training.sweeps.results import Sweep

_OF_A_RECIPE = (
    ", on all training rows.\n",
    "It is judged on the holdout, which no trial has seen, and makes a version.",
)

NOT_BEGUN = "No trial has begun yet: libraries and data are being loaded."


class SweepScreen(RunActs):
    """Opened with enter or ``d`` on a sweep; left with esc."""

    CONTEXT: ClassVar[str] = "sweep"
    AREA: ClassVar[str] = "runs"
    CSS_PATH = "sweep.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("sweep")]

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id
        self.sweep: Sweep | None = None
        self.parameter = ""  # on the chart; empty: score by trial

    def body(self) -> Iterable[Widget]:
        """The words and the chart beside or over the table."""
        yield Horizontal(
            Panel(
                "Trials",
                Table(empty=NOT_BEGUN, id="trials"),
                id="trials-panel",
            ),
            Vertical(
                Panel("Sweep", Words(id="sweep-words"), id="sweep-panel"),
                Panel("Score", LineChart(id="scores"), Words(hides=True, id="scatter"), id="score-panel"),
                id="sweep-side",
            ),
            id="sweep-body",
        )

    def on_mount(self) -> None:
        """Start on the trials."""
        self.query_one("#trials").focus()

    def current(self) -> Run | None:
        """The trial under the cursor."""
        row = self.query_one("#trials", Table).row
        return row.item.run if row is not None else None  # type: ignore[attr-defined]

    # ------------------------------------------------------------ reading

    def job(self) -> Callable[[], object] | None:
        """The sweep as it stands; nothing more once it has ended."""
        from pilothouse.tui.snapshots.sweeps import sweep_now

        if self.sweep is not None and self.sweep.run.ended and not self._again:
            return None
        workspace, run_id = self.workspace, self.run_id
        return lambda: sweep_now(workspace, run_id)

    def poll(self, *, now: bool = False) -> None:
        """What has ended is read once more after a change."""
        self._again = self._again or now
        super().poll(now=now)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw it."""
        self.sweep = snapshot  # type: ignore[assignment]
        sweep = self.sweep
        if sweep is None:
            return
        self.query_one("#sweep-panel", Panel).retitle(
            f"Sweep {safe(sweep.run.name, 40)}", sweep.plan.strategy
        )
        rows = trial_rows(sweep)
        self.query_one("#trials-panel", Panel).retitle("Trials", f"{len(rows):,}   the best first")
        table = self.query_one("#trials", Table)
        table.say_empty("No trial has begun." if sweep.run.ended else NOT_BEGUN)
        table.set_columns(trial_columns(sweep))
        table.set_rows(list(rows))
        self._words()
        self._draw()

    def on_resize(self) -> None:
        """What is drawn to the width is drawn again."""
        if self.sweep is not None:
            self.call_after_refresh(self._words)
            self.call_after_refresh(self._draw)

    def _words(self) -> None:
        if self.sweep is not None:
            words = self.query_one("#sweep-words", Words)
            cells = max(30, self.query_one("#sweep-panel").content_size.width)
            words.show(sweep_words(self.sweep, self.pilothouse.now(), cells))

    def _draw(self) -> None:
        sweep = self.sweep
        if sweep is None:
            return
        chart, drawn = self.query_one("#scores", LineChart), self.query_one("#scatter", Words)
        panel = self.query_one("#score-panel", Panel)
        chart.display = not self.parameter
        if self.parameter:
            panel.retitle(safe(f"{sweep.metric} by {self.parameter}", 60), "p next   ★ best")
            size = panel.content_size
            drawn.show(scatter(sweep, self.parameter, size.width, size.height))
            return
        drawn.show(line(""))
        by = by_what(sweep)
        panel.retitle(safe(sweep.metric or "Score", 60), f"by {by}   p next")
        waiting = "No trial has a score." if sweep.run.ended else "Waiting for the first score …"
        chart.show(score_series(sweep), by=by, empty=waiting)

    # ------------------------------------------------------------ acting

    def why_not(self, action: str) -> str:
        """What the state of the sweep forbids."""
        sweep = self.sweep
        if action in ("stop_sweep", "resume_sweep", "winner", "by_parameter") and sweep is None:
            return "the sweep has not been read yet"
        if sweep is not None:
            if action == "stop_sweep" and sweep.run.ended:
                return f"the sweep has ended already ({sweep.run.status.lower()})"
            if action == "resume_sweep" and not sweep.run.ended:
                return "the sweep is under way"
            if action == "resume_sweep" and len(sweep.outcomes) >= sweep.total:
                return "nothing is left of it: all trials have ended"
            if action == "winner" and sweep.best is None:
                return "no trial has a score yet"
        return super().why_not(action)

    def do_by_parameter(self) -> None:
        """Show the score by the next parameter, and after the last one by trial again."""
        assert self.sweep is not None
        choices = ["", *searched(self.sweep)]
        at = choices.index(self.parameter) if self.parameter in choices else 0
        self.parameter = choices[(at + 1) % len(choices)]
        self._draw()

    def do_stop_sweep(self) -> None:
        """Ask, then stop the sweep."""
        from pilothouse.tui.dialogs.base import Confirm

        assert self.sweep is not None
        words = line(
            (safe(self.sweep.run.name), "bold"),
            " ends, and the trials that are under way with it.",
            "\n\n",
            ("Kept       ", "$dim"),
            "the trials that have ended, and the best",
            "\n",
            ("Lost       ", "$dim"),
            "what is under way; R goes on with it later",
        )
        run = self.sweep.run
        self.app.push_screen(
            Confirm("Stop this sweep", words, "Stop it"), lambda yes: self._stop(run) if yes else None
        )

    def do_resume_sweep(self) -> None:
        """Go on with what is missing, in a new sweep that takes over the results."""
        workspace, run_id = self.workspace, self.run_id

        def act() -> str:
            from pilothouse.tui.snapshots.sweeps import resume

            self.run_id = resume(workspace, run_id)
            return f"Sweep {self.run_id[:6]} goes on with what is missing."

        def then() -> None:
            self.sweep = None
            self.poll(now=True)

        self.deed("Going on with the sweep", act, then)

    def do_winner(self) -> None:
        """Train the winner as an ordinary run, judged on the holdout."""
        from pilothouse.tui.dialogs.base import Confirm

        sweep = self.sweep
        if sweep is None or sweep.best is None:
            return
        params = " ".join(f"{name}={sweep.best.run.params.get(name, '–')}" for name in searched(sweep))
        words = line(
            "An ordinary run with the parameters of trial ",
            (safe(sweep.best.key), "bold"),
            *(_OF_A_RECIPE if sweep.run.recipe else (".",)),
            "\n\n",
            ("params     ", "$dim"),
            safe(params),
        )
        self.app.push_screen(
            Confirm("Train the winner", words, "Train" if sweep.run.recipe else "Run"),
            lambda yes: self._winner() if yes else None,
        )

    def _winner(self) -> None:
        workspace, run_id = self.workspace, self.run_id

        def act() -> str:
            from pilothouse.tui.snapshots.sweeps import winner

            return f"Run {winner(workspace, run_id)[:6]} started with the winner's parameters; 2 shows it."

        self.deed("Starting the winner's run", act)

    @on(Table.Opened, "#trials")
    def _opened(self) -> None:
        self.action_act("details")

    @on(Table.Moved, "#trials")
    def _moved(self) -> None:
        self.refresh_keys()
