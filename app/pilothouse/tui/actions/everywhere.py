"""The areas, the moves within a list, and what is the same on every screen."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

AREAS = (
    ("bridge", "1", "Bridge"),
    ("runs", "2", "Runs"),
    ("models", "3", "Models"),
    ("data", "4", "Data"),
    ("serving", "5", "Serving"),
    ("events", "6", "Events"),
)

MOVES: tuple[tuple[str, str], ...] = (
    ("j k  ↓ ↑", "down, up"),
    ("g  G", "first, last"),
    ("^d ^u", "half a page down, up"),
    ("← →", "scroll sideways where a table is wider"),
    ("tab", "to the next panel"),
    ("enter", "open what is under the cursor"),
)

MODEL: tuple[Action, ...] = (
    Action("next_model", "m", "m", "next model", "Steer the next model of this workspace", (), False),
)

VIEW: tuple[Action, ...] = (
    Action("zoom", "plus", "+", "zoom", "Give the panel in focus the whole screen, and back", (), False),
    Action("refresh", "ctrl+r", "^r", "refresh", "Read everything again now", (), False),
)

LAST: tuple[Action, ...] = (
    *(Action(f"go_{name}", key, key, title, f"Go to {title}", (), False) for name, key, title in AREAS),
    Action("palette", "colon", ":", "go to", "Find an action by its name", (), True),
    Action("help", "question_mark", "?", "help", "Show the keys of this screen", (), True),
    Action(
        "back",
        "escape",
        "esc",
        "back",
        "Close, clear or go back; never quits",
        (
            "performance",
            "run",
            "sweep",
            "log",
            "compare",
            "runs",
            "models",
            "events",
            "data",
            "file",
            "datasets",
            "dataset_diff",
            "drift_map",
            "data_column",
            "features",
            "schema",
            "trash",
        ),
        False,
    ),
    Action("quit", "q", "q", "quit", "Leave; what runs in the background goes on", (), True),
)
"""The right end of every footer."""
