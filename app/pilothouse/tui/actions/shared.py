"""What several areas have in common, under one key in all of them."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

TRAINING: tuple[Action, ...] = (
    Action(
        "train",
        "t",
        "t",
        "train",
        "Start a training run",
        ("bridge", "runs", "models", "data"),
        True,
        "train",
    ),
)

OPENING: tuple[Action, ...] = (
    Action(
        "details",
        "d",
        "d",
        "details",
        "Open everything known about this one",
        ("runs", "sweep", "models", "data", "events", "serving", "trash"),
        True,
        "show REF",
    ),
)

FINDING: tuple[Action, ...] = (
    Action(
        "filter",
        "slash",
        "/",
        "filter",
        "Show only what matches",
        ("runs", "run", "events", "log", "data", "drift_map", "performance"),
    ),
    Action(
        "copy",
        "y",
        "y",
        "copy",
        "Copy the id or value under the cursor; a comparison as Markdown",
        (
            "runs",
            "run",
            "sweep",
            "models",
            "data",
            "file",
            "datasets",
            "dataset_diff",
            "drift_map",
            "data_column",
            "features",
            "schema",
            "events",
            "serving",
            "compare",
            "trash",
            "performance",
        ),
        False,
    ),
)

UPKEEP: tuple[Action, ...] = (
    Action(
        "clean_up",
        "",
        ":",
        "clean up",
        "Palette: show what nothing needs any more, and remove it",
        ("bridge", "runs"),
        False,
        "gc",
    ),
    Action(
        "back_up",
        "",
        ":",
        "back up",
        "Palette: write the whole workspace into one file",
        ("bridge", "runs"),
        False,
        "backup FILE",
    ),
    Action(
        "restore",
        "",
        ":",
        "restore a backup",
        "Palette: make a new workspace of a backup; the open one is not touched",
        ("bridge", "runs"),
        False,
        "backup --restore FILE DIR",
    ),
)
"""By their names in the palette only."""
