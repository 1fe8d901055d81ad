"""Many runs at once."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        "sweep",
        "W",
        "W",
        "sweep",
        "Search parameters with many runs; a command that you type runs where you started this screen, "
        "if that is in the workspace",
        ("runs",),
        True,
        "sweep",
    ),
    Action(
        "winner",
        "t",
        "t",
        "train the winner",
        "Train the best trial on all rows, judged on the holdout",
        ("sweep",),
        True,
        "sweep --register",
    ),
    Action(
        "by_parameter",
        "p",
        "p",
        "by parameter",
        "Draw the score by the next parameter, or by trial",
        ("sweep",),
    ),
    Action(
        "stop_sweep", "S", "S", "stop", "Stop the sweep; the best is kept", ("sweep",), True, "stop SWEEP"
    ),
    Action(
        "resume_sweep",
        "R",
        "R",
        "go on",
        "Go on with a sweep that ended early: only what is missing runs",
        ("sweep",),
        True,
        "sweep --resume SWEEP",
    ),
)
