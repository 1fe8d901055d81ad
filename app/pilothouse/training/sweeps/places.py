"""Which trial of a sweep's plan a run is: what its journal began with.

The tag says it to people. A script may have a tag of that name for itself (its own number of a try, a fold),
and a person may give one: neither makes another trial of the run.
"""

from __future__ import annotations

from pilothouse.tracking.beginnings import tags_at_start
from pilothouse.tracking.runs import Run
from pilothouse.training.sweeps.plan import TRIAL_TAG
from pilothouse.training.sweeps.strategies import is_key
from pilothouse.workspace import Workspace


def key_of(workspace: Workspace, run: Run) -> str | None:
    """Return the key of the trial that a run is, or None if it is none of a plan."""
    key = tags_at_start(workspace, run).get(TRIAL_TAG, "")
    return key if is_key(key) else None
