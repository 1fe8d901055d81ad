"""Data files as relations of DuckDB: which files count, how each format is read, and clear errors.

Names and paths are data: paths become SQL literals that expand no wildcard, columns become quoted names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from pilothouse.data.diagnosis import explain
from pilothouse.data.engine import connect
from pilothouse.errors import PilothouseError, is_interrupt

if TYPE_CHECKING:
    import pandas as pd

    from pilothouse.data.schema import Schema

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
# What stands for "nothing there" in a CSV file, as pandas and R write it.
MISSING_TEXTS = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")


class DataError(PilothouseError):
    """A data file that cannot be read or does not fit; the message names the file and the cause."""


class DataFile(NamedTuple):
    """A file under the name it had: stored objects have no extension, so the name tells the format."""

    name: str
    path: Path


Source = Path | tuple[str, Path]


def as_file(source: Source) -> DataFile:
    """Give a bare path the name of its file."""
    return DataFile(source.name, source) if isinstance(source, Path) else DataFile(*source)


def suffix_of(name: str) -> str | None:
    """Return the suffix in `SUFFIXES` that the name ends with, or None if it is no data file."""
    lower = name.lower()
    return next((suffix for suffix in SUFFIXES if lower.endswith(suffix)), None)


def is_csv(source: Source) -> bool:
    """Say whether a file is CSV by its name, packed or not: the one format that carries no types."""
    return (suffix_of(as_file(source).name) or "").startswith(".csv")


def is_data_file(path: Path) -> bool:
    """Say whether a path counts as data: a known suffix, not hidden, not half-way through being written."""
    return suffix_of(path.name) is not None and not path.name.startswith(".") and path.is_file()


def data_files(folder: Path) -> list[Path]:
    """List the data files right inside a folder, by name. Hidden files, `*.tmp` and `*.part` do not count.

    Raises:
        DataError: the folder does not exist or cannot be listed.
    """
    try:
        return sorted((path for path in folder.iterdir() if is_data_file(path)), key=lambda path: path.name)
    except FileNotFoundError:
        raise DataError(
            f"The data folder {folder} does not exist.", next="Make it, or correct [data] folder."
        ) from None
    except OSError as error:
        raise DataError(
            f"The data folder {folder} cannot be listed: {error.strerror}.",
            untouched="Nothing was taken from it.",
            next="Correct its permissions, or name a folder as [data] folder.",
        ) from None


def require_data_files(folder: Path) -> list[Path]:
    """List the data files of a folder that must have some.

    Raises:
        DataError: there is none.
    """
    found = data_files(folder)
    if not found:
        raise DataError(
            f"There are no data files in {folder}.",
            next=f"Put some there; these count: {', '.join(SUFFIXES)}.",
        )
    return found


def literal(text: str) -> str:
    """Quote a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quote a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def scan_sql(source: Source, types: dict[str, str] | None = None, *, verbatim: bool = False) -> str:
    """Return SQL for `FROM` that reads one file.

    Args:
        source: a path, or a name (which tells the format) and a path.
        types: DuckDB types by column, for formats that carry none (CSV); other columns' types are inferred
            from every row.
        verbatim: read a CSV file as texts, exactly as they stand there; only what is empty is missing.

    Raises:
        DataError: the name's suffix is not one of `SUFFIXES`.
    """
    name, path = as_file(source)
    suffix = suffix_of(name)
    # A wildcard inside brackets stands for itself.
    escaped = "".join(f"[{char}]" if char in "*?[" else char for char in str(path.absolute()))
    where = literal(escaped)
    if suffix == ".parquet":
        return f"read_parquet({where}, hive_partitioning=false)"
    if suffix is None:
        raise DataError(f"{name} is not a data file.", next=f"These count: {', '.join(SUFFIXES)}.")
    packing = "gzip" if suffix.endswith(".gz") else "none"
    if not suffix.startswith(".csv"):
        return (
            f"read_json({where}, format='newline_delimited', records=true, compression='{packing}', "
            "sample_size=-1, maximum_object_size=16777216, hive_partitioning=false)"
        )
    missing = ", ".join(literal(text) for text in (("",) if verbatim else MISSING_TEXTS))
    given = ", ".join(f"{literal(column)}: {literal(kind)}" for column, kind in (types or {}).items())
    typed = f", types={{{given}}}" if given else ", all_varchar=true" if verbatim else ""
    return (
        f"read_csv({where}, header=true, delim={literal(delimiter(path, packing))}, quote='\"', escape='\"', "
        f"comment='', skip=0, strict_mode=true, null_padding=false, ignore_errors=false, sample_size=-1, "
        f"compression='{packing}', nullstr=[{missing}], hive_partitioning=false{typed})"
    )


def delimiter(path: Path, packing: str) -> str:
    """Return what separates the columns of a CSV file: the mark that its header line has most of."""
    header = first_line(path, packing)
    return max(",;\t|", key=header.count)


def first_line(path: Path, packing: str) -> str:
    """Read the header line of a text file; undecodable bytes are replaced, an unreadable file gives ''."""
    import gzip

    try:
        with gzip.open(path, "rb") if packing == "gzip" else path.open("rb") as file:
            return file.readline(1_000_000).decode("utf-8-sig", "replace").rstrip("\r\n")
    except (OSError, EOFError):
        return ""


