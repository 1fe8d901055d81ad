"""What a model takes and gives, and the words for what does not fit.

Field types are MLflow's: boolean, integer, long, float, double, string, datetime.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.registry.values import CHECKS, NOUNS, Value, kind_of, short

Row = list[Value]
"""The values of one row in the signature's order; None is missing."""

TYPES = ("boolean", "integer", "long", "float", "double", "string", "datetime")
_MOST_PROBLEMS = 20
_ROWS_NAMED = 3
_ROW = re.compile(r"Row (\d+): (.*)", re.DOTALL)


class SignatureError(PilothouseError):
    """Rows that do not fit the signature, with one sentence for each bad field, whatever rows have it."""

    def __init__(self, problems: Sequence[str]) -> None:
        problems = _gathered(problems)
        shown = list(problems[:_MOST_PROBLEMS])
        if len(problems) > _MOST_PROBLEMS:
            shown.append(f"… and {len(problems) - _MOST_PROBLEMS} more.")
        super().__init__(" ".join(shown), next="See signature.json of the version for what it takes.")
        self.problems = tuple(shown)


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, its type (one of TYPES), and whether it must be there and not null."""

    name: str
    type: str
    required: bool = True

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise PilothouseError(
                f"Field {self.name!r} has the unknown type {self.type!r}.",
                next=f"Use one of: {', '.join(TYPES)}.",
            )


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs and outputs of a model, in order.

    `beside` are other columns of the data that it learned from: a request with them is a row of such.
    """

    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...] = ()
    beside: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    _checks: tuple[tuple[str, str, bool, Callable[[Any], Value]], ...] = field(
        init=False, repr=False, compare=False, default=()
    )

    def __post_init__(self) -> None:
        names = self.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise PilothouseError(f"The signature names an input twice: {', '.join(map(repr, twice))}.")
        checks = tuple((one.name, one.type, one.required, CHECKS[one.type]) for one in self.inputs)
        object.__setattr__(self, "_checks", checks)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        return tuple(one.name for one in self.inputs)

    def to_json(self) -> str:
        """Return `{inputs: [{name, type, required}], outputs: [...]}`."""
        content = {
            "inputs": [asdict(one) for one in self.inputs],
            "outputs": [asdict(one) for one in self.outputs],
        }
        return json.dumps(content, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Signature:
        """Read what `to_json` wrote.

        Raises:
            PilothouseError: the text is no signature.
        """
        try:
            raw = json.loads(text)
            parts = [
                tuple(
                    Field(str(one["name"]), str(one["type"]), bool(one.get("required", True)))
                    for one in raw[key]
                )
                for key in ("inputs", "outputs")
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PilothouseError(f"signature.json cannot be read: {error}.") from error
        return cls(parts[0], parts[1])

    def validate(self, records: Sequence[Any], left_out: dict[str, None] | None = None) -> list[Row]:
        """Turn objects of field to value into rows.

        A field that is not required may be absent or null. Whole numbers pass as doubles, and 3.0 as a long;
        texts that say yes or no as truth values. `left_out` gets the names in `beside` that were given;
        without it they are refused as unknown.

        Raises:
            SignatureError: a field is missing, unknown, null though required, or of another type.
        """
        rows: list[Row] = []
        problems: list[str] = []
        checks = self._checks
        for number, record in enumerate(records):
            if not isinstance(record, Mapping):
                problems.append(
                    f"{_where(number, records)}an object of field to value was expected, "
                    f"not {kind_of(record)}."
                )
                continue
            row: Row = []
            seen = 0
            for name, kind, required, check in checks:
                try:
                    value = record[name]
                except KeyError:
                    if required:
                        problems.append(f"{_where(number, records)}field {name!r} is missing ({kind}).")
                    row.append(None)
                    continue
                seen += 1
                if value is None:
                    if required:
                        problems.append(
                            f"{_where(number, records)}field {name!r} is null, but it is required."
                        )
                    row.append(None)
                    continue
                try:
                    row.append(check(value))
                except ValueError as error:
                    problems.append(
                        f"{_where(number, records)}field {name!r} must be {NOUNS[kind]}, not {error}."
                    )
            if seen != len(record):
                problems += [_where(number, records) + text for text in self._unknown(record, left_out)]
            rows.append(row)
        if problems:
            raise SignatureError(problems)
        return rows

    def validate_table(
        self, columns: Sequence[Any] | None, data: Sequence[Any], left_out: dict[str, None] | None = None
    ) -> list[Row]:
        """Turn rows of values into rows; without `columns` the values stand in the signature's order.

        `left_out` is as for `validate`.

        Raises:
            SignatureError: as `validate`, and for a row of another length.
        """
        names = list(self.names) if columns is None else list(columns)
        problems = [f"Column name {name!r} is not a text." for name in names if not isinstance(name, str)]
        problems += [f"Column {name!r} is named twice." for name in _twice(names) if isinstance(name, str)]
        records = []
        for number, values in enumerate(data):
            if not isinstance(values, list | tuple):
                problems.append(
                    f"{_where(number, data)}a list of values was expected, not {kind_of(values)}."
                )
            elif len(values) != len(names):
                problems.append(
                    f"{_where(number, data)}{len(names)} values were expected, not {len(values)}."
                )
            else:
                records.append(dict(zip(names, values, strict=True)) if not problems else {})
        if problems:
            raise SignatureError(problems)
        return self.validate(records, left_out)

    def _unknown(self, record: Mapping[Any, Any], left_out: dict[str, None] | None) -> list[str]:
        names = self.names
        found = []
        for key in record:
            if key in names:
                continue
            if left_out is not None and key in self.beside:
                left_out[key] = None
            else:
                near = difflib.get_close_matches(str(key), names, 1)
                hint = f"; did you mean {near[0]!r}?" if near else "."
                found.append(f"field {short(key)} is not an input of the model{hint}")
        return found


def infer_type(values: Iterable[Any]) -> str:
    """Return the narrowest type that all the values that are not None have."""
    kinds = {_type_name(value) for value in values if value is not None}
    if kinds <= {"long", "double"} and kinds:
        return "double" if "double" in kinds else "long"
    return kinds.pop() if len(kinds) == 1 else "string"


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "long"
    if isinstance(value, float):
        return "double"
    return "datetime" if isinstance(value, date) else "string"


def _where(number: int, records: Sequence[Any]) -> str:
    return f"Row {number + 1}: " if len(records) > 1 else ""


def _gathered(problems: Sequence[str]) -> list[str]:
    """Say once what several rows have in common: `Rows 1, 2, 3 and 397 more: …`."""
    rows: dict[str, list[str]] = {}
    for text in problems:
        found = _ROW.fullmatch(text)
        where, what = found.groups() if found else ("", text)
        rows.setdefault(what, []).append(where)
    return [_of_rows(where) + what for what, where in rows.items()]


def _of_rows(numbers: list[str]) -> str:
    if not numbers[0]:
        return ""
    if len(numbers) == 1:
        return f"Row {numbers[0]}: "
    if len(numbers) <= _ROWS_NAMED:
        return f"Rows {', '.join(numbers[:-1])} and {numbers[-1]}: "
    return f"Rows {', '.join(numbers[:_ROWS_NAMED])} and {len(numbers) - _ROWS_NAMED:,} more: "


def _twice(names: Sequence[Any]) -> list[Any]:
    seen: list[Any] = []
    return [name for name in names if name in seen or seen.append(name)]  # type: ignore[func-returns-value]
