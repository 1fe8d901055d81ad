"""What an import did, counted while it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from pilothouse.tracking.exchange.source import Unreadable


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        source: the store in words.
        imported: runs that are new here.
        renewed: runs that had not ended when they were imported before, and were taken over anew.
        filled: runs that were here without their artifacts, and have them now.
        known: runs that were here already and were left alone.
        deleted: runs that are deleted there and were left out.
        files, bytes: artifacts that were copied.
        unreadable: runs that were left out whole, and why.
        without_artifacts: runs that are here without the artifacts that they have or may have, and why.
    """

    source: str
    imported: int = 0
    renewed: int = 0
    filled: int = 0
    known: int = 0
    deleted: int = 0
    files: int = 0
    bytes: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    without_artifacts: list[Unreadable] = field(default_factory=list)
