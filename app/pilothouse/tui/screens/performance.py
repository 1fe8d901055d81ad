"""Does it hurt? The harm of what landed, file by file; and what was answered, period by period."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.performance.harm_glances import worse_groups
from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.filtered import FilteredScreen
from pilothouse.tui.screens.performance_rows import (
    EMPTY,
    EMPTY_ANSWERS,
    GROUPS,
    GROUPS_NARROW,
    file_columns,
    file_rows,
    group_rows,
    harm_lines,
    period_columns,
    period_rows,
    served_lines,
)
from pilothouse.tui.screens.upkeep_acts import UpkeepActs
from pilothouse.tui.snapshots.performance import Harms, harms, periods_of
from pilothouse.tui.text import line, no_match, safe
from pilothouse.tui.widgets.panel import Panel, Words, lines_for
from pilothouse.tui.widgets.rows import Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.performance.harms_kept import KeptHarm

NO_GROUPS = "Groups need labels: realised figures only."


class PerformanceScreen(FilteredScreen, UpkeepActs):
    """Opened with ``h`` on Data and Models; left with esc."""

    CONTEXT: ClassVar[str] = "performance"
    PLACEHOLDER: ClassVar[str] = "part of a file's name, or a word such as harmful"
    AREA: ClassVar[str] = "data"
    CSS_PATH = "performance.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("performance")]

    def __init__(self) -> None:
        super().__init__()
        self._known: Harms | None = None
        self._periods: list[dict[str, Any]] = []
        self._answers = False
        self._groups_of = ""
        """The row whose groups are shown."""

    def body(self) -> Iterable[Widget]:
        """What landed above; below, all about the one under the cursor, and its groups."""
        yield Panel("What landed", Table(empty=EMPTY, id="harms"), id="harms-panel")
        yield Horizontal(
            Panel("Harm", VerticalScroll(Words(id="harm-words"), can_focus=True), id="harm-panel"),
            Panel(
                "Groups, worst first",
                Table(GROUPS, empty=NO_GROUPS, id="groups"),
                id="groups-panel",
            ),
            id="harm-body",
        )

    def main_table(self) -> Table:
        """What landed, or what was answered."""
        return self.query_one("#harms", Table)

    def filter_changed(self) -> None:
        """Show the rows that match."""
        self._draw()

    def _matching(self, rows: list[Row]) -> list[Row]:
        words = self.filter_text.lower().split()
        return [row for row in rows if all(word in " ".join(row.cells).lower() for word in words)]

    def on_mount(self) -> None:
        """Start on the files."""
        self.query_one("#harms").focus()

    def job(self) -> Callable[[], object]:
        """What is kept."""
        workspace, before, app = self.workspace, self._known, self.pilothouse
        return lambda: harms(workspace, app.about.model if app.about else None, before)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw what changed."""
        known: Harms = snapshot  # type: ignore[assignment]
        if known is not self._known:
            self._known = known
            self._draw()

    def _draw(self) -> None:
        known = self._known
        if known is None:
            return
        table, panel = self.query_one("#harms", Table), self.query_one("#harms-panel", Panel)
        if self._answers:
            filtered = bool(self.filter_text and self._periods)
            table.say_empty(no_match(self.filter_text) if filtered else EMPTY_ANSWERS)
            table.set_columns(period_columns(self._periods))
            table.set_rows(self._matching(period_rows(self._periods)))
            panel.retitle("What was answered", "by day   e measures again   o the files that landed")
        else:
            filtered = bool(self.filter_text and (known.kept or known.waiting))
            table.say_empty(no_match(self.filter_text) if filtered else EMPTY)
            table.set_columns(file_columns(known))
            table.set_rows(self._matching(file_rows(known, self.pilothouse.now())))
            waits = f"   {len(known.waiting)} to judge" if known.waiting else ""
            by = "   watched" if known.watched else "   not watched: u judges" if known.waiting else ""
            if known.lacking:
                by += f"   {known.lacking} without a business metric: u"
            if (judging := known.judging) is not None:
                by = f"   ▶ {judging.at:,} of {judging.of:,}, {safe(judging.name, 30)}, {known.seconds:,} s"
            panel.retitle("What landed", f"{len(known.kept)} judged{waits}{by}")
        few = lines_for(table.total, self.size.height)
        panel.styles.height = 8 if self.has_class("-narrow") else few or "2fr"
        self._draw_one()

    def current(self) -> KeptHarm | None:
        """The judged file under the cursor."""
        row = self.query_one("#harms", Table).row
        return None if row is None or self._answers else row.item  # type: ignore[return-value]

    @on(Table.Moved, "#harms")
    def _moved(self) -> None:
        self._draw_one()
        self.refresh_keys()

    def on_resize(self) -> None:
        """There is more said where there is more room."""
        self.call_after_refresh(self._draw_one)

    @on(Table.Opened, "#harms")
    def _opened(self) -> None:
        groups, row = self.query_one("#groups", Table), self.query_one("#harms", Table).row
        if row is None:
            return
        if groups.total:
            groups.focus()
            self.say("Groups of it, worst first; esc goes back.")
        elif row.item is None:
            self.say("It has not been judged yet: u judges it", "watch")
        else:
            self.say("It has no groups without labels: L takes them; esc, then v: what moved in it", "watch")

    def _draw_one(self) -> None:
        row = self.query_one("#harms", Table).row
        words, groups = self.query_one("#harm-words", Words), self.query_one("#groups", Table)
        panel = self.query_one("#harm-panel", Panel)
        panel.retitle("Harm")
        room = panel.content_size.width
        told: dict[str, Any] = {}
        if row is None:
            words.show(Content(""))
        elif self._answers:
            one: dict[str, Any] = row.item  # type: ignore[assignment]
            words.show(served_lines(one, room))
            told = one["harm"]
            panel.retitle(f"v{one['version']} as it answered")
        elif row.item is None:
            words.show(
                line(
                    ("◌ ", "$accent"),
                    "Its harm has not been judged yet: the watcher does it when no file waits for a verdict,"
                    " u does it now.",
                )
            )
        else:
            kept: KeptHarm = row.item  # type: ignore[assignment]
            words.show(harm_lines(kept, room))
            told = kept.report.get("harm", {})
        found, worse = told.get("groups", []), worse_groups(told)
        narrow = self.has_class("-narrow")
        groups.set_columns(GROUPS_NARROW if narrow else GROUPS)
        groups.say_empty(NO_GROUPS if row is not None else "")
        groups.set_rows(group_rows(found, worse, narrow=narrow))
        some = f"{len(worse)} of {len(found)} worse than the holdout" if found and not narrow else ""
        if (shown := row.key if row else "") != self._groups_of:
            self._groups_of = shown
            groups.move_to(0)
        self.query_one("#groups-panel", Panel).retitle("Groups, worst first", some)

    # ------------------------------------------------------------ acting

    def why_not(self, action: str) -> str:
        """What is missing."""
        known = self._known
        if action in ("judge_harm", "harm_again", "measure", "take_labels") and known is None:
            return "the workspace has not been read yet"
        if known is not None:
            if action == "judge_harm" and not known.waiting and not known.lacking:
                return (
                    "everything that landed since it was live is judged"
                    if known.live is not None
                    else "no version is live, so nothing can be hurt"
                )
            if action == "judge_harm" and known.judging is not None:
                return f"it is being done: {known.judging.at:,} of {known.judging.of:,}"
            if action == "judge_harm" and known.watched and not known.lacking:
                return "the watcher judges it by itself, when no file waits for its verdict"
            if action == "harm_again" and self.current() is None:
                return "no judged file is under the cursor"
            if action == "harm_again" and known.live is None:
                return "no version is live to judge it for"
        return super().why_not(action)

    def do_judge_harm(self) -> None:
        """Judge what waits, with how far it is on screen."""
        assert self._known is not None

        def done(answer: Any) -> str:
            count = len(answer["harm"]) if isinstance(answer, dict) else 0
            return f"Judged: the harm of {count} file{'' if count == 1 else 's'} is known now."

        self.errand("Harm", ["harm", "--judge", "--model", self._known.model, "--json"], done)

    def do_harm_again(self) -> None:
        """Judge the file under the cursor again."""
        kept = self.current()
        assert kept is not None

        def done(answer: Any) -> str:
            verdict = answer["verdict"] if isinstance(answer, dict) else "judged"
            return f"{safe(kept.name, 60)}: {verdict}."

        words = ["harm", "--again", "--model", kept.model, "--json", "--", kept.name]
        self.errand("Judging it again", words, done)

    def do_measure(self) -> None:
        """Measure what was answered."""
        assert self._known is not None

        def done(answer: Any) -> str:
            self._periods, self._answers = periods_of(answer), True
            self._draw()
            rows = sum(one["rows"] for one in answer["versions"])
            labels = sum(one["labelled"] for one in answer["versions"])
            said = f"{rows:,} answers measured, {labels:,} of them with a label."
            return " ".join((said, *(safe(note, 200) for note in answer["notes"])))

        self.errand("Measuring", ["performance", "--model", self._known.model, "--json"], done)

    def do_answers(self) -> None:
        """From files to answers, and back."""
        self._answers = not self._answers
        self._draw()
        self.refresh_keys()

    def do_take_labels(self) -> None:
        """Ask for the file, then take its labels."""
        from pilothouse.tui.dialogs.base import Ask

        assert self._known is not None
        model = self._known.model
        words = line(
            "A CSV, Parquet or JSON lines file with the columns of the id and the target.",
            "\n",
            "Of an id that has a label already the later one counts.",
            "\n",
        )

        def done(answer: Any) -> str:
            told = answer if isinstance(answer, dict) else {}
            unknown = f"; {told['unknown']:,} belong to no prediction yet" if told.get("unknown") else ""
            files = "".join(f" {safe(one['name'], 40)}: {one['verdict']}." for one in told.get("judged", []))
            return f"{told.get('new', 0):,} new labels, {told.get('changed', 0):,} changed{unknown}.{files}"

        def start(path: str | None) -> None:
            if path and path.strip():
                self.errand("Labels", ["feedback", "--model", model, "--json", "--", path.strip()], done)

        ask = Ask("Take labels", words, "Take them", placeholder="path of the file")
        self.app.push_screen(ask, start)

    def copied(self) -> str:
        """The verdict in words."""
        kept = self.current()
        return f"{safe(kept.name)}: {kept.verdict}. {safe(kept.words, 900)}" if kept else ""

    def do_back(self) -> None:
        """From the answers to the files first, and from a panel to the table."""
        if self.close_filter():
            return
        if self.focused is not self.query_one("#harms"):
            self.query_one("#harms").focus()
        elif self._answers:
            self.do_answers()
        else:
            super().do_back()
