"""What a model was trained to answer: only models of one question can be judged side by side."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.comparing.subjects import Subject, lineage_of
from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Question:
    """What a model answers: its target and task, and the columns with a role."""

    target: str
    task: str
    time: str | None
    roles: tuple[str, ...]


def question_of(workspace: Workspace, subject: Subject) -> Question | None:
    """Find out what a subject was trained to answer, from its bundle or else from the configuration."""
    tree = lineage_of(subject.version).get("model") if subject.version else None
    if isinstance(tree, dict) and tree.get("target"):
        data = found if isinstance(found := tree.get("data"), dict) else {}
        time, id_, exclude = data.get("time"), data.get("id"), data.get("exclude") or ()
        return Question(str(tree["target"]), str(tree.get("task", "classification")), time,
                        tuple(str(name) for name in (time, id_, *exclude) if name))  # fmt: skip
    config = workspace.config()
    names = [model.name for model in config.models]
    name = subject.version.model if subject.version else subject.run.model
    if name not in names and len(names) > 1:
        return None
    model = config.model(name if name in names else None)
    roles = tuple(one for one in (model.data.time, model.data.id, *model.data.exclude) if one)
    return Question(model.target, model.task, model.data.time, roles)
