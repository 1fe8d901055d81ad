"""Business metrics that were declared, or changed, after a file was judged: which files lack them.

A judgement keeps what each metric's expression was, so that one is computed once for a file, whether it gave
a number, nothing, or an error.
"""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.config import ModelConfig
from pilothouse.performance.harms_kept import KeptHarm

ASKED = "business_sql"
"""Where a kept report has the expressions by name."""


def asked(config: ModelConfig) -> dict[str, str]:
    """Return the expressions of the business metrics as they are declared now."""
    return {name: metric.sql for name, metric in config.business.items()}


def lacking(kept: KeptHarm, config: ModelConfig) -> list[str]:
    """Return the names of business metrics that were never computed of a judged file with labels."""
    if not kept.labelled:
        return []
    known = kept.report.get(ASKED)
    if known is None:
        # Judged before expressions were kept: what has a value was computed, by whichever.
        return [name for name in config.business if name not in kept.business]
    return [name for name, sql in asked(config).items() if known.get(name) != sql]


def told_lacking(found: Sequence[KeptHarm], config: ModelConfig) -> str:
    """Say what is lacking and how to get it; empty if nothing is."""
    files = [(one, names) for one in found if (names := lacking(one, config))]
    if not files:
        return ""
    names = list(dict.fromkeys(name for _, each in files for name in each))
    many = f"{len(files):,} file{'' if len(files) == 1 else 's'}"
    shown = ", ".join(names[:3]) + (", …" if names[3:] else "")
    came = "was" if len(names) == 1 else "were"
    return (
        f"{shown} {came} added or changed after {many} had been judged: `pilothouse harm --judge` fills in."
    )