@contextlib.contextmanager
def reading(*sources: Source) -> Iterator[None]:
    """Turn what DuckDB says about unreadable files into a `DataError` that names the file and the cause."""
    for source in sources:
        name, path = as_file(source)
        if not path.is_file():
            raise DataError(f"{name} does not exist (looked for {path}).")
        if path.stat().st_size == 0:
            raise DataError(f"{name} is empty: it has no bytes at all.", next="Write it again, or remove it.")
    try:
        yield
    except duckdb.InterruptException:
        raise  # Somebody cancelled; no file is to blame.
    except RuntimeError as error:
        if is_interrupt(error):
            raise KeyboardInterrupt from error
        raise
    except duckdb.Error as error:
        if isinstance(error, duckdb.OutOfMemoryException):
            raise DataError(
                f"There is not enough memory or disk to read {_names(sources)}: {error}"
            ) from error
        raise _blame(sources, error) from error


def _names(sources: Sequence[Source]) -> str:
    names = [as_file(source).name for source in sources]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _blame(sources: Sequence[Source], error: duckdb.Error) -> DataError:
    """Find the file that an error over several comes from, by reading each alone."""
    if len(sources) > 1:
        for source in sources:
            try:
                probe(source)
            except DataError as found:
                return found
        return DataError(f"{_names(sources)} cannot be read together: {first_sentence(error)}")
    name, path = as_file(sources[0])
    cause = explain(path, suffix_of(name) or "", lambda packing: delimiter(path, packing)) or first_sentence(
        error
    )
    return DataError(
        f"{name} cannot be read: {cause}",
        untouched="The file was not changed, and nothing was taken from it.",
        next="Repair it or write it again, then try once more.",
    )


def first_sentence(error: Exception) -> str:
    """Shorten an error of DuckDB to what a person can use."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = (lines[0] if lines else type(error).__name__).removeprefix("Invalid Input Error: ")
    text = text.removeprefix("Conversion Error: ").removeprefix("IO Error: ")
    return text if text.endswith(".") else text + "."


def probe(source: Source, types: dict[str, str] | None = None) -> int:
    """Read one file to its last byte and return the number of its rows.

    Raises:
        DataError: any part of it cannot be read.
    """
    with connect() as con, reading(source):
        return read_through(con, scan_sql(source, types))


def read_through(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Decode every value of a relation, keep none, and return the number of its rows."""
    # A plain count() would be answered from a Parquet file's footer.
    rows = con.execute(f"SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM {table}").fetchall()
    return int(rows[0][0])


def describe(con: duckdb.DuckDBPyConnection, source: Source) -> dict[str, str]:
    """Return the DuckDB type of every column of one file, in the file's order.

    Raises:
        DataError: the file is empty, has no columns, is not what its name says or is damaged.
    """
    with reading(source):
        rows = con.execute(f"DESCRIBE SELECT * FROM {scan_sql(source)}").fetchall()
    if not rows:
        raise DataError(f"{as_file(source).name} has no columns.", next="Write it again, or remove it.")
    return {str(row[0]): str(row[1]) for row in rows}


def expand(text: str) -> list[Path]:
    """Turn what a person types into data files: a file, a folder of files, or a pattern such as `2013-*.csv`.

    Raises:
        DataError: nothing is there.
    """
    import glob

    path = Path(text)
    if path.is_dir():
        return require_data_files(path)
    if path.exists():
        return [path]
    found = sorted(Path(name) for name in glob.glob(text, recursive=True))  # noqa: PTH207 - may be absolute
    files = [path for path in found if is_data_file(path)]
    if not files:
        raise _nothing_there(text, found)
    return files


def _nothing_there(text: str, found: Sequence[Path]) -> DataError:
    if found:
        return DataError(
            f"{text} leads to {found[0].name}, which is no data file.",
            next=f"Data files end in {', '.join(SUFFIXES)}.",
        )
    what = f"No file matches {text}." if any(mark in text for mark in "*?[") else f"There is no file {text}."
    return DataError(what, next=f"It was looked for in {Path(text).absolute().parent}.")


def read_rows(
    sources: Sequence[Source],
    columns: Sequence[str] | None = None,
    order_by: str | None = None,
    schema: Schema | None = None,
) -> pd.DataFrame:
    """Read files into one pandas table.

    Args:
        sources: the files, of any mix of formats; columns are matched by name.
        columns: which to read, in that order; all of them by default.
        order_by: a column to sort by, oldest or smallest first; ties keep the order of the files.
        schema: what types to read as; inferred from the files by default.

    Raises:
        DataError: a file cannot be read, or two disagree on a column's type.
    """
    from pilothouse.data.inferring import infer_schema
    from pilothouse.data.typed_reading import relation_sql

    with connect() as con:
        schema = schema or infer_schema(sources, con)
        sql = relation_sql(con, sources, schema)
        wanted = ", ".join(identifier(column) for column in columns) if columns is not None else "*"
        order = f" ORDER BY {identifier(order_by)}" if order_by else ""
        with reading(*sources):
            return con.execute(f"SELECT {wanted} FROM {sql}{order}").df()
