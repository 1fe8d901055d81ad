"""The log that follows a run."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action("follow", "f", "f", "follow", "Follow the end of the log, or stay", ("log",)),
)
