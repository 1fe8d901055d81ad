"""Dataset versions, and how two of them differ."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        "datasets",
        "D",
        "D",
        "datasets",
        "Dataset versions: the files of each, and which runs and models used it",
        ("data",),
        True,
        "data",
    ),
    Action(
        "mark_dataset", "space", "space", "mark", "Mark the dataset version under the cursor", ("datasets",)
    ),
    Action(
        "compare_datasets",
        "c",
        "c",
        "compare",
        "Compare the two marked versions, or this one with the one before it",
        ("datasets",),
        True,
        "data diff A B",
    ),
)
