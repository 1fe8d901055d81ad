"""Feature views: their SQL, the features they make of the data, and whether these were served alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.worker import get_current_worker

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.text import line, number, percent, safe
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tui.commands import Stop
    from pilothouse.tui.snapshots.features import Feature, Skew, Skews, Tried, Views
    from pilothouse.workspace import Workspace

    Errand = Callable[[Workspace, str, Callable[[str], None], Stop], "_T"]

_T = TypeVar("_T")

COLUMNS = (
    Column("feature", "feature", most=24),
    Column("type", "type", most=9),
    Column("missing", "missing", "right", most=7),
    Column("distinct", "distinct", "right", most=8),
    Column("skew", "skew", most=14),
    Column("example", "example", most=24),
    Column("view", "view", most=16),
)
NARROW = tuple(column for column in COLUMNS if column.key not in ("example", "distinct"))
_BROAD = 110


class FeaturesScreen(PilothouseScreen):
    """Opened with ``F`` on Data; left with esc, which stops what is still being tried."""

    CONTEXT: ClassVar[str] = "features"
    AREA: ClassVar[str] = "data"
    CSS_PATH = "features.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("features")]

    def __init__(self) -> None:
        super().__init__()
        self._views: Views | None = None
        self._tried: Tried | None = None
        self._tried_views: object = None
        self._skews: Skews | None = None
        self._trouble: str = ""
        self._wrong = ""
        self._doing = ""
        self._stop: Stop | None = None

    def body(self) -> Iterable[Widget]:
        """What the views make, and the one under the cursor."""
        columns = COLUMNS if self.app.size.width >= _BROAD else NARROW
        yield Horizontal(
            Panel(
                "Features",
                Words(hides=True, id="features-words"),
                Table(columns, empty="", id="features"),
                id="features-panel",
            ),
            Panel("View", VerticalScroll(Words(id="view-words"), can_focus=True), id="view-panel"),
            id="features-body",
        )

    def on_mount(self) -> None:
        """Start on the features."""
        self.table.focus()

    def on_unmount(self) -> None:
        """Whoever left waits no longer."""
        if self._stop is not None:
            self._stop.asked = True

    @property
    def table(self) -> Table:
        """The features."""
        return self.query_one("#features", Table)

    # ------------------------------------------------------------ reading

    def job(self) -> Callable[[], object]:
        """The files of SQL, which a person edits beside this screen."""
        from pilothouse.tui.snapshots.features import views

        workspace, about = self.workspace, self.pilothouse.about
        model = about.model if about else None
        return lambda: views(workspace, model)

    def show_snapshot(self, snapshot: object) -> None:
        """Try the views when they are seen first; later a person asks for it."""
        found: Views = snapshot  # type: ignore[assignment]
        if found == self._views:
            return
        first, self._views = self._views is None or self._views.model != found.model, found
        if first:
            self._tried = self._skews = None
        self._draw()
        if first and found.views:
            self._try(lambda _: None)

    def _start(self, doing: str, errand: Errand[_T], then: Callable[[_T], None]) -> None:
        """Run a command in a process of its own, one at a time."""
        from pilothouse.tui.commands import Stop

        assert self._views is not None
        self._doing, self._stop, self._wrong = doing, Stop(), ""
        workspace, model, stop = self.workspace, self._views.model, self._stop

        def finish(found: _T | None, error: Exception | None) -> None:
            if not self.is_mounted:
                return
            self._doing = ""
            if found is not None:
                then(found)
            elif error is not None:
                self._wrong = str(error)
                self.complain(error)
            self._draw()
            self.refresh_keys()

        def work() -> None:
            worker = get_current_worker()
            found: _T | None = None
            problem: Exception | None = None
            try:
                found = errand(workspace, model, lambda _: None, stop)
            except Exception as error:  # noqa: BLE001 - told in words
                problem = error
            if not worker.is_cancelled:
                self.app.call_from_thread(finish, found, problem)

        self.run_worker(work, thread=True, group="features", exit_on_error=False)
        self._draw()
        self.refresh_keys()

    # ------------------------------------------------------------ drawing

    def _draw(self) -> None:
        known = self._views
        if known is None:
            return
        words = []
        if self._wrong:
            words.append(line(("■ ", "$error"), safe(" ".join(self._wrong.split()), 500)))
        elif self._tried is not None and self._tried_views != known.views and not self._doing:
            words.append(line(("▲ The SQL has changed since: u tries it.", "$warning")))
        elif self._tried is not None and (held := self._tried.left_out):
            count = "1 held file is" if len(held) == 1 else f"{len(held):,} held files are"
            names = ", ".join(held[:5]) + (", …" if held[5:] else "")
            words.append(line(f"{count} left out: {safe(names, 200)}."))
        if known.since is not None and known.since.any:
            words.insert(0, line(("▲ ", "$warning"), safe(known.since.words(), 400)))
        self.query_one("#features-words", Words).show(Content("\n").join(words))
        self.table.empty = (
            f"There are no feature views.\nWrite one as {safe(known.folder)}/NAME.sql: a SELECT from rows."
            if not known.views
            else ""
        )
        tried = self._tried
        if tried is not None:
            rows = [_row(one, self._skew_of(one.name)) for one in tried.features]
            named = {one.view for one in tried.features}
            rows += [_untried(view.name) for view in known.views if view.name not in named]
        else:
            rows = [_untried(view.name) for view in known.views]
        keys = [COLUMNS.index(column) for column in self.table.columns]
        self.table.set_rows(
            [
                Row(
                    row.key,
                    tuple(row.cells[at] for at in keys),
                    tuple(row.tones[at] for at in keys),
                    row.item,
                )
                for row in rows
            ]
        )
        self.query_one("#features-panel", Panel).retitle("Features", self._aside())
        self._draw_view()

    def _aside(self) -> str:
        if self._doing:
            return f"{self._doing} …"
        said = []
        if self._tried is not None:
            said.append(f"{len(self._tried.features)} on {self._tried.rows:,} rows")
        if self._skews is not None:
            count = self._skews.skewed
            which = f"{count} of {len(self._skews.features)}" if count else "none"
            said.append(f"v{self._skews.version}: {which} skewed, {self._skews.rows:,} predictions")
        return "   ".join(said)

    def _skew_of(self, feature: str) -> Skew | None:
        return self._skews.features.get(feature) if self._skews is not None else None

    @on(Table.Moved, "#features")
    def _moved(self) -> None:
        self._draw_view()
        self.refresh_keys()

    def _draw_view(self) -> None:
        known, row = self._views, self.table.row
        words, panel = self.query_one("#view-words", Words), self.query_one("#view-panel", Panel)
        name = self._view_name()
        view = next((one for one in known.views if one.name == name), None) if known else None
        if known is None or row is None or view is None:
            words.show(Content(""))
            panel.retitle("View")
            return
        rows: list[Content] = []
        skew = self._skew_of(row.key)
        if skew is not None and skew.differing:
            by = "" if skew.largest is None else f", by {number(float(skew.largest))} at most"
            share = percent(skew.differing / max(1, skew.rows), 1)
            said = f"■ {skew.differing:,} of {skew.rows:,} were served otherwise ({share}){by}"
            rows.append(line((said, "$error")))
            for request, served, offline in skew.examples:
                rows.append(
                    line(
                        (f"  {safe(request, 20)}  ", "$dim"), safe(f"{served} served, {offline} offline", 80)
                    )
                )
            rows.append(Content(""))
        since = known.since
        other = since is not None and view.name in (*since.changed, *since.new)
        if skew is not None and not skew.differing:
            by = f"v{self._skews.version} computes them" if other and self._skews else "they are computed"
            rows.append(line((f"● all {skew.rows:,} were served as {by}", "$success")))
            if skew.mostly_empty:
                rows.append(line((f"▲ {skew.empty:,} of them are empty on both sides", "$warning")))
            rows.append(Content(""))
        if other and since is not None and view.name in since.served:
            rows.append(line((f"▲ v{since.version} serves its own:", "$warning")))
            rows += [line((safe(part, 400), "$dim")) for part in since.served[view.name].strip().splitlines()]
            rows += [Content(""), line(("the file now, for the next training:", "$warning"))]
        elif other and since is not None:
            rows.append(
                line((f"▲ v{since.version} does not have it; the next training takes it", "$warning"))
            )
        rows += [line(safe(part, 400)) for part in view.sql.strip().splitlines()]
        if known.tables:
            rows += [Content(""), line(("tables", "bold"))]
            for table, one in known.tables.items():
                which = f", each row from its `{safe(one.time)}` on" if one.time else ", always as it is now"
                rows.append(line(f"  {safe(table)}", (f"  {safe(one.file)}{which}", "$dim")))
        words.show(Content("\n").join(rows))
        panel.retitle(f"{known.folder}/{view.name}.sql")

    def _view_name(self) -> str:
        row = self.table.row
        return str(row.item) if row else ""

    @on(Table.Opened, "#features")
    def _opened(self) -> None:
        self.query_one("#view-panel VerticalScroll").focus()

    # ------------------------------------------------------------ acting

    def do_try_features(self) -> None:
        """Try the views on rows of the data, and say so."""

        def told(tried: Tried) -> None:
            made = "1 feature" if len(tried.features) == 1 else f"{len(tried.features)} features"
            self.say(f"Tried just now: {made} on {tried.rows:,} rows, nothing is wrong with them.", "good")

        self.say("Trying the views on rows of the data …")
        self._try(told)

    def _try(self, told: Callable[[Tried], None]) -> None:
        from pilothouse.tui.snapshots.features import try_views

        assert self._views is not None
        written = self._views.views

        def then(tried: Tried) -> None:
            self._tried, self._tried_views = tried, written
            told(tried)

        self._start("trying them on rows of the data", try_views, then)

    def do_skew(self) -> None:
        """Compare what was served with the same computed offline."""
        from pilothouse.tui.snapshots.features import measure

        def then(found: Skews) -> None:
            self._skews = found
            count = found.skewed
            which = f"{count} of the" if count else "None of the"
            differ = "differs" if count < 2 else "differ"
            said = f"{which} {len(found.features)} features {differ} over {found.rows:,} predictions."
            self.say(said, "watch" if count else "good")

        self._start("measuring the skew", measure, then)

    def why_not(self, action: str) -> str:
        """What is missing."""
        if action in ("try_features", "skew"):
            if self._views is None:
                return "the views have not been read yet"
            if self._doing:
                return f"wait: {self._doing}"
            if not self._views.views:
                return f"there is no view in {self._views.folder}/"
        if action == "copy" and not self.copied():
            return "there is no view under the cursor"
        return super().why_not(action)

    def copied(self) -> str:
        """The SQL of the view under the cursor."""
        name = self._view_name()
        views = self._views.views if self._views else ()
        return next((view.sql for view in views if view.name == name), "")

    def do_copy(self) -> None:
        """Copy the SQL; it is too long for the status line."""
        self.app.copy_to_clipboard(self.copied())
        self.say(f"Copied the SQL of {self._view_name()}.", "good")

    def do_back(self) -> None:
        """From the SQL to the features, then leave."""
        if self.focused is not self.table:
            self.table.focus()
        else:
            super().do_back()


def _row(one: Feature, skew: Skew | None) -> Row:
    if skew is None:
        said, tone = "", "dim"
    elif skew.differing:
        said, tone = f"■ {percent(skew.differing / max(1, skew.rows), 1)}", "bad"
    elif skew.mostly_empty:
        said, tone = "○ empty", "watch"
    else:
        said, tone = "● alike", "good"
    cells = (
        safe(one.name, 60),
        safe(one.type),
        percent(one.missing, 1) if one.missing else "",
        number(one.distinct),
        said,
        safe(one.example, 60),
        safe(one.view, 60),
    )
    return Row(one.name, cells, ("", "dim", "", "", tone, "", "dim"), one.view)


def _untried(view: str) -> Row:
    return Row(f"\0{view}", ("…", "", "", "", "", "", safe(view, 60)), ("dim",) * 6 + ("",), view)
