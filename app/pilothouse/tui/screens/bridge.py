"""Bridge: is everything all right, and what waits for me?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.data_acts import DataActs
from pilothouse.tui.screens.deploy_acts import DeployActs
from pilothouse.tui.screens.train_acts import TrainActs
from pilothouse.tui.signs import TONE_STYLES, drifted, metric_rank, run_state
from pilothouse.tui.text import clock, duration, line, number, safe, since, span
from pilothouse.tui.widgets.heatmap import HeatColumn, Heatmap
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.sparkline import bar
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.serving.status import ServerStatus
    from pilothouse.tui.snapshots.bridge import Bridge
    from pilothouse.tui.snapshots.data import Data, FileVerdict
    from pilothouse.tui.snapshots.models import Models

ONE = (Column("sign", "", width=1), Column("words", "", most=400, grow=True))
WORKING = (
    Column("name", "", most=16),
    Column("bar", "", width=12),
    Column("share", "", "right", most=9),
    Column("took", "", "right", most=8),
    Column("text", "", most=200, grow=True),
)
LATELY = (Column("at", "", width=6), Column("kind", "", most=9), Column("words", "", most=400, grow=True))
LATELY_NARROW = (LATELY[0], LATELY[2])
SIGNS = {"bad": "■", "watch": "▲", "good": "●"}


class BridgeScreen(DeployActs, DataActs, TrainActs):
    """Live and Drift on the left; Needs you, Working and Lately on the right."""

    CONTEXT: ClassVar[str] = "bridge"
    AREA: ClassVar[str] = "bridge"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("bridge")]

    def __init__(self) -> None:
        super().__init__()
        self._known: Bridge | None = None
        self.furnished = False

    def body(self) -> Iterable[Widget]:
        """Room for the panels: the frame alone is painted first, for a quicker first sight."""
        yield Vertical(id="bridge-deck")

    def _panels(self) -> Widget:
        return Horizontal(
            Vertical(
                Panel("Live", Words(id="live-words"), id="live"),
                Panel("Drift", Heatmap(id="heatmap"), id="drift"),
                id="bridge-left",
            ),
            Vertical(
                Panel(
                    "Needs you",
                    Table(ONE, empty="● Nothing waits for you.", header=False, id="needs"),
                    id="needs-panel",
                ),
                Panel(
                    "Working",
                    Table(WORKING, empty="Nothing is running.", header=False, id="working"),
                    id="working-panel",
                ),
                Panel(
                    "Lately",
                    Table(LATELY, empty="Nothing has happened yet.", header=False, id="lately"),
                    id="lately-panel",
                ),
                id="bridge-right",
            ),
            id="bridge-body",
        )

    def on_mount(self) -> None:
        """Put the panels in right after the first paint."""
        self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        await self.query_one("#bridge-deck").mount(self._panels())
        self.furnished = True
        self.query_one("#needs").focus()  # start where a person is needed
        self.poll()

    def known_models(self) -> Models | None:
        """The versions and deployments."""
        return self._known.models if self._known is not None else None

    def known_data(self) -> Data | None:
        """The files."""
        return self._known.data if self._known is not None else None

    def current_file(self) -> FileVerdict | None:
        """The held file under the cursor, or the first that is held."""
        if self._known is None:
            return None
        held = [file for file in self._known.data.files if file.arrival.status == "held"]
        row = self.query_one("#needs", Table).row
        key = row.key.partition(" ")[2] if row else ""
        return next((file for file in held if file.arrival.name == key), held[0] if held else None)

    def candidate(self) -> int | None:
        """The newest version that waits."""
        from pilothouse.tui.snapshots.bridge import waiting_versions

        waiting = waiting_versions(self._known.models) if self._known is not None else []
        return waiting[0] if waiting else None

    def job(self) -> Callable[[], object] | None:
        """Everything, cheaply."""
        if not self.furnished:
            return None
        workspace, before, app = self.workspace, self._known, self.pilothouse

        def work() -> object:
            from pilothouse.tui.snapshots.bridge import bridge

            return bridge(workspace, app.about.model if app.about else None, before)

        return work

    def show_snapshot(self, snapshot: object) -> None:
        """Draw it."""
        known: Bridge = snapshot  # type: ignore[assignment]
        self._known = known
        self.query_one("#live-words", Words).show(self._live_words(known))
        self.query_one("#live", Panel).retitle("Live", "now")
        self._draw_drift(known.data)
        self.query_one("#needs", Table).set_rows(
            [
                Row(f"{need.kind} {need.key}", (SIGNS[need.tone], safe(need.words)), (need.tone, ""), need)
                for need in known.needs
            ]
        )
        count = len(known.needs)
        self.query_one("#needs-panel", Panel).retitle("Needs you", f"{count}, enter opens" if count else "")
        self._draw_working(known)
        self._draw_lately(known)

    # ------------------------------------------------------------ live

    def _live_words(self, known: Bridge) -> Content:
        models, now = known.models, self.pilothouse.now()
        live = models.version(models.live)
        if live is None:
            return Content("\n").join(self._first_steps(known))
        period = next((one for one in models.periods if one.until is None), None)
        best = min((key for key in live.metrics if key != "threshold"), key=metric_rank, default=None)
        rows = [
            line(("champion  ", "$dim"), (f"v{live.version}", "bold $accent"), f"  {safe(live.recipe)}"),
            line(
                ("live for  ", "$dim"),
                span(since(period.since, now)) if period is not None else "–",
                (f"   data {safe(live.dataset_version[:8])}", "$dim"),
            ),
        ]
        if best is not None:
            rows.append(
                line(
                    ("quality   ", "$dim"),
                    f"{safe(best)} {number(live.metrics[best])}",
                    ("  holdout", "$dim"),
                )
            )
        return Content("\n").join([*rows, *self._server_lines(known.server, known.starting)])

    def _first_steps(self, known: Bridge) -> list[Content]:
        if not known.runs:
            return [
                line(("Nothing is live yet.", "bold")),
                line(("t", "$accent bold"), "  trains a first model on ", safe(known.data.folder), "/"),
                line(("?", "$accent bold"), "  shows every key"),
            ]
        if not known.models.versions:
            return [
                line(("Nothing is live yet.", "bold")),
                line("A run that finishes makes a version."),
                line(("2", "$accent bold"), "  shows the runs"),
            ]
        return [
            line(("Nothing is live yet.", "bold")),
            line(("P", "$accent bold"), f"  promotes v{models_newest(known.models)}, showing its gates"),
            line(("3", "$accent bold"), "  shows all versions"),
        ]

    def _server_lines(self, server: ServerStatus | None, starting: bool) -> list[Content]:
        from pilothouse.tui.screens.serving import milliseconds, rate_words

        if server is None:
            state = ("◌ starting …", "$accent") if starting else ("□ stopped", "$warning")
            return [
                line(("server    ", "$dim"), state, ("" if starting else "   5 then s starts it", "$dim"))
            ]
        each, shape = rate_words(server, max(8, self.query_one("#live-words").size.width - 26))
        version = f"v{server.version} answers" if server.version is not None else "no version answers"
        errors = (
            (f"● none of {server.requests:,} requests", "$success")
            if not server.errors
            else (f"■ {server.errors:,} of {server.requests:,}", "$error")
        )
        ready = server.state == "ready"
        return [
            line(
                ("server    ", "$dim"),
                (f"{'●' if ready else '◌'} {safe(server.state)}", "$success" if ready else "$accent"),
                f"  {version}",
                (f" :{server.port}", "$dim"),
            ),
            line(("requests  ", "$dim"), f"{each:<8}", (shape, "$accent")),
            line(
                ("latency   ", "$dim"),
                f"p50 {milliseconds(server.p50_ms)}  p99 {milliseconds(server.p99_ms)}",
            ),
            line(("errors    ", "$dim"), errors),
        ]

    # ------------------------------------------------------------ drift, work, events

    def _draw_lately(self, known: Bridge) -> None:
        now, table, narrow = (
            self.pilothouse.now(),
            self.query_one("#lately", Table),
            self.has_class("-narrow"),
        )
        table.set_columns(LATELY_NARROW if narrow else LATELY)
        rows = []
        for one in known.events:
            cells = (clock(one.at, now), safe(one.kind), safe(one.message))
            rows.append(
                Row(
                    str(one.seq),
                    (cells[0], cells[2]) if narrow else cells,
                    ("dim", "") if narrow else ("dim", "accent", ""),
                    one,
                )
            )
        table.set_rows(rows)

    def _draw_drift(self, data: Data) -> None:
        from pilothouse.tui.snapshots.data import short_names

        judged = [file for file in reversed(data.files) if file.report is not None]
        labels = short_names([file.arrival.name for file in judged])
        files = []
        for file in judged:
            report = file.report.report  # type: ignore[union-attr]
            sign, tone = drifted(report.dataset_drift, bool(report.drifted))
            scores = tuple((one.column, one.score if one.drifted else 0.0) for one in report.columns)
            files.append(HeatColumn(labels[file.arrival.name], sign, TONE_STYLES[tone], scores))
        against = judged[-1].report.reference if judged and judged[-1].report else ""
        empty = "No file has been compared yet.\nw watches the folder, u judges what is in it now."
        self.query_one("#heatmap", Heatmap).show(files, empty)
        self.query_one("#drift", Panel).retitle(
            "Drift", f"{len(files)} files against {against}" if files else ""
        )

    def _draw_working(self, known: Bridge) -> None:
        now, rows = self.pilothouse.now(), []
        for run in known.working:
            state, tone = run_state(run.status, run.progress)
            took = duration(since(run.started_at, now))
            rows.append(
                Row(
                    run.run_id,
                    (safe(run.name, 40), bar(run.progress, 12), state, took, safe(run.progress_text, 200)),
                    ("", "accent", tone, "dim", "dim"),
                    run,
                )
            )
        watcher = known.data.watcher
        if watcher is not None:
            last = f"last {watcher.last_file}" if watcher.last_file else "no file yet"
            rows.append(
                Row(
                    "watcher",
                    ("watcher", f"● {safe(watcher.state, 10)}", f"{watcher.judged} seen", "", safe(last)),
                    ("", "good", "dim", "", "dim"),
                )
            )
        table = self.query_one("#working", Table)
        table.set_rows(rows)
        aside = "" if watcher is not None else f"{safe(known.data.folder)} is not watched: w"
        self.query_one("#working-panel", Panel).retitle("Working", aside)

    # ------------------------------------------------------------ jumping

    @on(Table.Opened, "#needs")
    def _need_opened(self, message: Table.Opened) -> None:
        kind, _, _ = message.row.key.partition(" ")
        if kind == "promote":
            self.action_act("promote")
        elif kind == "judge":
            self.action_act("check")
        else:
            self.app.switch_mode(kind)

    @on(Table.Opened, "#working")
    def _work_opened(self, message: Table.Opened) -> None:
        from pilothouse.tui.screens.run import RunScreen

        if message.row.key == "watcher":
            self.app.switch_mode("data")
        else:
            self.app.push_screen(RunScreen(message.row.key))

    @on(Table.Opened, "#lately")
    def _event_opened(self) -> None:
        self.app.switch_mode("events")

    @on(Table.Moved)
    def _moved(self) -> None:
        self.refresh_keys()


def models_newest(known: Models) -> int:
    """The number of the newest version."""
    return max(one.version for one in known.versions)
