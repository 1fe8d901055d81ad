"""What a model's files must be like."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        "schema",
        "s",
        "s",
        "schema",
        "Open the schema: what files must be like, beside the held file here, or else the newest",
        ("data",),
        True,
        "schema",
    ),
    Action(
        "edit_rule",
        "e",
        "e",
        "edit",
        "Change the rules of the column under the cursor",
        ("schema",),
        True,
        "schema set COLUMN.RULE=VALUE",
    ),
    Action(
        "accept_schema",
        "a",
        "a",
        "accept",
        "Accept the suggested schema: from then on it holds files back",
        ("schema",),
        True,
        "schema accept",
    ),
    Action(
        "adapt_schema",
        "f",
        "f",
        "allow the file",
        "Widen the schema so that the file beside it keeps it",
        ("schema",),
        True,
        "schema accept FILE",
    ),
    Action(
        "schema_history",
        "l",
        "l",
        "history",
        "Show who accepted which rules, and when",
        ("schema",),
        True,
        "schema history",
    ),
)
