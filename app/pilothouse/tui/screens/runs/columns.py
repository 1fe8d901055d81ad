"""Which columns the list of runs has, and what stands in them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pilothouse.tracking.columns import HEADS, column_text, heads_apart, value_of
from pilothouse.tracking.durations import NONE, duration
from pilothouse.tracking.layouts import LayoutColumn, TableLayout
from pilothouse.tracking.search.fields import BY_NAME
from pilothouse.tracking.search.nodes import Field
from pilothouse.tracking.usual import usual_metrics
from pilothouse.tui.signs import run_state
from pilothouse.tui.text import clock, number, percent, safe, setting, signed, width
from pilothouse.tui.widgets.rows import Column, Row

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run

SHORT = 6
"""Characters of a run's id that are shown; the id is random, so these tell runs apart."""
MOST_METRICS, MOST_PARAMS = 3, 4
"""So many are shown where nobody chose."""

_FIRST = tuple(Field("attributes", key) for key in ("run_id", "name", "status", "started", "took"))
_RECIPE = Field("attributes", "recipe")
# Cells of a column that is always as wide, and the most that one takes that is as wide as what stands in it.
_WIDTHS = {"run_id": SHORT, "status": 10, "progress": 8}
_MOST = {"name": 18, "started": 10, "ended": 10, "took": 9, "recipe": 24}
_PLAIN = re.compile(r"-?\d+(?:\.(\d{1,8}))?", re.ASCII)


class RunColumns:
    """The columns of one list. Those that nobody chose, and the digits of all, follow from the runs on the
    first page and then stay, so that pages agree."""

    def __init__(self, layout: TableLayout) -> None:
        self.layout = layout
        self.automatic: list[Field] = []
        """What is shown where nobody chose."""
        self._metrics: list[str] = []
        self._params: list[str] = []
        self._recipes = False
        self._digits: dict[Field, int] = {}
        self._numeric: dict[Field, bool] = {}

    @property
    def shown(self) -> tuple[LayoutColumn, ...]:
        """The columns in their order."""
        return self.layout.columns or tuple(map(LayoutColumn, self.automatic or _FIRST))

    @property
    def fields(self) -> list[Field]:
        """What is shown."""
        return [column.field for column in self.shown]

    # ------------------------------------------------------------ learning

    def learn(self, runs: Sequence[Run]) -> None:
        """Find columns and digits for what these runs have; parameters that differ come before others."""
        for key in usual_metrics(runs, MOST_METRICS):
            if key not in self._metrics and len(self._metrics) < MOST_METRICS:
                self._metrics.append(key)
        self._recipes = self._recipes or any(run.recipe or run.command for run in runs)
        values: dict[str, Counter[str]] = {}
        for run in runs:
            for key, value in run.params.items():
                values.setdefault(key, Counter())[value] += 1
        for key in sorted(values, key=lambda k: (len(values[k]) < 2, -sum(values[k].values()), k)):
            if key not in self._params and len(self._params) < MOST_PARAMS:
                self._params.append(key)
        self.automatic = [
            *_FIRST,
            *(Field("metrics", key) for key in self._metrics),
            *([_RECIPE] if self._recipes else []),
            *(Field("params", key) for key in self._params),
        ]
        for field in self.fields:
            self._learn_digits(field, [value_of(run, field) for run in runs])

    def _learn_digits(self, field: Field, values: Iterable[Any]) -> None:
        known = [value for value in values if value is not None]
        if field in self._digits or not known:
            return
        if field.section == "metrics":
            self._digits[field] = common_digits(known)
        elif field.section in ("params", "tags"):
            found = [_PLAIN.fullmatch(value) for value in known]
            self._digits[field] = max((len(match[1] or "") for match in found if match), default=0)
            self._numeric[field] = sum(map(_is_number, known)) * 2 > len(known)

    # ------------------------------------------------------------ columns

    def columns(self, order_by: Field, descending: bool) -> tuple[Column, ...]:
        """The columns as a table has them, with the sign of the order on one of them."""
        return tuple(
            self._column(it, label, ("▼" if descending else "▲") if it.field == order_by else "")
            for it, label in zip(self.shown, heads_apart(self.fields, label_of), strict=True)
        )

    def _column(self, it: LayoutColumn, label: str, mark: str) -> Column:
        field = it.field
        own = field.section == "attributes"
        cells = it.width or (_WIDTHS.get(field.key, 0) if own else 0)
        most = max(_MOST.get(field.key, 24) if own else 16, width(label) + 1, cells)
        return Column(column_text(field), label, self._align(field), cells, most, False, mark)

    def _align(self, field: Field) -> str:
        if field.section == "attributes":
            return "left" if BY_NAME[field.key].kind in ("text", "time") else "right"
        return "right" if field.section == "metrics" or self._numeric.get(field, False) else "left"

    # ------------------------------------------------------------ cells

    def row(self, run: Run, now: datetime, baseline: Run | None = None) -> Row:
        """One run as a row; with a baseline the metrics of the others are changes to its own."""
        pairs = [self._cell(run, field, now, baseline) for field in self.fields]
        return Row(run.run_id, tuple(text for text, _ in pairs), tuple(tone for _, tone in pairs), run)

    def _cell(self, run: Run, field: Field, now: datetime, baseline: Run | None) -> tuple[str, str]:
        if field.section == "attributes":
            return _attribute(run, field.key, now)
        value = value_of(run, field)
        if field.section == "metrics":
            return self._metric(value, field, run, baseline)
        if value is None:
            return NONE, "dim"
        return setting(self._padded(value, field)), ""

    def _metric(self, value: Any, field: Field, run: Run, baseline: Run | None) -> tuple[str, str]:
        if value is None:
            return NONE, "dim"
        if baseline is not None and baseline.run_id != run.run_id:
            base = value_of(baseline, field)
            if base is not None and math.isfinite(value - base):
                return signed(value - base), "accent"
        return with_digits(value, self._digits.get(field, 4)), ""

    def _padded(self, value: str, field: Field) -> str:
        digits, match = self._digits.get(field, 0), _PLAIN.fullmatch(value)
        if match is None or not digits or not self._numeric.get(field):
            return value
        have = len(match[1] or "")
        return value + ("" if have else ".") + "0" * (digits - have) if have < digits else value


