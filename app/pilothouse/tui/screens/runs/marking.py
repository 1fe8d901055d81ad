"""Runs picked out of the list: marks, ranges of them, and the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message
from textual.worker import get_current_worker

from pilothouse.tui.screens.runs.curve_beside import DRAWN
from pilothouse.tui.screens.runs.layout import LayoutActs
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run

COMPARED = 20
"""So many runs are compared at most."""
MOST_MARKS = 1000
"""So many are marked at most: each is drawn, and what is done with marks is done in one transaction."""


class MarkActs(LayoutActs):
    """Marking one run or all from here to there; marks stay whatever the filter shows."""

    @dataclass
    class RangeRead(Message):
        """The ids between the two ends of a range arrived, in the order of the list."""

        ids: list[str]
        error: Exception | None = None

    def __init__(self) -> None:
        super().__init__()
        self.baseline: Run | None = None
        self.filter_text = ""

    def main_table(self) -> Table:
        """The table of runs."""
        raise NotImplementedError

    # ------------------------------------------------------------ one run

    def do_mark(self) -> None:
        """Mark the run under the cursor and step down, or unmark it; in a range, mark all of it."""
        run, table = self.current(), self.main_table()
        if table.far_end is not None:
            self._mark_range()
            return
        if run is None:
            return
        if run.run_id in self.marked:
            self.marked.remove(run.run_id)
        elif len(self.marked) >= MOST_MARKS:
            self.say(f"mark: {MOST_MARKS:,} runs are marked already, the most there can be", "watch")
            return
        else:
            self.marked.append(run.run_id)
        table.action_move(1)
        self._marked()

    def _marked(self, also: str = "") -> None:
        self.draw_marks()
        self._rest()
        count = len(self.marked)
        words = f"{count:,} marked"
        if count > COMPARED:
            words += f": more than the {COMPARED} that can be compared"
        elif count > 1:
            words += ": c compares them"
        self.say(words + also)
        self.retitle()
        self.refresh_keys()

    def draw_marks(self) -> None:
        """Draw the signs of marks and baseline."""
        table = self.main_table()
        table.marks = dict.fromkeys(self.marked, ("●", ""))
        table.marks |= {
            run_id: (self.sign_of(run_id), self.tone_of(run_id)) for run_id in self.marked[:DRAWN]
        }
        if self.baseline is not None:
            table.marks[self.baseline.run_id] = ("◆", self.tone_of(self.baseline.run_id) or "strong")
        table.refresh()

    def retitle(self) -> None:
        """Say over the table how much it shows and how."""
        raise NotImplementedError

    # ------------------------------------------------------------ ranges

    def do_range(self) -> None:
        """Set one end of a range, or mark all runs from that end to the cursor."""
        table, run = self.main_table(), self.current()
        if table.far_end is not None:
            self._mark_range()
        elif run is not None:
            table.far_end = (run.run_id, table.cursor)
            table.refresh()
            self.say("range: move to the other end; v or space marks all of it, esc drops it")

    def drop_range(self) -> bool:
        """Forget the one end of a range; False if there is none."""
        table = self.main_table()
        if table.far_end is None:
            return False
        table.far_end = None
        table.refresh()
        return True

    def _mark_range(self) -> None:
        table, run = self.main_table(), self.current()
        if table.far_end is None or run is None:
            return
        workspace, text, order = self.workspace, self.filter_text, self.order
        ends = (table.far_end[0], run.run_id)
        self.drop_range()

        def work() -> None:
            from pilothouse.tui.snapshots.run_list import ids_between

            worker = get_current_worker()
            try:
                message = self.RangeRead(ids_between(workspace, text, order, ends))
            except Exception as error:  # noqa: BLE001 - told in words
                message = self.RangeRead([], error)
            if not worker.is_cancelled:
                self.post_message(message)

        self.run_worker(work, thread=True, group="range", exit_on_error=False)

    @on(RangeRead)
    def _range_read(self, message: RangeRead) -> None:
        if message.error is not None:
            self.complain(message.error)
            return
        marked = set(self.marked)
        new = [run_id for run_id in message.ids if run_id not in marked]
        room = max(0, MOST_MARKS - len(self.marked))
        self.marked += new[:room]
        left = len(new) - room
        self._marked(f"; {left:,} more are not, {MOST_MARKS:,} is the most" if left > 0 else "")

    # ------------------------------------------------------------ what is done with them

    def do_pin(self) -> None:
        """Make the run under the cursor the baseline, or drop it."""
        run = self.current()
        if run is None:
            return
        self.baseline = None if self.baseline is not None and self.baseline.run_id == run.run_id else run
        self.draw_marks()
        self.show_rows()
        self.say(
            "No baseline."
            if self.baseline is None
            else f"◆ {run.name} is the baseline: metrics of others are changes to it."
        )

    def targets(self) -> list[str]:
        """The marked runs, or the one under the cursor."""
        return list(self.marked) or super().targets()

    def deleted(self, run_ids: list[str]) -> None:
        """They are marked no more."""
        super().deleted(run_ids)
        self.marked = [run_id for run_id in self.marked if run_id not in run_ids]
        if self.baseline is not None and self.baseline.run_id in run_ids:
            self.baseline = None
        self.draw_marks()
        self.main_table().reload()

    def drop_marks(self) -> bool:
        """Forget marks and baseline; False if there are none."""
        if not self.marked and self.baseline is None:
            return False
        gone = " and ".join(["marks"] * bool(self.marked) + ["baseline"] * (self.baseline is not None))
        self.marked.clear()
        self.baseline = None
        self.draw_marks()
        self.show_rows()
        self.say(f"{gone.capitalize()} taken away.")
        return True

    def compared(self) -> list[str]:
        """The runs that ``c`` compares: the baseline, the marked ones, and to one alone the one under the
        cursor."""
        chosen = list(self.marked)
        if self.baseline is not None:
            chosen = [self.baseline.run_id, *(run_id for run_id in chosen if run_id != self.baseline.run_id)]
        run = self.current()
        if len(chosen) == 1 and run is not None and run.run_id not in chosen:
            chosen.append(run.run_id)
        return chosen

    def do_compare(self) -> None:
        """Open the marked runs side by side, the baseline first."""
        from pilothouse.tui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen(tuple(self.compared())))

    def why_not(self, action: str) -> str:
        """Reasons that come from the marks; the rest from the run under the cursor."""
        if action == "compare":
            count = len(self.compared())
            if count > COMPARED:
                return f"{count:,} runs are chosen, and {COMPARED} is the most that can be compared"
            return "" if count > 1 else "mark two runs or more with space first"
        if action in ("mark", "pin", "range") and self.current() is None:
            return "there is no run under the cursor"
        return super().why_not(action)
