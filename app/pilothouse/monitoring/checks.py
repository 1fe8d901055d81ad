"""Is a file fit to learn from? What is wrong with it, column by column, before anything uses it.

A file is read twice at most: once for the types of a text format, and once for all that the rules ask. Only
where something is wrong are rows looked up that show it.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from pilothouse.data.conversion import may_read, misfit
from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, Source, as_file, delimiter, first_line, is_csv
from pilothouse.data.schema import Column, Schema, fits, may_share, type_in_words
from pilothouse.data.types_found import types_for
from pilothouse.monitoring.examples import Example, misfits
from pilothouse.monitoring.patience import Progress, Steps, patiently
from pilothouse.monitoring.quality.measuring import FileFigures, Wanted, measure
from pilothouse.monitoring.quality.rules import WARN, FileRules

ERROR = "error"
WARNING = "warning"
NOTE = "note"
_SEVERITIES = (ERROR, WARNING, NOTE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a file, or worth knowing.

    Attributes:
        severity: "error" holds the file back; "warning" does not; "note" is nothing wrong, but good to know.
        column: the column it is about; empty for the file as a whole.
        message: one sentence that names what, and where there is one the row or an example.
        rule: what it breaks: readable, rows, named-twice, column, new-column, type, finite, missing, target,
            labels, unique, again, range, categories, constant, duplicates, freshness, id-like, leak,
            new-leak, view, rule-type, copy, own, drift or held-again; empty in what was stored before rules
            had names.
        count: how many rows break it; 0 where it is not about rows.
        examples: the first of those rows.
        next: what a person can do about it, where there is something to say.
        bars: whether no training could read the file beside others, so that nobody can take it in.
    """

    severity: str
    column: str
    message: str
    rule: str = ""
    count: int = 0
    examples: tuple[Example, ...] = ()
    next: str = ""
    bars: bool = False

    @staticmethod
    def from_stored(fields: dict[str, Any]) -> Finding:
        """Read what `asdict` made and the store kept as JSON."""
        shown = tuple(Example(row, value) for row, value in fields.get("examples", ()))
        return Finding(**{**fields, "examples": shown})


@dataclass(frozen=True, slots=True)
class Roles:
    """What some columns are for. Excluded ones may be missing; the target should have two classes."""

    target: str | None = None
    id: str | None = None
    exclude: tuple[str, ...] = ()
    classification: bool = True
    time: str | None = None


def is_sound(findings: Collection[Finding]) -> bool:
    """Say whether nothing found holds the file back."""
    return all(finding.severity != ERROR for finding in findings)


@dataclass(frozen=True, slots=True)
class Examined:
    """What is wrong with a file, errors first, and the figures behind it; None if it cannot be read."""

    findings: list[Finding]
    figures: FileFigures | None


def check_file(
    source: Source,
    schema: Schema | None,
    roles: Roles | None = None,
    rules: FileRules | None = None,
    *,
    now: float | None = None,
    progress: Progress | None = None,
) -> list[Finding]:
    """Read a file to its last byte and say what is wrong with it, errors first; see `examine_file`."""
    return examine_file(source, schema, roles, rules, now=now, progress=progress).findings


def examine_file(
    source: Source,
    schema: Schema | None,
    roles: Roles | None = None,
    rules: FileRules | None = None,
    *,
    now: float | None = None,
    progress: Progress | None = None,
) -> Examined:
    """Read a file to its last byte, once but for the types of a text format.

    Args:
        source: the file.
        schema: what its columns must be; without one, and without accepted rules, only what any file must
            satisfy is checked.
        roles: which column is the target and which do not matter.
        rules: what its values must be. Suggested ones only warn; accepted ones hold the file back, and say
            what its columns must be in place of the schema.
        now: the moment that freshness is counted from, in seconds since 1970; the clock's by default.
        progress: called while it lasts; cancels by raising.
    """
    try:
        with connect() as con:

            def work(steps: Steps) -> Examined:
                return _check(con, source, schema, roles or Roles(), rules, now, steps)

            found = patiently(con, work, progress, steps=3)
    except DataError as error:
        return Examined([Finding(ERROR, "", error.what, "readable", bars=True)], None)
    found.findings.sort(key=lambda finding: _SEVERITIES.index(finding.severity))
    return found


def _check(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    schema: Schema | None,
    roles: Roles,
    rules: FileRules | None,
    now: float | None,
    steps: Steps,
) -> Examined:
    from pilothouse.monitoring.quality.judging import judge_figures

    name = as_file(source).name
    found = [
        Finding(ERROR, twice, f"{name} has two columns called {twice!r}.", "named-twice")
        for twice in _twice(source)
    ]
    steps.next("looking at the columns")
    accepted = rules is not None and rules.accepted is not None
    expected = rules.schema() if rules is not None and accepted else schema
    if expected is not None and schema is not None and roles.target is not None:
        expected = _spelled_as(expected, schema, roles.target)
    types = types_for(con, source, expected.columns if expected else ())
    if accepted and expected is not None and schema is not None:
        found += _other_rules(source, expected, schema, types, roles)
    columns = (
        expected.columns
        if expected
        else tuple(Column(column, kind, "text", False) for column, kind in types.items())
    )
    if is_csv(source):
        # CSV has no types: what should be text is read as text.
        types.update(
            {column.name: "text" for column in columns if column.type == "text" and column.name in types}
        )
    steps.next("checking the values")
    figures = measure(con, source, _wanted(columns, types, roles, rules, known=expected is not None))
    if figures.rows == 0:
        nothing = Finding(ERROR, "", f"{name} has a header but no rows.", "rows", bars=True)
        return Examined([*found, nothing], figures)
    steps.next("judging")
    sound = []
    for column in columns:
        if column.name == roles.target and column.name not in types:
            continue
        rule = rules.column(column.name) if rules is not None and accepted else None
        if rule is not None and rule.optional and column.name not in types:
            continue
        problem = _problem(con, source, column, types, figures, [one.name for one in columns])
        if problem is None:
            sound.append(column)
            continue
        # Without its target no training could read the file.
        spared = column.name in roles.exclude or (
            rule is not None and rule.on_fail == WARN and column.name != roles.target
        )
        severity = WARNING if spared else ERROR
        if column.name in types:
            count, shown = misfits(con, source, column, types[column.name])
            bars = severity == ERROR and not may_share(column.type, types[column.name])
            found.append(Finding(severity, column.name, problem, "type", count, shown, bars=bars))
        else:
            found.append(Finding(severity, column.name, problem, "column"))
    if roles.target is not None and roles.target not in types:
        found.append(_unlabelled(name, roles.target, columns, types))
    judged = judge_figures(con, source, sound, types, figures, roles, rules, expected is not None, now)
    leaks = {one.column: one for one in judged if one.rule == "leak"}
    new = [column.name for column in _new(columns, types)]
    found += [_of_new(column, leaks.get(column)) for column in new]
    found += [one for one in judged if one.rule != "leak" or one.column not in new]
    return Examined(found, figures)


