"""Rules with what one file has beside each of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.reading import Source, as_file
from pilothouse.monitoring.checks import ERROR, NOTE, Finding, examine_file
from pilothouse.monitoring.judging import roles_of
from pilothouse.monitoring.patience import Progress
from pilothouse.monitoring.quality.advice import advised
from pilothouse.monitoring.quality.in_force import InForce
from pilothouse.monitoring.quality.wording import asked_missing, asked_values, had, has

KEPT, WATCHED, BROKEN = "●", "▲", "■"


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One column: what is asked of it, what the reference had, what the file has, and whether that is well.

    `sign` is ● where nothing was found, ▲ for a warning, ■ for what holds the file back.
    """

    column: str
    type: str
    missing: str
    values: str
    had: str
    found: str
    on_fail: str
    sign: str

    def to_dict(self) -> dict[str, Any]:
        """Return the line for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Beside:
    """A file beside the rules; no rows and a finding if it cannot be read."""

    name: str
    rows: int
    lines: tuple[RuleLine, ...]
    findings: tuple[Finding, ...]


def rule_lines(found: InForce) -> tuple[RuleLine, ...]:
    """Return the rules with no file beside them."""
    return tuple(
        RuleLine(
            rule.name, rule.type, asked_missing(rule), asked_values(rule),
            had(found.reference.profile.column(rule.name)) if found.reference else "",
            "", rule.on_fail, "",
        )
        for rule in found.rules.columns
    )  # fmt: skip


def beside_rules(
    found: InForce, source: Source, model: ModelConfig, named: str = "", progress: Progress | None = None
) -> Beside:
    """Examine a file, and put what it has beside each rule. Nothing is stored. Advice calls it as `named`."""
    name = as_file(source).name
    reference = found.reference
    schema = reference.schema if reference else None
    seen = examine_file(source, schema, roles_of(model), found.rules, progress=progress)
    rows = seen.figures.rows if seen.figures else 0
    by_rules = found.rules.accepted is not None
    findings = advised(
        seen.findings, named or name, by_rules=by_rules, rows=rows, roles=roles_of(model),
        reference=reference, rules=found.rules if by_rules else None,
    )  # fmt: skip
    worst: dict[str, str] = {}
    for finding in findings:
        if finding.severity == NOTE:
            continue
        sign = BROKEN if finding.severity == ERROR else WATCHED
        worst[finding.column] = BROKEN if BROKEN in (sign, worst.get(finding.column)) else sign
    lines = []
    for line, rule in zip(rule_lines(found), found.rules.columns, strict=True):
        figures = seen.figures.columns.get(rule.name) if seen.figures else None
        lines.append(
            RuleLine(
                line.column, line.type, line.missing, line.values, line.had, has(figures, rule, rows),
                line.on_fail, worst.get(rule.name, KEPT if figures else ""),
            )
        )  # fmt: skip
    return Beside(name, rows, tuple(lines), findings)
