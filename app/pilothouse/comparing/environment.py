"""How the environments differ: packages, Python, the machine, thread settings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from pilothouse.comparing.findings import Setting
from pilothouse.comparing.origins import Behind


def compare_environments(known: Sequence[Behind]) -> tuple[Setting, ...]:
    """Return one row a fact. What one of them did not keep is None, and no difference, since nobody knows: a
    package differs where two versions of it are known, or where one had it and another did not."""
    rows = [
        _row("python", "python", [one.python or None for one in known]),
        _row("run", "seed", [one.seed or None for one in known]),
        _row("run", "command line", [shlex.join(one.argv) or None for one in known]),
        _row("run", "folder", [one.folder or None for one in known]),
    ]
    for section, tables in (
        ("packages", [one.packages for one in known]),
        ("machine", [one.host for one in known]),
        ("threads", [one.threads for one in known]),
    ):
        rows += _rows(section, tables)
    return tuple(row for row in rows if any(value is not None for value in row.values))


def _rows(section: str, tables: Sequence[Mapping[str, str]]) -> list[Setting]:
    keys = sorted({key for table in tables for key in table}, key=str.lower)
    return [_row(section, key, [table.get(key) for table in tables], tables) for key in keys]


def _row(
    section: str, key: str, values: Sequence[str | None], tables: Sequence[Mapping[str, str]] = ()
) -> Setting:
    # A table that is empty was not kept: what it does not say is no difference.
    told = [value for n, value in enumerate(values) if value is not None or (tables and tables[n])]
    return Setting(section, key, tuple(values), len(set(told)) > 1)