def _other_rules(
    source: Source, asked: Schema, known: Schema, types: dict[str, str], roles: Roles
) -> list[Finding]:
    """Say which columns pass for what the accepted schema says, but are what the model reads instead."""
    found = []
    for column in asked.columns:
        one, kind = known.column(column.name), types.get(column.name, "empty")
        if one is None or kind == "empty" or column.name in roles.exclude or fits(one.type, column.type):
            continue
        passes = may_read(source, column, kind) or (is_csv(source) and column.type == "text")
        if passes and fits(one.type, kind):
            said = (
                f"{column.name!r} is {type_in_words(kind)} in {as_file(source).name}, and that is what the "
                f"model reads; the accepted schema says {type_in_words(column.type)}, so that its values are "
                "not looked at."
            )
            found.append(Finding(WARNING, column.name, said, "rule-type"))
    return found


def _new(columns: Collection[Column], types: dict[str, str]) -> list[Column]:
    """Return the columns of a file that nobody asked for."""
    known = {column.name for column in columns}
    return [Column(name, kind, "text", False) for name, kind in types.items() if name not in known]


def _spelled_as(expected: Schema, known: Schema, target: str) -> Schema:
    """Let what is accepted read a target that says yes or no as what is known does."""
    one = known.column(target)
    return Schema(
        tuple(
            replace(column, classes=one.classes)
            if one is not None and column.name == target and column.type == one.type
            else column
            for column in expected.columns
        )
    )


def _unlabelled(name: str, target: str, columns: Collection[Column], types: dict[str, str]) -> Finding:
    """Labels may come later, so a file without the target is as good as any; but one that has it under
    another name should be seen."""
    near = _nearest(target, [column.name for column in columns if column.name in types], types)
    if near:
        said = f"{name} has no column {target!r}, the target; it has {near!r}."
        return Finding(WARNING, target, said, "labels")
    return Finding(
        NOTE, target, f"{name} has no column {target!r}, the target: the file has no labels.", "labels"
    )


def _nearest(name: str, known: Collection[str], types: Collection[str]) -> str:
    """Return the column of a file that may be meant by a name, among those that nobody asked for."""
    strangers = [column for column in types if column not in known]
    return next(iter(difflib.get_close_matches(name, strangers, n=1, cutoff=0.7)), "")


def _of_new(column: str, leak: Finding | None) -> Finding:
    said = f"The column {column!r} is new; nothing uses it."
    return Finding(
        WARNING, column, f"{said} {leak.message}" if leak else said, "new-leak" if leak else "new-column"
    )


def _wanted(
    columns: Collection[Column], types: dict[str, str], roles: Roles, rules: FileRules | None, *, known: bool
) -> Wanted:
    spared = {roles.id, roles.target, *roles.exclude}
    # Before anybody accepts a new column it should be known if it gives the target away.
    new = _new(columns, types)
    columns = (*columns, *new)
    asked = rules.columns if rules else ()
    watched = {one.name for one in (new if rules else columns)} | {
        rule.name for rule in asked if rule.leak_check
    }
    unique = {name for name in (roles.id, roles.target) if name}
    if not known:  # At the first sight of data a counter may be a feature by mistake.
        unique |= {column.name for column in columns if column.type == "integer"}
    return Wanted(
        tuple(columns),
        types,
        rules,
        target=roles.target,
        time=roles.time,
        unique=tuple(unique),
        leaks=tuple(
            column.name for column in columns if column.name not in spared and column.name in watched
        ),
        text_target=roles.classification,
    )


def _problem(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    column: Column,
    types: dict[str, str],
    figures: FileFigures,
    known: Collection[str],
) -> str | None:
    name = as_file(source).name
    if column.name not in types:
        near = _nearest(column.name, known, types)
        hint = f"; it has {near!r}" if near else ""
        return f"{name} has no column {column.name!r}{hint}."
    kind, seen = types[column.name], figures.columns.get(column.name)
    if may_read(source, column, kind) and not (seen and seen.unreadable):
        return None
    return misfit(con, source, column, kind).what


def _twice(source: Source) -> list[str]:
    """Columns that a CSV header names twice; DuckDB would quietly rename the second."""
    name, path = as_file(source)
    if not is_csv(source):
        return []
    packing = "gzip" if name.lower().endswith(".gz") else "none"
    header = next(csv.reader([first_line(path, packing)], delimiter=delimiter(path, packing)), [])
    return sorted({column for column in header if column and header.count(column) > 1})
