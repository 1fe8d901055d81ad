"""Files that land, and how they are judged."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        "watch",
        "w",
        "w",
        "watch",
        "Start or stop watching the data folder",
        ("bridge", "data"),
        True,
        "watch",
    ),
    Action(
        "check",
        "u",
        "u",
        "judge",
        "Judge the files in the data folder now",
        ("bridge", "data"),
        True,
        "watch --once",
    ),
    Action(
        "deliver",
        "n",
        "n",
        "next month",
        "Demo: let the next month's file land in the data folder",
        ("bridge", "data"),
        False,
        "demo --deliver",
    ),
    Action(
        "accept",
        "a",
        "a",
        "accept",
        "Take in a file that its checks hold back",
        ("bridge", "data"),
        True,
        "check FILE --accept",
    ),
)
