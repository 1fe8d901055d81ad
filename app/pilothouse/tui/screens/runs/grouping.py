"""The list of runs as groups: one row for each value of a parameter, a tag or an attribute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.content import Content

from pilothouse.tracking.columns import column_text
from pilothouse.tracking.durations import NONE
from pilothouse.tracking.grouping import BAD_ENDS, End, Group, GroupOrder, Measure, best_groups_first, members
from pilothouse.tracking.search.rendering import render
from pilothouse.tui.screens.runs.columns import common_digits, label_of, with_digits
from pilothouse.tui.screens.runs.marking import MarkActs
from pilothouse.tui.screens.runs.nothing import nothing_here
from pilothouse.tui.signs import RUN_STATES
from pilothouse.tui.text import counted, line, safe
from pilothouse.tui.widgets.rows import Column, Page, Row

if TYPE_CHECKING:
    from pilothouse.tracking.search.nodes import Field

MOST_GROUP_METRICS = 8
"""Metrics that are summed up at a time."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What is grouped by, and how the groups are ordered."""

    by: Field
    order: GroupOrder


@dataclass(frozen=True, slots=True)
class Left:
    """Where a person was when they opened a group."""

    grouping: Grouping
    filter_text: str
    key: str


class GroupActs(MarkActs):
    """``b`` groups, enter on a group shows its runs, esc goes back."""

    def __init__(self) -> None:
        super().__init__()
        self.grouping: Grouping | None = None
        self._left: Left | None = None
        self._usual: list[Field] | None = None
        """The metrics that most of the runs in the groups have."""
        self.cursor_to = ""
        """The key of the row that the cursor is put on when the next rows are here."""

    def put_filter(self, text: str) -> None:
        """Put a search into the filter box as if it had been typed."""
        raise NotImplementedError

    def filter_changed(self) -> None:
        """Fetch with the filter that is in the box now."""
        raise NotImplementedError

    def current_group(self) -> Group | None:
        """The group under the cursor."""
        row = self.main_table().row
        return row.item if row is not None and isinstance(row.item, Group) else None

    # ------------------------------------------------------------ in and out

    def do_group(self) -> None:
        """Ask what to group by."""
        from pilothouse.tui.dialogs.group import GroupDialog

        dialog = GroupDialog(self.workspace, self.grouping.by if self.grouping else None)
        self.app.push_screen(dialog, self._grouped)

    def _grouped(self, chosen: tuple[Field | None] | None) -> None:
        if chosen is None:
            return
        by = chosen[0]
        self._left = None
        self.grouping = Grouping(by, GroupOrder()) if by is not None else None
        self.drop_range()
        self.show_rows(top=True)
        self.refresh_keys()
        if by is not None:
            self.say(f"Grouped by {label_of(by)}: enter shows its runs, esc goes back.")

    def open_group(self, group: Group) -> None:
        """Show the runs of a group: its value becomes a part of the filter."""
        if self.grouping is None:
            return
        row = self.main_table().row
        self._left = Left(self.grouping, self.filter_text, row.key if row else "")
        inside = render(members(self.grouping.by, group.value))
        before = self.filter_text.strip()
        self.grouping = None
        self.put_filter(f"({before}) AND {inside}" if before else inside)

    def back_to_groups(self) -> bool:
        """From the runs of a group to the groups, and from the groups to all runs; False from anywhere
        else."""
        left, self._left = self._left, None
        if left is not None:
            self.grouping = left.grouping
            same = left.filter_text == self.filter_text
            self.put_filter(left.filter_text)
            if same:
                self.filter_changed()
            self.cursor_to = left.key
        elif self.grouping is not None:
            self.grouping = None
            self.show_rows(top=True)
        else:
            return False
        self.refresh_keys()
        return True

    # ------------------------------------------------------------ rows

    def group_metrics(self) -> list[Field]:
        """The metrics that are summed up: those that were chosen to be shown of runs, or that most have."""
        if not self.columns.layout.columns and self._usual is not None:
            return self._usual
        return [field for field in self.columns.fields if field.section == "metrics"][:MOST_GROUP_METRICS]

    def group_source(self, grouping: Grouping) -> Callable[[int, int], Page]:
        """What fetches pages of groups."""
        workspace, text = self.workspace, self.filter_text
        # Those on the first page of the list are the newest runs, and groups are of all of them.
        chosen = self.group_metrics() if self.columns.layout.columns else None
        digits: dict[Field, int] = {}

        def fetch(offset: int, limit: int) -> Page:
            from pilothouse.tui.snapshots.run_list import group_page, usual_of_groups

            if chosen is None and (self._usual is None or offset == 0):
                self._usual = usual_of_groups(workspace, text)
            metrics = self._usual or [] if chosen is None else chosen
            found = group_page(workspace, text, grouping.by, metrics, grouping.order, limit, offset)
            for field in metrics:
                known = [it.metrics[field].mean for it in found.groups]
                digits.setdefault(field, common_digits(value for value in known if value is not None))
            ends = ends_shown(found.ends)
            rows = tuple(_row(group, metrics, digits, ends) for group in found.groups)
            said = f"{found.total:,} group{'' if found.total == 1 else 's'}"
            empty = "" if found.total else nothing_here(workspace, text)
            return Page(offset, found.total, rows, _columns(grouping, metrics, ends), said, empty)

        return fetch

    def do_sort(self) -> None:
        """Order by the next column, of runs or of groups."""
        if self.grouping is None:
            super().do_sort()
            return
        choices = self._choices()
        now = (self.grouping.order.measure, self.grouping.order.field)
        at = choices.index(now) if now in choices else -1
        self._order_groups(best_groups_first(*choices[(at + 1) % len(choices)]))

    def sort_by(self, key: str) -> None:
        """Order by the column with this key, of runs or of groups."""
        if self.grouping is None:
            super().sort_by(key)
            return
        now = self.grouping.order
        for measure, field in self._choices():
            if _key(measure, field) == key:
                if (measure, field) == (now.measure, now.field):
                    self.do_reverse()
                else:
                    self._order_groups(best_groups_first(measure, field))

    def do_reverse(self) -> None:
        """Turn the order round, of runs or of groups."""
        if self.grouping is None:
            super().do_reverse()
        else:
            order = self.grouping.order
            self._order_groups(replace(order, descending=not order.descending))

    def _choices(self) -> list[tuple[Measure, Field | None]]:
        """What groups can be ordered by: what has a column now."""
        found: list[tuple[Measure, Field | None]] = [("group", None), ("count", None)]
        here = {column.key for column in self.main_table().columns}
        found += [(end, None) for end in BAD_ENDS if _key(end) in here]
        for field in self.group_metrics():
            found += [("mean", field), ("spread", field), ("best", field)]
        return found

    def _order_groups(self, order: GroupOrder) -> None:
        assert self.grouping is not None
        self.grouping = replace(self.grouping, order=order)
        self.show_rows(top=True)

    def order_words(self) -> str:
        """What the rows are ordered by, and which way."""
        if self.grouping is None:
            return super().order_words()
        order = self.grouping.order
        name = "runs" if order.measure == "count" else order.measure
        of = f" {label_of(order.field)}" if order.field is not None else ""
        return f"by {name}{of} {'▼' if order.descending else '▲'}"

    def why_not(self, action: str) -> str:
        """What cannot be done with a group."""
        if self.current_group() is not None and action in ON_RUNS:
            return "a group is under the cursor: enter shows its runs"
        return super().why_not(action)

    def group_words(self, group: Group) -> Content:
        """What is said beside the table of the group under the cursor."""
        by = label_of(self.grouping.by) if self.grouping else ""
        ends = [f"{group.ends(end):,} {end}" for end in BAD_ENDS if group.ends(end)]
        value = "without a value" if group.value is None else safe(group.value, 200)
        return line(
            (by, "bold"), "  ", value, "\n",
            (", ".join([counted(group.count, "run"), *ends]), ""), "\n",
            ("enter shows them, esc goes back", "$dim"),
        )  # fmt: skip

    def group_facts(self, group: Group) -> Content:
        """Every metric of the group that is summed up."""
        rows = []
        for field, told in group.metrics.items():
            digits = common_digits([told.mean] if told.mean is not None else [])
            rows.append(
                line(
                    (f"{label_of(field)}  ", "$dim"),
                    f"{with_digits(told.mean, digits)} ± {with_digits(told.spread, digits)}",
                    (f"  best {with_digits(told.best, digits)}", "$dim"),
                )
            )
        return Content("\n").join(rows)