def _attribute(run: Run, key: str, now: datetime) -> tuple[str, str]:
    match key:
        case "run_id":
            return safe(run.run_id[:SHORT]), "dim"
        case "name":
            return safe(run.name, 60), ""
        case "status":
            return run_state(run.status, run.progress)
        case "started" | "ended":
            return clock(run.started_at if key == "started" else run.ended_at, now), "dim"
        case "took":
            return duration(run.seconds_until(now)), ""
        case "recipe":
            return safe(run.recipe or run.command, 60), "dim"
        case "dataset":
            return safe(run.dataset_version[:12]) or NONE, "dim"
        case "progress":
            return percent(run.progress), ""
    value = value_of(run, Field("attributes", key))
    return (NONE, "dim") if value is None else (safe(value, 80), "")


def label_of(field: Field) -> str:
    """What stands over a column: the key, and before it which of a metric's values, if not the last."""
    if field.section == "attributes":
        return HEADS.get(field.key, field.key)
    key = safe(field.key, 24) or "''"
    return key if field.which == "last" else f"{field.which} {key}"


# ------------------------------------------------------------ numbers


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def common_digits(values: Iterable[float]) -> int:
    """How many digits after the point suit all of these numbers; -1 where they are too large or too small."""
    most = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if most == 0:
        return 4
    if most >= 1e9 or most < 1e-3:
        return -1
    return 0 if most >= 1000 else 2 if most >= 10 else 4


def with_digits(value: float | None, digits: int) -> str:
    """A number with so many digits after the point, or as it needs where those would say nothing of it."""
    if value is None or not math.isfinite(value):
        return number(value)
    if digits < 0 or abs(value) >= 1e9:
        return f"{value:.2e}"
    if value and abs(value) < (10.0 ** (1 - digits) if digits >= 4 else 5 * 10.0**-digits):
        return number(value)
    return f"{value:,.{digits}f}"
