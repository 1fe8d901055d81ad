"""What the figures of one pass over a file say about its values, and the rows that show it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb

from pilothouse.data.reading import Source, as_file
from pilothouse.data.schema import Column
from pilothouse.monitoring.examples import Example, copies, examples, missing_texts, repeated
from pilothouse.monitoring.quality.leaks import find_leaks
from pilothouse.monitoring.quality.measuring import ColumnFigures, FileFigures, broken, table_of
from pilothouse.monitoring.quality.rules import HOLD, ColumnRule, DatasetRules, FileRules
from pilothouse.monitoring.quality.rules_text import seconds_of
from pilothouse.monitoring.quality.suggesting import VARIES_ROWS
from pilothouse.monitoring.wording import number, percent

if TYPE_CHECKING:
    from pilothouse.monitoring.checks import Finding, Roles

_CHANCE = math.log(1000)
_UNITS = ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))


def judge_figures(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    columns: Sequence[Column],
    types: dict[str, str],
    figures: FileFigures,
    roles: Roles,
    rules: FileRules | None,
    known: bool,
    now: float | None,
) -> list[Finding]:
    """Return what is wrong with the values of the columns that can be read, and with the file as a whole.

    Args:
        con, source: for looking up rows.
        columns: those that can be read.
        types: the file's own.
        figures: of `measure`.
        roles, rules: what is asked.
        known: whether it is known what the columns must be; if not, what is odd at first sight is told.
        now: the moment that freshness is counted from.
    """
    one = _Judge(con, source, columns, types, figures, roles, rules, known)
    if rules is not None:
        one.whole(rules.dataset, time.time() if now is None else now)
    for column in columns:
        one.column(column)
    one.leaks()
    return one.found


class _Judge:
    """Collects findings; looks rows up only for those."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        source: Source,
        columns: Sequence[Column],
        types: dict[str, str],
        figures: FileFigures,
        roles: Roles,
        rules: FileRules | None,
        known: bool,
    ) -> None:
        self.found: list[Finding] = []
        self._con, self._source, self._columns, self._types = con, source, list(columns), types
        self._figures, self._roles, self._rules, self._known = figures, roles, rules, known
        self._rows, self._name = figures.rows, as_file(source).name

    def whole(self, asked: DatasetRules, now: float) -> None:
        rows = self._rows
        if asked.min_rows is not None and rows < asked.min_rows:
            said = f"{self._name} has {rows:,} rows; at least {asked.min_rows:,} are expected."
            self._tell(asked, "", said, "rows", rows)
        if asked.max_rows is not None and rows > asked.max_rows:
            said = f"{self._name} has {rows:,} rows; at most {asked.max_rows:,} are expected."
            self._tell(asked, "", said, "rows", rows)
        share = self._figures.repeated / max(1, self._figures.compared)
        if asked.max_duplicates is not None and share > asked.max_duplicates:
            exact = self._figures.compared == rows
            count = round(share * rows)
            about = "" if exact else "About "
            said = (
                f"{about}{count:,} of {rows:,} rows ({percent(share)}) repeat another row; "
                f"at most {percent(asked.max_duplicates)} may."
            )
            shown = copies(self._con, self._source, list(self._types))
            self._tell(asked, "", said, "duplicates", count, shown)
        if asked.max_age is not None and self._figures.newest is not None:
            age = now - self._figures.newest
            if age > seconds_of(asked.max_age):
                said = (
                    f"The newest {self._roles.time!r} is {_age(age)} old; "
                    f"at most {asked.max_age} is expected."
                )
                self._tell(asked, self._roles.time or "", said, "freshness")

    def column(self, column: Column) -> None:
        seen = self._figures.columns.get(column.name)
        if seen is None:
            return
        about, rows = column.name, self._rows
        rule = self._rules.column(about) if self._rules else None
        if seen.infinite:
            said = f"{about!r} is infinite in {seen.infinite:,} of {rows:,} rows."
            self._warn(about, said, "finite", seen.infinite, self._shown(column, "isinf(value)"))
        if about == self._roles.target:
            self._target(column, seen)
        else:
            self._missing(column, seen, rule)
        if (about == self._roles.id or (rule is not None and rule.unique)) and seen.distinct < seen.present:
            repeats = seen.present - seen.distinct
            suffix = ", the id" if about == self._roles.id else ""
            said = f"{repeats:,} rows of {self._name} repeat a value of {about!r}{suffix}."
            shown = repeated(self._con, self._source, self._table([column]), "v0")
            self._tell(rule if rule and rule.unique else None, about, said, "unique", repeats, shown)
        if rule is not None:
            self._values(column, seen, rule)
        elif not self._known:
            self._first_sight(column, seen)

    def _target(self, column: Column, seen: ColumnFigures) -> None:
        name, rows, present = column.name, self._rows, seen.present
        said = ""
        if present == 0:
            from pilothouse.monitoring.checks import NOTE, Finding

            said = f"The target {name!r} is missing in all {rows:,} rows: the file has no labels."
            self.found.append(Finding(NOTE, name, said, "labels", rows))
            return
        elif self._roles.classification and seen.distinct == 1:
            said = f"The target {name!r} has one class only: {_text(seen.low)!r} in all {present:,} rows."
        elif present < rows:
            said = f"The target {name!r} is missing in {rows - present:,} of {rows:,} rows."
        if said:
            self._warn(name, said, "target", rows - present)

    def _missing(self, column: Column, seen: ColumnFigures, rule: ColumnRule | None) -> None:
        about, rows = column.name, self._rows
        gaps = rows - seen.present
        share = gaps / rows
        limit = rule.max_missing if rule else None
        over = limit is not None and self._beyond(gaps, rows, limit)
        shown = self._shown(column, "value IS NULL") if gaps and (over or column.required) else ()
        if over and not (column.required and self._suggested):
            assert limit is not None
            most = f"at most {percent(limit)} may be" if limit else "none may be"
            said = f"{about!r} is missing in {gaps:,} of {rows:,} rows ({percent(share)}); {most}."
            self._tell(rule, about, said + self._said_missing(about), "missing", gaps, shown)
        elif column.required and gaps:
            said = f"{about!r} is missing in {gaps:,} of {rows:,} rows; it never was before."
            self._warn(about, said + self._said_missing(about), "missing", gaps, shown)
        elif seen.present == 0 and column.type != "empty" and self._known:
            said = f"{about!r} is missing in all {rows:,} rows.{self._said_missing(about)}"
            self._warn(about, said, "missing", rows)

    def _said_missing(self, column: str) -> str:
        """Say which texts were read as missing: NA may be a country."""
        texts = missing_texts(self._con, self._source, column)
        if not texts:
            return ""
        named = ", ".join(f"the text {text!r} in {_rows(count)}" for text, count in texts)
        return f" Read as missing: {named}."

    def _values(self, column: Column, seen: ColumnFigures, rule: ColumnRule) -> None:
        about, present = column.name, seen.present
        outside, fresh = broken("value", column, self._rules)
        if seen.outside:
            said = f"{about!r} is {_range(rule)} in {seen.outside:,} of {present:,} values."
            self._tell(rule, about, said, "range", seen.outside, self._shown(column, outside))
        if self._beyond(seen.fresh, present, rule.max_new):
            most = f"at most {percent(rule.max_new)} may be" if rule.max_new else "none may be"
            said = (
                f"{about!r} has values that are not known in {seen.fresh:,} rows "
                f"({percent(seen.fresh / present)}); {most}."
            )
            self._tell(rule, about, said, "categories", seen.fresh, self._shown(column, fresh))
        if rule.varies and present >= VARIES_ROWS and seen.low == seen.high:
            said = f"{about!r} is {_named(seen.low)} in all {present:,} rows; it should vary."
            self._tell(rule, about, said, "constant", present)

    def _first_sight(self, column: Column, seen: ColumnFigures) -> None:
        about, present = column.name, seen.present
        if about in (self._roles.target, self._roles.id, *self._roles.exclude) or present < VARIES_ROWS:
            return
        if seen.low == seen.high:
            said = f"{about!r} is {_named(seen.low)} in all {present:,} rows: it tells a model nothing."
            self._warn(about, said, "constant", present)
        elif (
            column.type == "integer"
            and seen.distinct == self._rows
            and seen.high - seen.low == self._rows - 1
        ):
            said = f"{about!r} counts the rows, like an id: a model could learn rows by heart with it."
            self._warn(about, said, "id-like", present)

    def leaks(self) -> None:
        target = self._roles.target
        if target is None or not self._figures.sample:
            return
        suspects = find_leaks(
            target, self._figures.sampled, self._figures.sample, classification=self._roles.classification
        )
        for suspect in suspects:
            said = (
                f"{suspect.column!r} alone gives the target {target!r} away "
                f"({suspect.measure} {suspect.score:.3f}): is it known when a prediction is asked for?"
            )
            self._warn(suspect.column, said, "leak")

    def _beyond(self, count: int, rows: int, limit: float) -> bool:
        """Say whether a share is above the limit; and above what chance explains, if nobody accepted that.

        By Chernoff's bound: n draws give a share s of what has the probability p with at most
        exp(-n KL(s, p)), KL being the divergence of the two; that is to be below one in a thousand.
        """
        share = count / rows if rows else 0.0
        if share <= limit:
            return False
        if not self._suggested or limit == 0:
            return True
        rest = (1 - share) * math.log((1 - share) / (1 - limit)) if share < 1 else 0.0
        return rows * (share * math.log(share / limit) + rest) > _CHANCE

    @property
    def _suggested(self) -> bool:
        return self._rules is None or self._rules.accepted is None

    def _tell(
        self,
        rule: ColumnRule | DatasetRules | None,
        column: str,
        said: str,
        what: str,
        count: int = 0,
        shown: tuple[Example, ...] = (),
    ) -> None:
        from pilothouse.monitoring.checks import ERROR, WARNING, Finding

        holds = rule is not None and rule.on_fail == HOLD and not self._suggested
        self.found.append(Finding(ERROR if holds else WARNING, column, said, what, count, shown))

    def _warn(
        self, column: str, said: str, what: str, count: int = 0, shown: tuple[Example, ...] = ()
    ) -> None:
        self._tell(None, column, said, what, count, shown)

    def _table(self, columns: Sequence[Column]) -> str:
        return table_of(self._source, columns, self._types)

    def _shown(self, column: Column, condition: str) -> tuple[Example, ...]:
        return examples(self._con, self._source, self._table([column]), "v0", condition)


def _text(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _named(value: object) -> str:
    return repr(value) if isinstance(value, str) else _text(value)


def _range(rule: ColumnRule) -> str:
    low, high = (_text(end) if end is not None else None for end in (rule.min, rule.max))
    if low is None:
        return f"above {high}"
    return f"below {low}" if high is None else f"outside {low} to {high}"


def _age(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
