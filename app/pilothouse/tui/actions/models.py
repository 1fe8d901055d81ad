"""Versions, what is live, going forward and back."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        "promote",
        "P",
        "P",
        "promote",
        "Make a version champion, after its gates",
        ("bridge", "models"),
        True,
        "promote VERSION",
    ),
    Action(
        "rollback",
        "ctrl+l",
        "^l",
        "rollback",
        "Go back to the version that was live before",
        ("bridge", "models", "serving"),
        True,
        "rollback",
    ),
    Action(
        "compare_versions",
        "c",
        "c",
        "compare",
        "Compare the marked versions, or this one with what is live",
        ("models",),
        True,
        "compare v1 v2",
    ),
    Action("mark_version", "space", "space", "mark", "Mark the version under the cursor", ("models",)),
)
