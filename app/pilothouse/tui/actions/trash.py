"""What was deleted and can still come back."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        "restore",
        "r",
        "r",
        "restore",
        "Take the marked runs, or this one, out of the trash",
        ("trash",),
        True,
        "delete RUN --undo",
    ),
    Action(
        "purge",
        "X",
        "X",
        "purge",
        "Remove the marked runs, or this one, for good: asks first",
        ("trash",),
        True,
        "delete RUN --purge",
    ),
)
