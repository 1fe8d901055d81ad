"""Models: the versions, what they scored and come from, and what was live when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.config.next_steps import without_a_model
from pilothouse.tracking.usual import FACTS
from pilothouse.tui.actions import bindings_of
from pilothouse.tui.dialogs.promote import gate_lines
from pilothouse.tui.screens.deploy_acts import DeployActs
from pilothouse.tui.screens.train_acts import TrainActs
from pilothouse.tui.screens.version_marks import VersionMarks
from pilothouse.tui.signs import metric_rank
from pilothouse.tui.text import clock, fit, line, moment, number, safe, signed, since, span
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.registry.history import Deployment
    from pilothouse.registry.versions import ModelVersion
    from pilothouse.tui.snapshots.models import Models

EMPTY = "No version yet.\nPress  t  to train one: a run that finishes makes a version."
NO_HISTORY = "Nothing was live yet.\nP  promotes the version under the cursor."
HISTORY = (
    Column("at", "when", width=6),
    Column("change", "change", most=12),
    Column("for", "live for", "right", most=12),
    Column("by", "by", most=12),
    Column("why", "why", most=200, grow=True),
)
"""↑ is a promotion, ↩ a rollback."""


def gate_words(said: str) -> tuple[str, str]:
    """What a run said of the gates, with its sign and tone."""
    if not said:
        return "–", "dim"
    return (f"● {safe(said, 20)}", "good") if said == "passed" else (f"■ {safe(said, 20)}", "bad")


class ModelsScreen(VersionMarks, DeployActs, TrainActs):
    """Versions above, history below, the version under the cursor beside them."""

    CONTEXT: ClassVar[str] = "models"
    AREA: ClassVar[str] = "models"
    CSS_PATH = "models.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("models")]

    def __init__(self) -> None:
        super().__init__()
        self._known: Models | None = None

    def body(self) -> Iterable[Widget]:
        """The three panels."""
        yield Container(
            Panel("Versions", Table(empty=EMPTY, marking=True, id="versions"), id="versions-panel"),
            Panel("Version", VerticalScroll(Words(id="version-words"), can_focus=True), id="version-panel"),
            Panel("What was live when", Table(HISTORY, empty=NO_HISTORY, id="history"), id="history-panel"),
            id="models-body",
        )

    def on_mount(self) -> None:
        """Start on the versions."""
        self.query_one("#versions").focus()

    def known_models(self) -> Models | None:
        """The last snapshot."""
        return self._known

    def current(self) -> ModelVersion | None:
        """The version under the cursor."""
        row = self.query_one("#versions", Table).row
        return row.item if row else None  # type: ignore[return-value]

    def live_ref(self) -> str | None:
        """What is live."""
        known = self._known
        return f"{known.model}/{known.live}" if known is not None and known.live is not None else None

    def do_back(self) -> None:
        """Drop the marks first."""
        if not self.drop_marks():
            super().do_back()

    def candidate(self) -> int | None:
        """The version under the cursor."""
        version = self.current()
        return version.version if version is not None else None

    def job(self) -> Callable[[], object]:
        """Versions and deployments."""
        from pilothouse.tui.snapshots.models import models

        workspace, before, app = self.workspace, self._known, self.pilothouse
        return lambda: models(workspace, app.about.model if app.about else None, before)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw what changed."""
        known: Models = snapshot  # type: ignore[assignment]
        fresh = known is not self._known
        self._known = known
        if fresh:
            self._draw_versions(known)
            self._draw_version()
        self._draw_history(known)

    def _draw_versions(self, known: Models) -> None:
        table = self.query_one("#versions", Table)
        table.empty = EMPTY if known.model else without_a_model("version")
        self.query_one("#history", Table).empty = NO_HISTORY if known.model else "Nothing was live yet."
        keys = sorted({key for one in known.versions for key in one.metrics}, key=metric_rank)
        keys = [key for key in keys if key not in FACTS][:4]
        table.set_columns(
            (
                Column("version", "version", most=8),
                Column("alias", "called", most=22),
                Column("gates", "gates", most=18),
                *(Column(f"m.{key}", safe(key, 20), "right", most=12) for key in keys),
                Column("recipe", "recipe", most=24),
                Column("made", "made", width=6),
                Column("data", "data", most=8),
            )
        )
        table.set_rows([self._version_row(known, one, keys) for one in known.versions])
        live = f"v{known.live} is live" if known.live is not None else "nothing is live"
        aside = f"{len(known.versions)} of {known.model}   {live}" if known.model else ""
        self.query_one("#versions-panel", Panel).retitle("Versions", aside)

    def _version_row(self, known: Models, one: ModelVersion, keys: list[str]) -> Row:
        said, tone = gate_words(known.gates.get(one.version, ""))
        live = one.version == known.live
        cells = (
            f"{'▶ ' if live else '  '}v{one.version}",
            safe(", ".join(one.aliases), 60),
            said,
            *(number(one.metrics.get(key)) for key in keys),
            safe(one.recipe, 40),
            clock(one.created_at, self.pilothouse.now()),
            safe(one.dataset_version[:8]),
        )
        tones = ("accent" if live else "", "accent", tone, *("" for _ in keys), "", "dim", "dim")
        return Row(f"{one.model}/{one.version}", cells, tones, one)

    def _draw_history(self, known: Models) -> None:
        now = self.pilothouse.now()
        until = None
        rows = []
        for one in known.history:
            rows.append(self._history_row(one, span(since(one.at, until or now)), now_live=until is None))
            until = one.at
        self.query_one("#history", Table).set_rows(rows)

    def _history_row(self, one: Deployment, lasted: str, now_live: bool) -> Row:
        sign = "↩" if one.kind == "rollback" else "↑"
        change = (
            f"v{one.from_version} → v{one.to_version}"
            if one.from_version is not None
            else f"v{one.to_version}"
        )
        forced = sum(not gate.get("passed") for gate in one.gates)
        why = ("rollback: " if one.kind == "rollback" else "") + one.reason
        why = f"past {forced} failed gates: {why}" if forced else why
        cells = (
            clock(one.at, self.pilothouse.now()),
            f"{sign} {change}",
            lasted,
            safe(one.actor, 40),
            safe(why),
        )
        tones = ("dim", "watch" if one.kind == "rollback" else "accent" if now_live else "", "", "dim", "")
        return Row(str(one.deployment_id), cells, tones, one)

    @on(Table.Moved, "#versions")
    def _moved(self) -> None:
        self._draw_version()
        self.refresh_keys()

    def _draw_version(self) -> None:
        from pilothouse.tui.snapshots.models import kept_gates

        one, known = self.current(), self._known
        words = self.query_one("#version-words", Words)
        if one is None or known is None:
            words.show(Content(""))
            return
        rows = [
            line(
                (f"v{one.version}", "bold"),
                "  ",
                safe(one.recipe),
                ("  " + safe(", ".join(one.aliases)), "$accent"),
            ),
        ]
        base = known.version(known.live)
        rows.append(
            line(
                "\n",
                ("metrics", "bold"),
                (
                    f"   against v{base.version}, own holdouts" if base and base is not one else "",
                    "$dim",
                ),
            )
        )
        for key in sorted(one.metrics, key=metric_rank):
            rows.append(self._metric_line(key, one, base if base is not one else None))
        if base is not None and base is not one:
            rows.append(line(("c compares, with intervals", "$dim")))
        if gates := kept_gates(self.workspace, one.run_id) if one.run_id else []:
            anew = ", p99_ms anew" if any("p99_ms" in str(gate) for gate in gates) else ""
            rows += [
                line("\n", ("gates", "bold"), (f"   as judged after training{anew}", "$dim")),
                gate_lines(gates, across=words.size.width),
            ]
        rows += [
            line("\n", ("lineage", "bold")),
            line(("made      ", "$dim"), moment(one.created_at)),
            line(("run       ", "$dim"), safe(one.run_id)),
            line(("data      ", "$dim"), safe(one.dataset_version)),
            line(("manifest  ", "$dim"), (safe(one.manifest_sha256[:16]) + "…", "$dim")),
        ]
        words.show(Content("\n").join(rows))
        self.query_one("#version-panel", Panel).retitle(
            f"Version {one.version}", "live" if one.version == known.live else ""
        )

    def _metric_line(self, key: str, one: ModelVersion, base: ModelVersion | None) -> Content:
        value = one.metrics[key]
        roomy = self.query_one("#version-words").size.width > 46
        left = f"{fit(safe(key), 18 if roomy else 10)} {number(value):>8}"
        if base is None or key not in base.metrics or key in FACTS:
            return line(left)
        delta = value - base.metrics[key]
        if key == "p99_ms":
            # Of the machine as much as of the model: what else ran then, nobody knows.
            return line(left, (f"  {signed(delta)} at another time", "$dim"))
        if one.dataset_version != base.dataset_version:
            # Each was judged on its own holdout; the gates below compare them on the same rows.
            return line(left, (f"  {signed(delta)} on other rows", "$dim"))
        # Whether it is better or worse a difference alone does not say: compare has the intervals.
        return line(left, f"  {signed(delta)}" if delta else ("  the same", "$dim"))

    def why_not(self, action: str) -> str:
        """Nothing under the cursor means nothing to open."""
        if action in ("details", "copy") and self.current() is None:
            return "there is no version under the cursor"
        if action == "details" and (version := self.current()) is not None and not version.run_id:
            return "this version was not made by a run of this workspace"
        return super().why_not(action)

    @on(Table.Opened, "#versions")
    def _opened(self) -> None:
        self.action_act("details")

    def do_details(self) -> None:
        """Open the run that made the version."""
        from pilothouse.tui.screens.run.screen import RunScreen

        if (version := self.current()) is not None:
            self.app.push_screen(RunScreen(version.run_id))

    def copied(self) -> str:
        """The version as others name it."""
        version = self.current()
        return f"models:/{version.model}/{version.version}" if version is not None else ""
