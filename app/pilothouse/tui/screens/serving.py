"""Serving: the server, its traffic, and what it answered last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.deploy_acts import DeployActs
from pilothouse.tui.screens.serving_words import server_words, when
from pilothouse.tui.text import clock, line, number, safe
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.models import Models
    from pilothouse.tui.snapshots.serving import Prediction, Serving

COLUMNS = (
    Column("at", "time", width=8),
    Column("version", "version", "right", most=8),
    Column("output", "answer", most=40),
    Column("latency", "ms", "right", most=8),
    Column("features", "of", most=600, grow=True),
)
EMPTY = "No prediction has been logged yet.\nWhile the server runs,  i  sends it a real row."


class ServingScreen(DeployActs):
    """The server above, the predictions below with the one under the cursor beside them."""

    CONTEXT: ClassVar[str] = "serving"
    AREA: ClassVar[str] = "serving"
    CSS_PATH = "serving.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("serving")]

    def __init__(self) -> None:
        super().__init__()
        self._known: Serving | None = None

    def body(self) -> Iterable[Widget]:
        """The three panels."""
        yield Container(
            Panel("Server", Words(id="server-words"), id="server-panel"),
            Panel("Last predictions", Table(COLUMNS, empty=EMPTY, id="predictions"), id="predictions-panel"),
            Panel(
                "Prediction",
                VerticalScroll(Words(id="prediction-words"), can_focus=True),
                id="prediction-panel",
            ),
            id="serving-body",
        )

    def on_mount(self) -> None:
        """Start on the predictions."""
        self.query_one("#predictions").focus()

    def known_models(self) -> Models | None:
        """The last snapshot."""
        return self._known.models if self._known is not None else None

    def candidate(self) -> int | None:
        """Promoting is done elsewhere."""
        return None

    def job(self) -> Callable[[], object]:
        """What the server says."""
        from pilothouse.tui.snapshots.serving import serving

        workspace, before, app = self.workspace, self._known, self.pilothouse
        return lambda: serving(workspace, app.about.model if app.about else None, before)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw it."""
        known: Serving = snapshot  # type: ignore[assignment]
        self._known = known
        words = self.query_one("#server-words", Words)
        words.show(server_words(known, self.pilothouse.now(), words.size.width))
        aside = "now" if known.server is not None else ""
        self.query_one("#server-panel", Panel).retitle("Server", aside)
        self.query_one("#predictions", Table).set_rows([self._row(one) for one in known.predictions])
        self.query_one("#predictions-panel", Panel).retitle(
            "Last predictions", f"{len(known.predictions)} newest" if known.predictions else ""
        )

    def _row(self, one: Prediction) -> Row:
        at = when(one.at)
        features = "  ".join(f"{key}={value}" for key, value in list(one.features.items())[:12])
        shown = at.astimezone().strftime("%H:%M:%S") if at else safe(one.at, 8)
        cells = (
            shown,
            f"v{one.version}",
            safe(one.output, 80),
            number(one.latency_ms, 2),
            safe(features, 600),
        )
        return Row(one.id, cells, ("dim", "", "strong", "", "dim"), one)

    @on(Table.Moved, "#predictions")
    def _moved(self, message: Table.Moved) -> None:
        words = self.query_one("#prediction-words", Words)
        self.refresh_keys()
        if message.row is None:
            words.show(Content(""))
            return
        one: Prediction = message.row.item  # type: ignore[assignment]
        rows = [
            line(
                (safe(one.output, 120), "bold"),
                (f"   v{one.version}   {number(one.latency_ms, 2)} ms", "$dim"),
            ),
            line((safe(one.id), "$dim"), (f"   {clock(when(one.at), self.pilothouse.now())}", "$dim")),
            *(
                line((f"{safe(key, 20):<20} ", "$dim"), safe(_told(value), 80))
                for key, value in one.features.items()
            ),
        ]
        words.show(Content("\n").join(rows))

    def why_not(self, action: str) -> str:
        """What the state of the server forbids."""
        known = self._known
        running = known is not None and (known.server is not None or known.starting)
        if action in ("serve", "unserve", "predict") and known is None:
            return "the workspace has not been read yet"
        if known is not None:
            if action == "serve" and running:
                return "the server runs already"
            if action == "serve" and known.models.live is None:
                return "nothing is live yet; promote a version on Models (3) first"
            if action == "unserve" and not running and known.lost is None:
                return "the server does not run"
            if action == "predict" and (known.server is None or known.server.state != "ready"):
                return "the server does not run; s starts it"
        if action in ("details", "copy") and self.query_one("#predictions", Table).row is None:
            return "there is no prediction under the cursor"
        return super().why_not(action)

    def do_serve(self) -> None:
        """Start the server in the background."""
        workspace = self.workspace

        def act() -> str:
            from pilothouse.tui.commands import run_command

            run_command(workspace, "serve", "--detach")
            return "The server answers; it goes on when this terminal closes."

        self.deed("Starting the server", act)

    def do_unserve(self) -> None:
        """Ask, then stop the server."""
        from pilothouse.tui.dialogs.base import Confirm

        server = self._known.server if self._known is not None else None
        if self._known is not None and self._known.lost is not None:
            self._unserve()  # nothing stops answering, so there is nothing to ask
            return
        words = line(
            f"The server at {safe(server.url)} stops answering." if server else "The server stops.",
            "\n\n",
            ("First      ", "$dim"),
            "it answers the requests that it has",
            "\n",
            ("Unchanged  ", "$dim"),
            "what is live, and every prediction that was logged",
            "\n",
        )
        self.app.push_screen(
            Confirm("Stop the server", words, "Stop it"), lambda yes: self._unserve() if yes else None
        )

    def _unserve(self) -> None:
        workspace = self.workspace

        def act() -> str:
            from pilothouse.tui.commands import run_command

            run_command(workspace, "serve", "--stop")
            return "The server is stopped."

        self.deed("Stopping the server", act)

    def do_predict(self) -> None:
        """Fetch a real row, then open the dialog with it."""
        from pilothouse.tui.snapshots.serving import Trial, trial_row

        workspace, model = self.workspace, self._known.models.model if self._known is not None else ""
        found: list[Trial] = []

        def act() -> str:
            found.append(trial_row(workspace, model))
            return ""

        def then() -> None:
            from pilothouse.tui.dialogs.predict import PredictDialog

            if found:
                self.app.push_screen(PredictDialog(workspace, model, found[0]))

        self.deed("Taking a row", act, then)

    @on(Table.Opened, "#predictions")
    def _opened(self) -> None:
        self.do_details()

    def do_details(self) -> None:
        """Give the prediction under the cursor more room, or take it back."""
        self.query_one("#serving-body").toggle_class("-details")

    def copied(self) -> str:
        """The prediction's id."""
        row = self.query_one("#predictions", Table).row
        return safe(row.key) if row else ""


def _told(value: object) -> object:
    """A value as it was sent, without the noise in a float's last digits: 12.658579999999999 is 12.65858."""
    return f"{value:.12g}" if isinstance(value, float) and len(repr(value)) > 14 else value
