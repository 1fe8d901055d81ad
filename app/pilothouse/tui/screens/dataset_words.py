"""One dataset version in words: its files, who used it, its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content

from pilothouse.tui.signs import TONE_STYLES, run_state
from pilothouse.tui.text import clock, counted, fit, line, moment, number, safe, size
from pilothouse.tui.widgets.rows import Column, Row

if TYPE_CHECKING:
    from datetime import datetime

    from pilothouse.data.keeping import Condition
    from pilothouse.data.usage import Usage, UseCount
    from pilothouse.data.versions import DatasetVersion

ALL = (
    Column("version", "version", most=14),
    Column("rows", "rows", "right", most=11),
    Column("bytes", "size", "right", most=8),
    Column("at", "made", width=6),
    Column("used", "used by", most=30, grow=True),
)


def dataset_row(
    one: DatasetVersion, kept: Mapping[str, Condition] | None, count: UseCount | None, now: datetime
) -> Row:
    """One version; a file that is not as it was kept is told in its first cell."""
    unsound = kept is not None and not all(condition.sound for condition in kept.values())
    cells = (
        f"{'■ ' if unsound else ''}{safe(one.version)}",
        number(one.rows),
        size(one.bytes),
        clock(one.created_at, now),
        used_in_short(count),
    )
    return Row(one.version, cells, ("bad" if unsound else "", "", "dim", "dim", "" if count else "dim"), one)


def used_in_short(count: UseCount | None) -> str:
    """Such as `v3, v2 live, 5 runs`."""
    if count is None:
        return "nothing yet"
    versions = [f"v{one} live" if one == count.live else f"v{one}" for one in count.model_versions]
    if count.live is not None:
        versions.sort(key=lambda word: not word.endswith("live"))
    shown = versions[:2] + ([f"{len(versions) - 2} more"] if len(versions) > 2 else [])
    runs = f"{count.runs} run{'' if count.runs == 1 else 's'}" if count.runs else ""
    return ", ".join([*shown, *([runs] if runs else [])])


def dataset_content(
    one: DatasetVersion, kept: Mapping[str, Condition] | None, usage: Usage | None
) -> Content:
    """Everything that is known of one version; `kept` and `usage` are None until they were read."""
    head = line(
        (safe(one.version), "bold"),
        f"  {one.rows:,} rows, {size(one.bytes)}",
        (f"  {moment(one.created_at)[:16]}", "$dim"),
    )
    rows = [head, Content(""), *_files(one, kept), Content(""), *_users(usage), Content("")]
    columns = one.schema.columns
    rows.append(line(("schema", "bold"), (f"  {counted(len(columns), 'column')}", "$dim")))
    for column in columns:
        needed = "" if column.required else "may be missing"
        rows.append(
            line(
                f"  {fit(safe(column.name), 24)}  {fit(safe(column.kind), 9)}",
                (f"  {fit(safe(column.type), 14)} {needed}", "$dim"),
            )
        )
    return Content("\n").join(rows)


def _files(one: DatasetVersion, kept: Mapping[str, Condition] | None) -> list[Content]:
    rows = [line(("files", "bold"), (f"  {len(one.files)}", "$dim"))]
    broad = min(34, max((len(file.name) for file in one.files), default=8))
    # What is true of all of them stands in the panel's title.
    alike = kept is not None and len({_kept(found) for found in kept.values()}) == 1
    counts = max((len(number(file.rows)) for file in one.files), default=1)
    sizes = max((len(size(file.bytes)) for file in one.files), default=1)
    for file in one.files:
        found = kept.get(file.name) if kept else None
        word, tone = ("", "$dim") if found is None else _kept(found)
        rows.append(
            line(
                f"  {fit(safe(file.name), broad)}  {number(file.rows):>{counts}}",
                (f"  {size(file.bytes):>{sizes}}", "$dim"),
                ("" if alike and tone == "$dim" else f"  {fit(word, 8)}", tone),
                (f"  {file.sha256[:8]}", "$dim"),
            )
        )
    if kept and any(not found.sound for found in kept.values()):
        rows.append(
            line(
                (
                    "  ■ Nothing reads a file that is not as it was. Put it back and train, or train on the"
                    " data as they are now.",
                    "$error",
                )
            )
        )
    return rows


def _kept(found: Condition) -> tuple[str, str]:
    if found.gone:
        return "■ gone", "$error"
    if not found.sound:
        return "■ edited" if found.shared else "■ spoilt", "$error"
    return ("link", "$dim") if found.shared else ("copy", "$dim")


def _users(usage: Usage | None) -> list[Content]:
    if usage is None:
        return [line(("used by", "bold"), ("  …", "$dim"))]
    rows = [line(("used by", "bold"), (f"  {_count(len(usage.runs), 'run')}", "$dim"))]
    made = {version.run_id: version for version in usage.model_versions}
    alone = len({version.model for version in usage.model_versions}) == 1
    broad = min(16, max((len(run.name) for run in usage.runs[:40]), default=8))
    for run in usage.runs[:40]:
        words, tone = run_state(run.status)
        version = made.pop(run.run_id, None)
        became = ""
        if version is not None:
            aliases = "".join(f" @{safe(alias)}" for alias in version.aliases)
            became = f"{'' if alone else safe(version.model) + ' '}v{version.version}{aliases}"
        rows.append(
            line(
                f"  {safe(run.run_id)[:6]:<6}  {fit(safe(run.name), broad)}  ",
                (fit(words, 10), TONE_STYLES[tone]),
                f"  {became}",
                (" in the trash" if run.trashed else "", "$dim"),
            )
        )
    if len(usage.runs) > 40:
        rows.append(line((f"  and {len(usage.runs) - 40} more", "$dim")))
    for version in made.values():
        rows.append(line(f"  {safe(version.model)} v{version.version}", ("  its run is gone", "$dim")))
    if not usage.runs and not usage.model_versions:
        rows[0] = line(("used by", "bold"), ("  no run and no model version", "$dim"))
    return rows


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
