"""Does what landed hurt, and what was the model worth while it answered?"""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

OPENING: tuple[Action, ...] = (
    Action(
        "performance",
        "h",
        "h",
        "harm",
        "Does what landed hurt? Realised or estimated, file by file",
        ("data", "models"),
        True,
        "harm",
    ),
)

ACTIONS: tuple[Action, ...] = (
    Action(
        "judge_harm",
        "u",
        "u",
        "judge",
        "Judge the harm of the files that wait; the watcher does it by itself",
        ("performance",),
        True,
        "harm --judge",
    ),
    Action(
        "harm_again",
        "R",
        "R",
        "again",
        "Judge the file under the cursor again, by the labels that have come since",
        ("performance",),
        True,
        "harm FILE --again",
    ),
    Action(
        "measure",
        "e",
        "e",
        "measure answers",
        "Measure what was answered over HTTP, by the labels that have come since",
        ("performance",),
        True,
        "performance",
    ),
    Action(
        "answers",
        "o",
        "o",
        "files/answers",
        "Show the files that landed, or what was answered period by period",
        ("performance",),
        True,
        "performance",
    ),
    Action(
        "take_labels",
        "L",
        "L",
        "labels",
        "Take labels of earlier predictions from a file",
        ("performance",),
        True,
        "feedback FILE",
    ),
)
