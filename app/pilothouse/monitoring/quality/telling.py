"""Findings as lines of text: one each, with rows that show it, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pilothouse.monitoring.checks import Finding
from pilothouse.monitoring.examples import Example


def finding_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield a line for each finding, and under the last of those that share an advice that advice.

    What stands in them comes from files: make it printable before showing it.
    """
    for at, finding in enumerate(findings):
        rows = "; ".join(_row(example) for example in finding.examples)
        yield f"    {finding.severity}: {finding.message}" + (f" ({rows})" if rows else "")
        if finding.next and finding.next not in (later.next for later in findings[at + 1 :]):
            yield f"      → {finding.next}"


def _row(example: Example) -> str:
    value = "nothing" if example.value is None else repr(example.value)
    return f"row {example.row:,} has {value}"
