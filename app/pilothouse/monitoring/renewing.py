"""Whether a file that a person named may be written: it is new, or drift wrote it before, or it is said so.

A report is often written again day by day, under one name; that must go on, and nothing else be lost by it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from pilothouse.monitoring.columns import Profile
from pilothouse.monitoring.report_html import BEGINNING
from pilothouse.processes import refuse_to_replace


def check_page(path: Path, *, force: bool = False) -> None:
    """Raise PilothouseError unless the page of a report may be written there."""
    refuse_to_replace(path, force=force, renews=_is_page)


def check_profile(path: Path, *, force: bool = False) -> None:
    """Raise PilothouseError unless a profile may be written there."""
    refuse_to_replace(path, force=force, renews=_reads(_is_profile))


def check_report(path: Path, *, force: bool = False) -> None:
    """Raise PilothouseError unless the report of a file, page or JSON, may be written there."""
    refuse_to_replace(
        path, force=force, renews=_reads(_is_report) if path.suffix.lower() == ".json" else _is_page
    )


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(BEGINNING)) == BEGINNING.encode()


def _reads(judge: Callable[[str], bool]) -> Callable[[Path], bool]:
    def renews(path: Path) -> bool:
        try:
            return judge(path.read_text("utf-8"))
        except (ValueError, TypeError, KeyError, AttributeError):
            # Not JSON, or JSON of something else.
            return False

    return renews


def _is_profile(text: str) -> bool:
    return bool(Profile.from_json(text).columns)


def _is_report(text: str) -> bool:
    tree = json.loads(text)
    return "subject" in tree and ("report_id" in tree or "findings" in tree)
