"""What a run was started with, as its journal begins: no script and no person sets it later.

Tags are for people, and a script may have one of any name for itself. What decides something is asked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pilothouse.tracking.journal import read_piece
from pilothouse.tracking.replay import State, replay
from pilothouse.tracking.runs import Run
from pilothouse.tracking.writer import JOURNAL_NAME
from pilothouse.workspace import Workspace


def tags_at_start(workspace: Workspace, run: Run) -> Mapping[str, str]:
    """Return the tags that a run began with; where its folder is gone, those that it has."""
    try:
        return _begun_with(workspace.run_dir(run.run_id) / JOURNAL_NAME)
    except FileNotFoundError:
        return run.tags


# A journal is only ever added to, so that its first line is read once: a screen of a sweep asks every second.
@lru_cache(20_000)
def _begun_with(journal: Path) -> Mapping[str, str]:
    state = State()
    entries = read_piece(journal, limit=1).entries
    if not entries and not journal.exists():
        raise FileNotFoundError(journal)
    replay(state, [entry for entry in entries[:1] if entry["kind"] == "start"])
    return state.tags
