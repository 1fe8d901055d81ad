"""How a table of runs is laid out, kept under a name: which columns, how wide, and in which order the runs.

A layout comes back from the store as it went in, or, where something else wrote it, as far as it can be read;
what cannot be read is said, and the default stands in for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pilothouse.jsontext import dumps, loads
from pilothouse.store import Store, record
from pilothouse.tracking.columns import column_text
from pilothouse.tracking.search.fields import BY_NAME
from pilothouse.tracking.search.nodes import Field

WIDEST = 60
"""Cells that a column takes at most."""
MOST_COLUMNS = 200
_LONGEST_KEY = 10_000
_SECTIONS = ("metrics", "params", "tags", "attributes")
_WHICHES = ("last", "min", "max", "best")
STARTED = Field("attributes", "started")


@dataclass(frozen=True, slots=True)
class LayoutColumn:
    """One column; `width` in cells, 0 for as wide as what stands in it."""

    field: Field
    width: int = 0


@dataclass(frozen=True, slots=True)
class TableLayout:
    """Columns in their order, and the order of the runs. No columns at all: what suits the runs shown."""

    columns: tuple[LayoutColumn, ...] = ()
    order_by: Field = STARTED
    descending: bool = True

    @property
    def automatic(self) -> bool:
        """Whether the columns follow from the runs."""
        return not self.columns

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is shown."""
        return tuple(column.field for column in self.columns)

    def to_json(self) -> dict[str, Any]:
        """Return the layout as plain data."""
        return {
            "columns": [{**_field_data(column.field), "width": column.width} for column in self.columns],
            "order_by": _field_data(self.order_by),
            "descending": self.descending,
        }

    # ------------------------------------------------------------ changes

    def shown(self, field: Field, show: bool) -> TableLayout:
        """Show a column, as the last one, or hide it; the only column stays."""
        if show and field not in self.fields and len(self.columns) < MOST_COLUMNS:
            return replace(self, columns=(*self.columns, LayoutColumn(field)))
        if not show and len(self.columns) > 1:
            return replace(self, columns=tuple(it for it in self.columns if it.field != field))
        return self

    def moved(self, field: Field, by: int) -> TableLayout:
        """Move a column by places; at the ends it stays."""
        if field not in self.fields:
            return self
        columns, at = list(self.columns), self.fields.index(field)
        columns.insert(max(0, min(at + by, len(columns) - 1)), columns.pop(at))
        return replace(self, columns=tuple(columns))

    def widened(self, field: Field, width: int) -> TableLayout:
        """Give a column a width in cells; 0 makes it as wide as what stands in it."""
        width = max(0, min(width, WIDEST))
        columns = tuple(replace(it, width=width) if it.field == field else it for it in self.columns)
        return replace(self, columns=columns)

    def aggregated(self, field: Field) -> tuple[TableLayout, Field]:
        """Show the next of a metric's values: last, min, max, best; return the layout and what it shows."""
        if field.section != "metrics":
            return self, field
        start = _WHICHES.index(field.which)
        for step in range(1, len(_WHICHES)):
            which = _WHICHES[(start + step) % len(_WHICHES)]
            other = Field("metrics", field.key, which)  # type: ignore[arg-type]
            if other not in self.fields:
                columns = tuple(replace(it, field=other) if it.field == field else it for it in self.columns)
                order_by = other if self.order_by == field else self.order_by
                return replace(self, columns=columns, order_by=order_by), other
        return self, field


def read_layout(data: Any) -> tuple[TableLayout, str]:
    """Read plain data as a layout; return it, and what is wrong in a sentence (empty: nothing).

    Columns that cannot be read are left out; of anything else the default is taken. Never raises.
    """
    if not isinstance(data, Mapping):
        return TableLayout(), "The remembered columns cannot be read: the default ones are shown."
    given = data.get("columns", [])
    listed = given if isinstance(given, list) else []
    columns: dict[Field, LayoutColumn] = {}
    bad = not isinstance(given, list) or len(listed) > MOST_COLUMNS
    for item in listed[:MOST_COLUMNS]:
        field = _field(item)
        if field is None or field in columns:
            bad = True
            continue
        width = _width(item.get("width", 0))
        bad = bad or width is None
        columns[field] = LayoutColumn(field, width or 0)
    order_by = _field(data.get("order_by", _field_data(STARTED)))
    descending = data.get("descending", True)
    bad = bad or order_by is None or not isinstance(descending, bool)
    layout = TableLayout(
        tuple(columns.values()), order_by or STARTED, descending if isinstance(descending, bool) else True
    )
    if not bad:
        return layout, ""
    if not columns:
        return layout, "The remembered columns cannot be read: the default ones are shown."
    return layout, "Some of the remembered columns cannot be read: they are left out."


def _field_data(field: Field) -> dict[str, str]:
    return {"section": field.section, "key": field.key, "which": field.which}


def _field(data: Any) -> Field | None:
    if not isinstance(data, Mapping):
        return None
    section, key, which = data.get("section"), data.get("key"), data.get("which", "last")
    if section not in _SECTIONS or which not in _WHICHES or not isinstance(key, str):
        return None
    if len(key) > _LONGEST_KEY or (section == "attributes" and key not in BY_NAME):
        return None
    if section != "metrics" and which != "last":
        return None
    return Field(section, key, which)


def _width(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if 0 <= value <= WIDEST else None


# ------------------------------------------------------------ the store


def load_layout(store: Store, name: str) -> tuple[TableLayout, str]:
    """Return the layout kept under a name, or the default; and what was wrong with it, if anything was."""
    rows = store.query("SELECT layout FROM layouts WHERE name = ?", [name])
    if not rows:
        return TableLayout(), ""
    try:
        return read_layout(loads(rows[0]["layout"]))
    except (ValueError, RecursionError):
        return read_layout(None)


def save_layout(store: Store, name: str, layout: TableLayout) -> None:
    """Keep a layout under a name; the default one is forgotten instead. One that is kept already stays as
    it is; any other leaves an event."""
    default = layout == TableLayout()
    with store.transaction() as tx:
        kept = tx.value("SELECT CAST(layout AS VARCHAR) FROM layouts WHERE name = ?", [name])
        text = None if default else dumps(layout.to_json())
        if text == kept:
            return
        if text is None:
            tx.execute("DELETE FROM layouts WHERE name = ?", [name])
        else:
            tx.execute("INSERT OR REPLACE INTO layouts VALUES (?, ?, ?)", [name, text, datetime.now(UTC)])
        record(tx, "layout", name, layout_words(name, layout), layout.to_json())


def layout_words(name: str, layout: TableLayout) -> str:
    """Return a sentence that tells what a table shows and in which order."""
    keys = [column_text(field)[:60] for field in layout.fields]
    shown = ", ".join(keys[:8]) + (f" and {len(keys) - 8} more" if len(keys) > 8 else "")
    order = "descending" if layout.descending else "ascending"
    columns = shown or "the columns that suit its runs"
    return f"The table {name} shows {columns}; by {column_text(layout.order_by)[:60]}, {order}."


def runs_layout(model: str) -> str:
    """Return the name under which the columns of the list of runs are kept while a model is steered."""
    return f"runs/{model}"