ON_RUNS = (
    "mark", "range", "pin", "details", "logs", "stop_run", "rerun", "note", "tags", "delete", "copy",
)  # fmt: skip


def _key(measure: str, field: Field | None = None) -> str:
    """The key of the column that shows this measure."""
    return measure if field is None else f"{measure} {column_text(field)}"


def ends_shown(had: Sequence[End]) -> tuple[End, ...]:
    """The bad ends that have a column: failed, and of the others those that any run of all groups had."""
    return tuple(end for end in BAD_ENDS if end == "failed" or end in had)


def _columns(grouping: Grouping, metrics: list[Field], ends: Sequence[End]) -> tuple[Column, ...]:
    order = grouping.order
    arrow = "▼" if order.descending else "▲"

    def mark(measure: str, field: Field | None = None) -> str:
        return arrow if (order.measure, order.field) == (measure, field) else ""

    columns = [
        Column(_key("group"), label_of(grouping.by), most=30, mark=mark("group")),
        Column(_key("count"), "runs", "right", mark=mark("count")),
        *(Column(_key(end), end, "right", mark=mark(end)) for end in ends),
    ]
    for field in metrics:
        name = label_of(field)
        columns += [
            Column(_key("mean", field), f"mean {name}", "right", most=24, mark=mark("mean", field)),
            Column(_key("spread", field), "± spread", mark=mark("spread", field)),
            Column(_key("best", field), "best", "right", mark=mark("best", field)),
        ]
    return tuple(columns)


def _row(group: Group, metrics: list[Field], digits: dict[Field, int], ends: Sequence[End]) -> Row:
    cells = [NONE if group.value is None else safe(group.value, 80) or "''", f"{group.count:,}"]
    tones = ["dim" if group.value is None else "", ""]
    for end in ends:
        cells.append(f"{group.ends(end):,}")
        tones.append(RUN_STATES[end.upper()][2] if group.ends(end) else "dim")
    for field in metrics:
        told = group.metrics[field]
        spread = NONE if told.spread is None else f"± {with_digits(told.spread, digits[field])}"
        cells += [with_digits(told.mean, digits[field]), spread, with_digits(told.best, digits[field])]
        tones += ["", "dim", ""]
    key = "no value" if group.value is None else f"value {group.value}"
    return Row(key, tuple(cells), tuple(tones), group)
