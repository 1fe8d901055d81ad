"""From the body of a request to rows: MLflow's four JSON forms, and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

import msgspec

from pilothouse.registry.signature import Row, Signature, SignatureError
from pilothouse.serving.texts import read_csv

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_decode = msgspec.json.Decoder().decode


class RequestError(Exception):
    """A request that cannot be answered: the HTTP status, and one sentence for each thing that is wrong."""

    def __init__(self, status: int, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.status = status
        self.problems = problems


LEFT_OUT_HEADER = "x-pilothouse-left-out"
LeftOut = dict[str, None]
"""Names of what a request has and the model does not take, each once, in their order."""


def told_left_out(names: Iterable[str]) -> str:
    """Say which columns were left out; empty if none was."""
    told = list(names)
    more = f" and {len(told) - 10:,} more" if len(told) > 10 else ""
    named = ", ".join(name[:60] for name in told[:10])
    return f"Left out, since the model does not take them: {named}{more}." if told else ""


def header_of(left_out: LeftOut) -> tuple[bytes, bytes]:
    """Return the same as a header of the response, in ASCII and on one line."""
    return LEFT_OUT_HEADER.encode(), told_left_out(left_out).encode("unicode_escape")


def read_rows(
    content_type: str, body: bytes, signature: Signature, left_out: LeftOut | None = None
) -> list[Row]:
    """Return the validated rows of a request, at least one.

    `left_out` gets the names of columns that the model does not take and that are of no harm: of CSV all, of
    JSON those of the data that it learned from. In JSON any other is refused, since it may be a slip.

    Raises:
        RequestError: 400 if the body is not one of the forms or does not fit the signature, 415 if it is of a
            type that nobody here reads.
    """
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "text/csv":
            rows = _from_csv(body, signature, left_out)
        elif kind in ("", "application/json", "application/x-www-form-urlencoded"):
            # The last is what curl says of any body it was not told the type of.
            rows = _from_json(body, signature, left_out)
        else:
            raise RequestError(
                415, f"Content type {kind[:60]!r} is not read here; send application/json or text/csv."
            )
    except SignatureError as error:
        raise RequestError(400, *error.problems) from None
    if not rows:
        raise RequestError(400, "The request has no rows.")
    return rows


def _from_json(body: bytes, signature: Signature, left_out: LeftOut | None) -> list[Row]:
    try:
        content = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # NaN and Infinity end here too: they are not JSON.
        raise RequestError(
            400, f"The body is not JSON: {str(error).removeprefix('JSON is malformed: ')}."
        ) from None
    except RecursionError:
        raise RequestError(400, "The body is JSON nested too deeply.") from None
    if not isinstance(content, dict):
        raise RequestError(400, f"The body must be a JSON object with one of: {', '.join(FORMS)}.")
    given = [form for form in FORMS if form in content]
    if len(given) != 1:
        said = f"it has {', '.join(given)}" if given else "it has none"
        raise RequestError(400, f"The body must have exactly one of {', '.join(FORMS)}; {said}.")
    unknown = [key for key in content if key not in FORMS and not (key == "params" and not content[key])]
    if unknown:
        raise RequestError(400, f"The body has a key that is not read here: {unknown[0][:60]!r}.")
    return _READERS[given[0]](content[given[0]], signature, left_out)


def _split(content: Any, signature: Signature, left_out: LeftOut | None) -> list[Row]:
    if not isinstance(content, dict) or not {"columns", "data"} <= content.keys() <= {
        "columns",
        "data",
        "index",
    }:
        raise RequestError(400, "dataframe_split must be an object with columns and data.")
    if not isinstance(content["columns"], list) or not isinstance(content["data"], list):
        raise RequestError(400, "columns and data of dataframe_split must be lists.")
    return signature.validate_table(content["columns"], content["data"], left_out)


def _records(content: Any, signature: Signature, left_out: LeftOut | None) -> list[Row]:
    if not isinstance(content, list):
        raise RequestError(400, "dataframe_records must be a list of objects.")
    return signature.validate(content, left_out)


def _instances(content: Any, signature: Signature, left_out: LeftOut | None) -> list[Row]:
    if not isinstance(content, list):
        raise RequestError(400, "instances must be a list of objects, or of lists of values.")
    return _rows_of(content, signature, left_out)


def _inputs(content: Any, signature: Signature, left_out: LeftOut | None) -> list[Row]:
    if isinstance(content, list):
        return _rows_of(content, signature, left_out)
    if not isinstance(content, dict):
        raise RequestError(400, "inputs must be an object of column to values, or a list of rows.")
    columns = {name: values if isinstance(values, list) else [values] for name, values in content.items()}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        counts = ", ".join(f"{name[:40]!r} has {len(values)}" for name, values in list(columns.items())[:5])
        raise RequestError(400, f"The columns of inputs must be equally long: {counts}.")
    return signature.validate_table(
        list(columns), list(map(list, zip(*columns.values(), strict=True))), left_out
    )


def _rows_of(content: list[Any], signature: Signature, left_out: LeftOut | None) -> list[Row]:
    if all(isinstance(row, list) for row in content):
        return signature.validate_table(None, content)
    return signature.validate(content, left_out)


def _from_csv(body: bytes, signature: Signature, left_out: LeftOut | None) -> list[Row]:
    try:
        lines = io.StringIO(body.decode("utf-8-sig"), newline="")
        names, rows, others = read_csv(lines, signature)
    except UnicodeDecodeError:
        raise RequestError(400, "The body is not CSV in UTF-8.") from None
    except csv.Error as error:
        raise RequestError(400, f"The body is not CSV: {error}.") from None
    if not names:
        raise RequestError(400, f"None of these columns is an input of the model: {', '.join(others)[:200]}.")
    if left_out is not None:
        left_out.update(dict.fromkeys(others))
    return signature.validate_table(names, rows)


_READERS = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _instances,
    "inputs": _inputs,
}
