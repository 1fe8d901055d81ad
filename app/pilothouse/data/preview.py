"""The first rows of a file that need not be data of ours: everything as text, whatever it holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, delimiter, identifier, literal, suffix_of

WIDEST = 400
"""Characters of a cell that are read, and columns."""


MOST_COUNTED = 128 << 20
"""Bytes of a text file whose rows are counted, a part of a second; packed ones count eight times."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Columns with their types (empty where the format has none), rows of texts (None: missing), and how
    many rows and columns there are in all (None: not counted)."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    total_rows: int | None
    total_columns: int


def preview(path: Path, name: str, most: int = 200) -> Preview:
    """Read the first rows of a CSV, TSV, Parquet or JSON lines file.

    Args:
        path: the file.
        name: what it is called, which tells the format.
        most: rows at most.

    Raises:
        DataError: it cannot be read as what its name says.
    """
    low = name.lower()
    suffix = ".tsv" if low.endswith(".tsv") else suffix_of(low)
    if suffix is None:
        raise DataError(f"{name[:120]!r} is not a table.")
    escaped = "".join(f"[{char}]" if char in "*?[" else char for char in str(path.absolute()))
    where = literal(escaped)
    packing = "gzip" if suffix.endswith(".gz") else "none"
    if suffix == ".parquet":
        source = f"read_parquet({where}, hive_partitioning=false)"
    elif suffix.startswith((".csv", ".tsv")):
        # No guessing over the whole file: only what is shown is read.
        source = (
            f"read_csv({where}, header=true, all_varchar=true, null_padding=true, strict_mode=false,"
            f" delim={literal(delimiter(path, packing))}, quote='\"', escape='\"', comment='', skip=0,"
            f" parallel=false, compression='{packing}', hive_partitioning=false, max_line_size=16777216)"
        )
    else:
        source = (
            f"read_json({where}, format='newline_delimited', compression='{packing}', sample_size={most},"
            " hive_partitioning=false, maximum_object_size=16777216)"
        )
    con = connect()
    try:
        about = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        shown = about[:WIDEST]
        cells = ", ".join(f"left({identifier(row[0])}::VARCHAR, {WIDEST})" for row in shown)
        rows = con.execute(f"SELECT {cells} FROM {source} LIMIT {int(most)}").fetchall()
        total = None
        if suffix == ".parquet":
            total = con.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({where})").fetchall()[0][0]
        elif len(rows) < most:
            total = len(rows)
        elif path.stat().st_size <= MOST_COUNTED // (8 if packing == "gzip" else 1):
            total = _count(con, source)
    except duckdb.Error as error:
        first = str(error).strip().splitlines()[0][:300]
        raise DataError(f"{name[:120]} cannot be read as a table: {first}") from None
    finally:
        con.close()
    typed = tuple("" if suffix.startswith((".csv", ".tsv")) else str(row[1]).lower() for row in shown)
    return Preview(tuple(str(row[0]) for row in shown), typed, tuple(rows), total, len(about))


def _count(con: duckdb.DuckDBPyConnection, source: str) -> int | None:
    try:
        return int(con.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0])
    except duckdb.Error:
        # Something far below cannot be read: the first rows can, and nobody knows how many there are.
        return None
