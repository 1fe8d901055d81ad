"""The server."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        "serve", "s", "s", "start", "Start the server in the background", ("serving",), True, "serve --detach"
    ),
    Action("unserve", "S", "S", "stop", "Stop the server", ("serving",), True, "serve --stop"),
    Action(
        "predict",
        "i",
        "i",
        "try a prediction",
        "Send one real row to the server",
        ("serving",),
        True,
        "predict",
    ),
)
