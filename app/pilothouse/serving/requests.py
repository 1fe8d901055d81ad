"""From the body of a request to rows: MLflow's four JSON forms, and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from pilothouse.registry.signature import Row, Signature, SignatureError

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_decode = msgspec.json.Decoder().decode


class RequestError(Exception):
    """A request that cannot be answered: the HTTP status, and one sentence for each thing that is wrong."""

    def __init__(self, status: int, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.status = status
        self.problems = problems


def read_rows(content_type: str, body: bytes, signature: Signature) -> list[Row]:
    """Return the validated rows of a request, at least one.

    Raises:
        RequestError: 400 if the body is not one of the forms or does not fit the signature, 415 if it is of a
            type that nobody here reads.
    """
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "text/csv":
            rows = _from_csv(body, signature)
        elif kind in ("", "application/json", "application/x-www-form-urlencoded"):
            # The last is what curl says of any body it was not told the type of.
            rows = _from_json(body, signature)
        else:
            raise RequestError(
                415, f"Content type {kind[:60]!r} is not read here; send application/json or text/csv."
            )
    except SignatureError as error:
        raise RequestError(400, *error.problems) from None
    if not rows:
        raise RequestError(400, "The request has no rows.")
    return rows


def _from_json(body: bytes, signature: Signature) -> list[Row]:
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
    return _READERS[given[0]](content[given[0]], signature)


def _split(content: Any, signature: Signature) -> list[Row]:
    if not isinstance(content, dict) or not {"columns", "data"} <= content.keys() <= {
        "columns",
        "data",
        "index",
    }:
        raise RequestError(400, "dataframe_split must be an object with columns and data.")
    if not isinstance(content["columns"], list) or not isinstance(content["data"], list):
        raise RequestError(400, "columns and data of dataframe_split must be lists.")
    return signature.validate_table(content["columns"], content["data"])


def _records(content: Any, signature: Signature) -> list[Row]:
    if not isinstance(content, list):
        raise RequestError(400, "dataframe_records must be a list of objects.")
    return signature.validate(content)


def _instances(content: Any, signature: Signature) -> list[Row]:
    if not isinstance(content, list):
        raise RequestError(400, "instances must be a list of objects, or of lists of values.")
    return _rows_of(content, signature)


def _inputs(content: Any, signature: Signature) -> list[Row]:
    if isinstance(content, list):
        return _rows_of(content, signature)
    if not isinstance(content, dict):
        raise RequestError(400, "inputs must be an object of column to values, or a list of rows.")
    columns = {name: values if isinstance(values, list) else [values] for name, values in content.items()}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        counts = ", ".join(f"{name[:40]!r} has {len(values)}" for name, values in list(columns.items())[:5])
        raise RequestError(400, f"The columns of inputs must be equally long: {counts}.")
    return signature.validate_table(list(columns), list(map(list, zip(*columns.values(), strict=True))))


def _rows_of(content: list[Any], signature: Signature) -> list[Row]:
    if all(isinstance(row, list) for row in content):
        return signature.validate_table(None, content)
    return signature.validate(content)


def _from_csv(body: bytes, signature: Signature) -> list[Row]:
    try:
        lines: Sequence[list[str]] = list(
            csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        )
    except UnicodeDecodeError:
        raise RequestError(400, "The body is not CSV in UTF-8.") from None
    except csv.Error as error:
        raise RequestError(400, f"The body is not CSV: {error}.") from None
    lines = [line for line in lines if line]
    if not lines:
        raise RequestError(400, "The CSV has no header line.")
    return signature.validate_texts(lines[0], lines[1:])


_READERS = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _instances,
    "inputs": _inputs,
}
