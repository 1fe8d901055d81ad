"""What a person can do about a finding: correct the file, take it as it is, or change what is asked."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from pilothouse.data.schema import fits, type_in_words
from pilothouse.monitoring.checks import ERROR, NOTE, Finding, Roles
from pilothouse.monitoring.quality.rules import FileRules
from pilothouse.monitoring.reference import Reference

MOST_TO_MEND = 0.5
"""Up to this share of rows that do not fit a type, it is the file that is wrong."""
_SCHEMA = {"column", "new-column", "type"}
"""Findings about the columns themselves: a person may accept that they are so from now on."""
_VALUES = {"range": "min and max", "categories": "categories or max_new", "missing": "max_missing",
           "unique": "unique", "constant": "varies", "rows": "min_rows and max_rows",
           "duplicates": "max_duplicates", "freshness": "max_age"}  # fmt: skip
"""Findings about values, and the rules that say what they may be."""


def advised(
    findings: Sequence[Finding],
    name: str,
    *,
    by_rules: bool,
    landed: bool = True,
    rows: int = 0,
    roles: Roles | None = None,
    reference: Reference | None = None,
    rules: FileRules | None = None,
) -> tuple[Finding, ...]:
    """Return the findings with what to do next.

    Args:
        findings: of a file.
        name: the file's; its path if it is not in the data folder.
        by_rules: whether a person has accepted a schema, so that there are rules to change.
        landed: whether it is in the data folder, so that it can be accepted.
        rows: how many the file has, where that is known.
        roles: what some columns are for; those that have one are not given up like any other.
        reference: what the file is compared with: its types are those that the live version reads.
        rules: the schema that a person has accepted, if any.
    """
    asked = roles or Roles()
    return tuple(
        replace(
            finding,
            next=_of_type(finding, rows, reference, rules)
            or _next(finding, name, by_rules, landed, rows, asked),
        )
        for finding in findings
    )


def _of_type(finding: Finding, rows: int, reference: Reference | None, rules: FileRules | None) -> str:
    """Say what to do about a type that the live version reads otherwise; empty where it reads none.

    To give it up for good would leave the version blind to that column, and keep training from the others.
    """
    known = reference.schema.column(finding.column) if reference else None
    if finding.rule not in ("type", "rule-type") or reference is None or known is None:
        return ""
    reads = f"{reference.label} reads {type_in_words(known.type)} there"
    rule = rules.column(finding.column) if rules else None
    if rule is not None and not fits(known.type, rule.type):
        back = shlex.quote(f"{finding.column}.type={known.type}")
        return f"{reads}: `pilothouse schema set {back}`."
    if 0 < finding.count <= MOST_TO_MEND * rows:
        return f"Correct the file: {finding.count:,} of {rows:,} rows do not fit, the others do."
    return f"Correct the file: {reads}."


def _next(finding: Finding, name: str, by_rules: bool, landed: bool, rows: int, roles: Roles) -> str:
    file = shlex.quote(name)
    if finding.rule == "rows" and finding.bars:
        return "Write the file again, with its rows; it is looked at as soon as it changes." if landed else ""
    if finding.rule == "labels":
        waits = (
            "Drift of its inputs and estimated harm are judged. Labels that come by `pilothouse feedback` are"
            " joined by their ids: then harm is measured by them, and training takes those rows in."
        )
        return waits if finding.severity == NOTE else f"If that is the target, rename it. {waits}"
    if finding.rule == "column" and finding.column in (roles.id, roles.time):
        what = "id" if finding.column == roles.id else "time"
        return f"Correct the file: it is the {what} under [data] in pilothouse.toml."
    if finding.rule == "type" and 0 < finding.count <= MOST_TO_MEND * rows:
        # To give up a number's type for a few stray words would cost all that is known of it.
        return f"Correct the file: {finding.count:,} of {rows:,} rows do not fit, the others do."
    if finding.rule in _SCHEMA:
        change = {"column": "that the column is gone", "type": "its new type"}.get(finding.rule, "it")
        accept = f"accept {change} for good: `pilothouse schema accept {file}`."
        return (
            f"To have it used, {accept}" if finding.rule == "new-column" else f"Correct the file, or {accept}"
        )
    if finding.rule == "new-leak":
        return (
            "Do not accept it unless it is: a model would lean on it alone. Name it in exclude under [data], "
            "and it is never learned from."
        )
    if finding.rule == "leak":
        column = finding.column
        return (
            "Name it in exclude under [data], or say that it is no leak: "
            f"`pilothouse schema set {shlex.quote(f'{column}.leak_check=false')}`."
        )
    if finding.rule in _VALUES and finding.severity == ERROR:
        take = f", take it as it is (`pilothouse check {file} --accept`)," if landed else ""
        return f"Correct the file{take} or change {_VALUES[finding.rule]} (`pilothouse schema edit`)."
    if finding.rule in _VALUES and not by_rules and finding.rule != "constant":
        return "What is usual was taken from the reference; `pilothouse schema edit` says what may be."
    if finding.rule in ("readable", "named-twice"):
        return "Write the file again; it is looked at as soon as it changes." if landed else ""
    return ""
