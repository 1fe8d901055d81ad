"""Why a data file cannot be read, in one sentence and with the line, found by reading it slowly.

DuckDB's own words about a broken file fill a screen; this runs only once it has refused one.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path


def explain(path: Path, suffix: str, delimiter: Callable[[str], str]) -> str | None:
    """Return the cause as a sentence, or None if nothing was found.

    Args:
        path: the file.
        suffix: what its name says it is, such as `.csv.gz`.
        delimiter: given the packing ("gzip" or "none"), returns what separates the columns of a CSV file.
    """
    packing = "gzip" if suffix.endswith(".gz") else "none"
    try:
        if suffix == ".parquet":
            return _parquet(path)
        if packing == "none" and _begins(path) in (b"\xff\xfe", b"\xfe\xff"):
            return "it is UTF-16 text where UTF-8 is expected."
        if suffix.startswith(".csv"):
            return _csv(_lines(path, packing), delimiter(packing))
        return _json(_lines(path, packing))
    except UnicodeDecodeError as error:
        return f"{error.reason}."
    except (EOFError, zlib.error):
        return "its gzip stream breaks off: the file is half-written or damaged."
    except gzip.BadGzipFile:
        return "it is not a gzip file, though its name ends in .gz."
    except OSError as error:
        return f"the system says: {error.strerror}."


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(2)


def _parquet(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(-min(4, path.stat().st_size), 2)
        tail = file.read(4)
    if head != b"PAR1":
        return "it is not a Parquet file, though its name says so."
    if tail != b"PAR1":
        return "it breaks off before its end: the Parquet file is half-written."
    return "its Parquet pages are damaged."


def _lines(path: Path, packing: str) -> Iterator[str]:
    with gzip.open(path, "rb") if packing == "gzip" else path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                byte = line[error.start]
                error.reason = f"line {number} is not UTF-8 text (byte 0x{byte:02x})"
                raise


def _csv(lines: Iterator[str], delimiter: str) -> str | None:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width: int | None = None
    end = 0
    try:
        for row in reader:
            start, end = end + 1, reader.line_num
            if width is None:
                width = len(row)
            elif row and len(row) != width:
                fields = "field" if len(row) == 1 else "fields"
                return f"line {start} has {len(row)} {fields} where the header has {width}."
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return f"a quotation mark that opens in line {end + 1} is never closed."
        return f"line {reader.line_num}: {error}."
    return None


def _json(lines: Iterator[str]) -> str | None:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            if not line.endswith("\n"):
                return f"its last line ({number}) breaks off: the file is half-written."
            return f"line {number} is not JSON: {error}."
        if not isinstance(value, dict):
            return f"line {number} is not a JSON object."
    return None
