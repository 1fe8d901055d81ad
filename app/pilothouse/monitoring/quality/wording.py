"""Rules in words, and beside them what a reference had and what a file has."""

from __future__ import annotations

from pilothouse.monitoring.columns import ColumnProfile
from pilothouse.monitoring.quality.measuring import ColumnFigures
from pilothouse.monitoring.quality.rules import ColumnRule, FileRules
from pilothouse.monitoring.wording import number, percent

MARGINS = """\
Suggested with margins that ordinary files keep: a range is as wide again on either side as what was seen,
more where the tails are heavy, from zero where it is of amounts, ten times for small counts; missing values
may double, and five points more; named categories may have 5% others (shares that chance gives a small file
do not count); a file may have a tenth to ten times the rows of earlier ones."""


def asked_missing(rule: ColumnRule) -> str:
    """Say how many values may be missing; empty if any number may."""
    if rule.max_missing is None:
        return ""
    return f"≤ {percent(rule.max_missing)}" if rule.max_missing else "none"


def asked_values(rule: ColumnRule) -> str:
    """Say what the values must be like; empty if nothing is asked of them."""
    said = []
    if rule.min is not None or rule.max is not None:
        low, high = ("" if end is None else value_in_words(end) for end in (rule.min, rule.max))
        said.append(f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}")
    if rule.categories is not None:
        named = ", ".join(rule.categories[:3]) + (", …" if len(rule.categories) > 3 else "")
        said.append(f"{len(rule.categories)} known: {named}")
        said.append(f"≤ {percent(rule.max_new)} new" if rule.max_new else "none new")
    said += [word for word, asked in (("unique", rule.unique), ("varies", rule.varies)) if asked]
    said += [] if rule.leak_check else ["no leak check"]
    said += ["a file may lack it"] if rule.optional else []
    return "; ".join(said)


def asked_of_files(rules: FileRules) -> list[str]:
    """Say what is asked of a file as a whole."""
    asked = rules.dataset
    said = []
    low, high = (None if end is None else f"{end:,}" for end in (asked.min_rows, asked.max_rows))
    if low and high:
        said.append(f"{low} to {high} rows")
    elif low or high:
        said.append(f"{low} rows or more" if low else f"at most {high} rows")
    if asked.max_duplicates is not None:
        said.append(f"≤ {percent(asked.max_duplicates)} repeated rows")
    if asked.max_age is not None:
        said.append(f"newest time ≤ {asked.max_age} old")
    return said


def had(column: ColumnProfile | None) -> str:
    """Say what a reference had in a column; empty if it had none of that name."""
    if column is None:
        return ""
    values = ""
    if column.min is not None and column.max is not None:
        values = _range(column.min, column.max)
    elif column.kind in ("category", "boolean") and column.levels:
        values = f"{column.distinct:,} values"
    return _joined(values, column.missing, column.rows)


def has(figures: ColumnFigures | None, rule: ColumnRule, rows: int) -> str:
    """Say what a file has in a column, in the same words; empty if it lacks it."""
    if figures is None:
        return ""
    values = ""
    if figures.low is not None and (rule.type not in ("text", "boolean", "other") or rule.min is not None):
        values = _range(figures.low, figures.high)
    beyond = []
    if figures.unreadable:
        beyond.append(f"{figures.unreadable:,} unreadable")
    if figures.outside:
        beyond.append(f"{figures.outside:,} outside")
    if figures.fresh:
        beyond.append(f"{percent(figures.fresh / figures.present)} new")
    elif rule.categories is not None:
        beyond.append("none new")
    if rule.unique:
        repeats = figures.present - figures.distinct
        beyond.append(f"{repeats:,} repeated" if repeats else "unique")
    return _joined("; ".join([*([values] if values else []), *beyond]), rows - figures.present, rows)


def value_in_words(value: object) -> str:
    """Write a bound: numbers with as many digits as help, times without a midnight."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return number(value)
    return str(value)[:60].removesuffix("T00:00:00").removesuffix(" 00:00:00")


def _range(low: object, high: object) -> str:
    return f"{value_in_words(low)} to {value_in_words(high)}"


def _joined(values: str, missing: int, rows: int) -> str:
    gaps = f"{percent(missing / rows)} missing" if missing and rows else ""
    return " · ".join(part for part in (values, gaps) if part)
