"""Labels looked through before they are taken: of one that the target cannot be it is said why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.row_ids import id_text
from pilothouse.data.spelling import respelled
from pilothouse.errors import PilothouseError

MOST_CHARACTERS = 1000
"""Of a label that is a text."""
_EXAMPLES = 5


class LabelError(PilothouseError):
    """Labels that cannot be taken; `problems` has a sentence for each of the first that are wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems), untouched="No label was taken.")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Refused:
    """A label that the target cannot be, and why."""

    id: str
    why: str


def checked_labels(
    pairs: Iterable[tuple[Any, Any]], config: ModelConfig, classes: Sequence[Any] | None = None
) -> tuple[dict[str, Any], list[Refused], int]:
    """Look through ids with their labels; of an id that comes twice the later label counts.

    Args:
        pairs: id and label.
        config: of the model; tells the task.
        classes: those that the model knows; any will do without them.

    Returns:
        Labels by id; those that the target cannot be, with why; and how many of these had no value.

    Raises:
        LabelError: an id cannot be used, or every label is refused.
    """
    found: dict[str, Any] = {}
    refused: list[Refused] = []
    known: dict[str, str] = {}
    problems: list[str] = []
    answers: list[str] = []
    without = 0
    for number, (name, value) in enumerate(pairs, 1):
        try:
            key = id_text(name)
        except ValueError as error:
            problems.append(f"Label {number}: {error}.")
            if len(problems) == _EXAMPLES:
                break
            continue
        try:
            if value is None or (isinstance(value, float) and math.isnan(value)):
                without += 1
                raise ValueError("the label has no value")
            label = _label(value, config.task)
            if classes is not None:
                _refuse_strange(label, classes, known)
                # In the model's own words: what is said in two spellings is one label.
                label = respelled(label, classes)
            found[key] = label
        except ValueError as error:
            refused.append(Refused(key, str(error)))
            if len(answers) < _EXAMPLES:
                answers.append(f"Label {number}, of {key[:60]}: {error}.")
    if problems:
        raise LabelError(problems)
    if refused and not found:
        count = f"None of the {len(refused):,} labels can be taken."
        raise LabelError([count, *answers] if len(refused) > 1 else answers)
    return found, refused, without


def _refuse_strange(label: Any, classes: Sequence[Any], known: dict[str, str]) -> None:
    """Raise ValueError unless a label is one of the classes; `known` remembers what was asked before."""
    # Needs numpy and pandas, which whoever knows the classes has.
    from pilothouse.registry.evaluation import class_codes

    text = repr(label)
    if text not in known:
        known[text] = ""
        try:
            class_codes([label], classes)
        except PilothouseError:
            names = ", ".join(str(one)[:40] for one in classes[:10]) + (", …" if len(classes) > 10 else "")
            known[text] = f"{text[:40]} is none of the classes that the model knows: {names}"
    if known[text]:
        raise ValueError(known[text])


def _label(value: Any, task: str) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    if task == "regression":
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(f"{str(value)[:40]!r} is no number")
        try:
            # One word among them makes texts of all numbers of a CSV column.
            number = float(value)
        except ValueError:
            raise ValueError(f"{str(value)[:40]!r} is no number") from None
        if not math.isfinite(number):
            raise ValueError("the label is not finite")
        return number
    if isinstance(value, str | bool | int):
        if isinstance(value, str) and len(value) > MOST_CHARACTERS:
            raise ValueError(f"the label has more than {MOST_CHARACTERS:,} characters")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("the label is not finite")
        return int(value) if value.is_integer() else value
    if isinstance(value, dict | list | tuple | set):
        raise ValueError("the label must be a text, a number or a truth value")
    return str(value)
