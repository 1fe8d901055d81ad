"""The statuses of a run, and what each is called in a sentence."""

from __future__ import annotations

UNDER_WAY = ("SCHEDULED", "RUNNING")
ENDED = ("FINISHED", "FAILED", "KILLED", "LOST")
"""A run of one of these changes no more, unless it is gone on with."""
BY_ITSELF = ("FINISHED", "FAILED")
"""It came to an end of its own, good or bad: nobody stopped it, and nothing took it away."""
STATUSES = (*UNDER_WAY, *ENDED)

ALSO_CALLED = {"STOPPED": "KILLED", "WAITING": "SCHEDULED"}
"""Other words that people have for a status, and that a search takes."""

TOLD = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "was killed", "LOST": "was lost"}
"""What is said of a run that ended so: its name comes before."""
