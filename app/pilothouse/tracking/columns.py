"""What may stand in a column of runs: an attribute, a metric by one of its values, a parameter or a tag."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pilothouse.errors import UsageError
from pilothouse.tracking.directions import lower_is_better
from pilothouse.tracking.search.errors import nearest
from pilothouse.tracking.search.fields import ATTRIBUTES, BY_NAME, FUNCTIONS, PREFIXES, attribute_field
from pilothouse.tracking.search.matching import which_column
from pilothouse.tracking.search.nodes import Field
from pilothouse.tracking.search.rendering import render_field

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run


_CALL = re.compile(r"(\w+)\s*\((.*)\)", re.DOTALL)
_HEAD = re.compile(rf"({'|'.join(FUNCTIONS)})\s+(\S.*)", re.DOTALL)
HEADS = {"run_id": "run", "dataset": "data", "exit_code": "exit"}
"""What stands over the columns of some attributes in place of their names."""
_BY_HEAD = {head: name for name, head in HEADS.items()}


def read_column(text: str, named: Callable[[str], Field | None] | None = None) -> Field:
    """Read the name of a column: `started`, `metrics.auc`, `best(metrics.auc)`, `params.lr`, `tags.note`.

    A key is taken as it stands, or from between backticks. A metric without a function is its last value.
    What stands over columns names them, too: `run`, `best auc`.

    Args:
        text: what was written.
        named: finds a metric, parameter or tag by its bare key, as the heads of tables have it.

    Raises:
        UsageError: it names nothing that a run can have.
    """
    name = text.strip()
    which = None
    call = _CALL.fullmatch(name)
    if call is not None and call[1].lower() in FUNCTIONS:
        which = FUNCTIONS[call[1].lower()]
        name = call[2].strip()
    field = _field(name, inside=which is not None)
    if field is None and named is not None:
        field = named(_bare(name))
    if field is None and which is None:
        field = _by_head(name)
    if field is None or (which is not None and field.section != "metrics"):
        raise _unknown(text)
    return field if which is None else Field("metrics", field.key, which)


def read_metric(text: str, *, headed: bool = False) -> Field:
    """Read a column where only a metric can stand: its bare key will do, or with `headed` the head of one.

    Raises:
        UsageError: it names no metric.
    """
    if "(" in text or (headed and _HEAD.fullmatch(text.strip())):
        return read_column(text)
    return read_column(f"last({text})")


def _field(name: str, *, inside: bool) -> Field | None:
    prefix, dot, key = name.partition(".")
    section = PREFIXES.get(prefix.strip().lower()) if dot else None
    if section == "attributes":
        return attribute_field(_bare(key))
    if section is not None and section != "datasets":
        return Field(section, _bare(key)) if key.strip() else None
    if inside and name:
        return Field("metrics", _bare(name))
    return attribute_field(name)


def _by_head(name: str) -> Field | None:
    if name.lower() in _BY_HEAD:
        return Field("attributes", _BY_HEAD[name.lower()])
    head = _HEAD.fullmatch(name)
    if head is None:
        return None
    field = _field(head[2], inside=True)
    if field is None or field.section != "metrics":
        return None
    return Field("metrics", field.key, FUNCTIONS[head[1]])


def heads_apart(fields: Sequence[Field], head: Callable[[Field], str]) -> list[str]:
    """Return what stands over each column; where two would be called alike, their section stands before.

    Args:
        fields: the columns.
        head: what stands over a column by itself; the key of a metric behind which of its values it is.
    """
    heads = [head(field) for field in fields]
    counts = Counter(heads)
    return [
        said if counts[said] == 1 or field.section == "attributes" else _with_section(field, said)
        for field, said in zip(fields, heads, strict=True)
    ]


def _with_section(field: Field, head: str) -> str:
    which = "" if field.which == "last" else f"{field.which} "
    return f"{which}{field.section}.{head.removeprefix(which)}"


def _bare(key: str) -> str:
    inner = key.strip()
    if len(inner) > 1 and inner[0] == inner[-1] == "`":
        return inner[1:-1].replace("``", "`")
    return key


def _unknown(text: str) -> UsageError:
    names = [attribute.name for attribute in ATTRIBUTES]
    near = nearest(text, names)
    hint = f"Did you mean {near!r}? " if near else ""
    return UsageError(
        f"{text[:80]!r} is nothing that runs can be shown or sorted by.",
        next=f"{hint}Use one of {', '.join(names)}, or metrics.KEY, best(metrics.KEY), params.KEY, tags.KEY.",
    )


def column_text(field: Field) -> str:
    """Write a column so that `read_column` gives it again."""
    return render_field(field)


def columns_of(text: str, named: Callable[[str], Field | None] | None = None) -> tuple[Field, ...]:
    """Read columns that stand between commas; those inside backticks or parentheses part nothing.

    Args:
        text: what was written.
        named: as `read_column` takes it.

    Raises:
        UsageError: one of them names nothing, or there is none.
    """
    parts, start, depth, quoted = [], 0, 0, False
    for at, char in enumerate(text):
        if char == "`":
            quoted = not quoted
        elif not quoted and char in "()":
            depth += 1 if char == "(" else -1
        elif char == "," and not quoted and depth <= 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    found = tuple(dict.fromkeys(read_column(part, named) for part in parts if part.strip()))
    if not found:
        raise UsageError("No column was named.", next='Such as --columns "name,status,best(metrics.auc)".')
    return found


def value_of(run: Run, field: Field, now: datetime | None = None) -> Any:
    """Return what a run has there: a text, a number, a time, or None where it has nothing.

    Args:
        run: the run, with its parameters, tags and metrics.
        field: the column.
        now: what the duration of a run that has not ended counts to.
    """
    if field.section == "metrics":
        summary = run.summaries.get(field.key)
        return None if summary is None else getattr(summary, which_column(field))
    if field.section == "params":
        return run.params.get(field.key)
    if field.section == "tags":
        return run.tags.get(field.key)
    if field.key == "took":
        return run.seconds_until(now or datetime.now(UTC))
    value = getattr(run, COLUMN_OF[field.key])
    return None if value == "" else value


def best_first(field: Field) -> bool:
    """Tell whether the largest comes first when runs are sorted by a column and nobody said which way.

    A metric's better end is first; of attributes what reads best, the newest or the longest.
    """
    if field.section == "metrics":
        return not lower_is_better(field.key)
    return field.section == "attributes" and BY_NAME[field.key].kind != "text"


COLUMN_OF = {attribute.name: attribute.column for attribute in ATTRIBUTES}
"""The column of the table of runs that keeps an attribute; empty for the one that is computed."""
