"""Rows to predict, from a data file or from JSON."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.registry.signature import Signature
from pilothouse.serving.texts import read_csv

Record = dict[str, Any]


def records_of_file(
    path: Path, signature: Signature, limit: int | None = None
) -> tuple[list[Record], list[str]]:
    """Read the inputs of a model from a data file of any format; CSV as a request's is read (`texts.py`).

    Returns:
        The rows as objects of field to value, and the names of the file's other columns, which are left out.

    Raises:
        PilothouseError: there is no such file, or it cannot be read as data.
    """
    from pilothouse.data.engine import connect
    from pilothouse.data.reading import describe, identifier, is_csv, reading, scan_sql, suffix_of

    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.")
    if suffix_of(path.name) is None:
        raise PilothouseError(
            f"{path} is no data file.", next="Give CSV, Parquet or JSON lines; or JSON on stdin."
        )
    if is_csv(path):
        return _records_of_csv(path, signature, limit)
    with connect() as con, reading(path):
        present = list(describe(con, path))
        wanted = [field for field in signature.inputs if field.name in present]
        if not wanted:
            raise _nothing_to_read(path, signature)
        # A column of codes may look like numbers in a CSV file though the model knows it as text.
        columns = ", ".join(
            f"{identifier(field.name)}::VARCHAR" if field.type == "string" else identifier(field.name)
            for field in wanted
        )
        sql = f"SELECT {columns} FROM {scan_sql(path)}" + (
            f" LIMIT {int(limit)}" if limit is not None else ""
        )
        found = con.execute(sql).fetchall()
    names = [field.name for field in wanted]
    records = [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in found]
    return records, [name for name in present if name not in names]


def _records_of_csv(path: Path, signature: Signature, limit: int | None) -> tuple[list[Record], list[str]]:
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
            names, rows, left_out = read_csv(lines, signature, limit)
    except UnicodeDecodeError:
        raise PilothouseError(f"{path} is not CSV in UTF-8.", next="Write it as UTF-8.") from None
    except (csv.Error, OSError, EOFError, zlib.error) as error:
        raise PilothouseError(f"{path} cannot be read as CSV: {error}.") from None
    if not names:
        raise _nothing_to_read(path, signature)
    return [dict(zip(names, row, strict=True)) for row in rows], left_out


def _nothing_to_read(path: Path, signature: Signature) -> PilothouseError:
    return PilothouseError(f"{path} has none of the columns the model takes: {', '.join(signature.names)}.")


def records_of_json(text: str) -> list[Record]:
    """Read one object, a list of objects, or a body as /invocations takes it in `dataframe_records`.

    Raises:
        PilothouseError: it is not JSON, or something else.
    """
    try:
        content = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise PilothouseError(
            f"The rows are not JSON: {error}.", next='Give [{"field": value, …}, …].'
        ) from None
    if isinstance(content, dict) and list(content) in (["dataframe_records"], ["instances"]):
        (content,) = content.values()
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list) or not content or not all(isinstance(row, dict) for row in content):
        raise PilothouseError("The rows must be an object, or a list of objects, of field to value.")
    return content


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON; write null for a missing value")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and value != value:
        return None
    return value.isoformat() if isinstance(value, datetime | date) else value
