"""The names that a search may use: prefixes, attributes of runs, and what each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pilothouse.tracking.search.nodes import Field, Section, Which

KEYWORDS = frozenset("AND OR NOT IN IS LIKE ILIKE NULL".split())
FUNCTIONS: dict[str, Which] = {"last": "last", "min": "min", "max": "max", "best": "best"}

PREFIXES: dict[str, Section | Literal["datasets"]] = {
    **dict.fromkeys(("metrics", "metric"), "metrics"),
    **dict.fromkeys(("params", "param", "parameters", "parameter"), "params"),
    **dict.fromkeys(("tags", "tag"), "tags"),
    **dict.fromkeys(("attributes", "attribute", "attr", "run"), "attributes"),
    **dict.fromkeys(("datasets", "dataset"), "datasets"),
}
"""Each prefix and alias that MLflow knows, and the section it stands for."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A fact that every run may have.

    Attributes:
        name: how it is written.
        kind: what its values are; `seconds` may be written with a unit.
        column: its column in the table of runs; of `took`, none.
        aliases: other names, MLflow's among them.
        about: one line for a person.
    """

    name: str
    kind: Literal["text", "number", "seconds", "time"]
    column: str
    about: str
    aliases: tuple[str, ...] = ()


ATTRIBUTES = (
    Attribute("status", "text", "status", "SCHEDULED, RUNNING, FINISHED, FAILED, KILLED or LOST"),
    Attribute("name", "text", "name", "the run's name", ("run_name", "run name")),
    Attribute("run_id", "text", "run_id", "the run's id", ("id", "run_uuid")),
    Attribute("recipe", "text", "recipe", "the recipe it trained by"),
    Attribute("model", "text", "model", "the model it trained"),
    Attribute("dataset", "text", "dataset_version", "the dataset version it read", ("dataset_version",)),
    Attribute("started", "time", "started_at", "when it started", ("started_at", "start_time", "created")),
    Attribute("ended", "time", "ended_at", "when it ended", ("ended_at", "end_time")),
    Attribute("took", "seconds", "", "how long it took, or has taken so far", ("duration", "seconds")),
    Attribute("command", "text", "command", "the command it ran"),
    Attribute("kind", "text", "kind", "what started it"),
    Attribute("reason", "text", "reason", "why it ended as it did"),
    Attribute("exit_code", "number", "exit_code", "the exit code of its process"),
    Attribute("parent", "text", "parent_run_id", "the run it is a part of", ("parent_run_id",)),
    Attribute("progress", "number", "progress", "how far it is, from 0 to 1"),
)
BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}
_ALIASES = {
    alias: attribute.name for attribute in ATTRIBUTES for alias in (attribute.name, *attribute.aliases)
}

# What MLflow keeps as attributes and we as tags, where an import or a script has set them.
_TAGGED = {
    "user_id": "mlflow.user",
    "artifact_uri": "mlflow.artifactUri",
}
DATASET_KEYS: dict[str, tuple[Section, str]] = {
    "digest": ("attributes", "dataset"),
    "version": ("attributes", "dataset"),
    "name": ("tags", "dataset.name"),
    "context": ("tags", "dataset.context"),
}
ATTRIBUTE_NAMES = (*_ALIASES, *_TAGGED)


def attribute_field(name: str) -> Field | None:
    """Return the field of an attribute by its name or an alias, in any case; None if there is none."""
    low = name.lower()
    if low in _ALIASES:
        return Field("attributes", _ALIASES[low])
    return Field("tags", _TAGGED[low]) if low in _TAGGED else None


def kind_of(field: Field) -> Literal["text", "number", "seconds", "time", "either"]:
    """Return what a field is compared with; `either` is a number or a text."""
    if field.section == "attributes":
        return BY_NAME[field.key].kind
    return {"metrics": "number", "params": "either", "tags": "text"}[field.section]  # type: ignore[return-value]
