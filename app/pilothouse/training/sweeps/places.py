"""Which trial of a sweep's plan a run is: what its journal began with.

The tag says it to people. A script may have a tag of that name for itself (its own number of a try, a fold),
and a person may give one: neither makes another trial of the run.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pilothouse.tracking.journal import read_piece
from pilothouse.tracking.runs import Run
from pilothouse.tracking.writer import JOURNAL_NAME
from pilothouse.training.sweeps.plan import TRIAL_TAG
from pilothouse.training.sweeps.space import MOST_TRIALS
from pilothouse.training.sweeps.strategies import is_key
from pilothouse.workspace import Workspace


def key_of(workspace: Workspace, run: Run) -> str | None:
    """Return the key of the trial that a run is, or None if it is none of a plan.

    Where a run's folder is gone, its tag is all that is left.
    """
    try:
        key = _begun_with(workspace.run_dir(run.run_id) / JOURNAL_NAME)
    except FileNotFoundError:
        key = run.tags.get(TRIAL_TAG, "")
    return key if is_key(key) else None


# A journal is only ever added to, so that its first line is read once; a screen asks every second.
@lru_cache(2 * MOST_TRIALS)
def _begun_with(journal: Path) -> str:
    entries = read_piece(journal, limit=1).entries
    if not entries and not journal.exists():
        raise FileNotFoundError(journal)
    tags = entries[0].get("tags") if entries and entries[0]["kind"] == "start" else None
    key = tags.get(TRIAL_TAG) if isinstance(tags, dict) else None
    return key if isinstance(key, str) else ""
