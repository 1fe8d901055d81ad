"""What processes have written, read as a test wants it: all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pilothouse.serving.predictions import query_log
from pilothouse.tracking.journal import Entry, read_pieces
from pilothouse.workspace import Workspace


def read_entries(path: Path, offset: int = 0) -> tuple[list[Entry], int]:
    """All whole entries of a journal from byte `offset` on, and the offset after the last of them."""
    entries: list[Entry] = []
    for piece in read_pieces(path, offset):
        entries += piece.entries
        offset = piece.end
    return entries, offset


def prediction_counts(workspace: Workspace) -> list[dict[str, Any]]:
    """`{version, rows}` of each version that answered, the newest first."""
    sql = "SELECT version, count(*) AS rows FROM log GROUP BY version ORDER BY version DESC"
    return query_log(workspace, sql, [])
