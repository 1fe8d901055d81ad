"""The screen of one run; its parts stand in a line above them."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action("draw", "space", "space", "draw", "Draw the metric under the cursor, or take it away", ("run",)),
    Action(
        "x_axis",
        "x",
        "x",
        "step or time",
        "Draw the curves by step, or by the time since the start",
        ("run",),
    ),
    Action(
        "tab_overview",
        "o",
        "o",
        "overview",
        "Status, metrics with their best, params",
        ("run",),
        False,
        "show RUN",
    ),
    Action("tab_curves", "c", "c", "curves", "Curves of the metrics", ("run",), False, "metrics RUN KEY"),
    Action("tab_code", "d", "d", "code", "Commit, patch, the files that ran", ("run",), False, "show RUN"),
    Action(
        "tab_environment",
        "v",
        "v",
        "environment",
        "Packages, host, threads, seed",
        ("run",),
        False,
        "show RUN",
    ),
    Action(
        "tab_artifacts", "a", "a", "artifacts", "Files that it kept", ("run",), False, "artifacts RUN PATH"
    ),
    Action(
        "next_tab",
        "right_square_bracket",
        "]",
        "next part",
        "The part of the run to the right",
        ("run",),
        False,
    ),
    Action(
        "previous_tab", "left_square_bracket", "[", "previous part", "The part to the left", ("run",), False
    ),
)
