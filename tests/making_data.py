"""Real data files for tests: Parquet from columns, CSV from text, and the sample of this project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

SAMPLE = Path(__file__).parents[1] / "sample_data"


def month(number: int) -> Path:
    """The sample's file of one month of 2013."""
    return SAMPLE / f"flights-2013-{number:02d}.parquet"


def write_parquet(path: Path, columns: dict[str, Any]) -> Path:
    """Write columns of equal length."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.register("given", pd.DataFrame(columns))
        literal = str(path).replace("'", "''")
        con.execute(f"COPY (SELECT * FROM given) TO '{literal}' (FORMAT parquet)").fetchall()
    return path


def write_text(path: Path, text: str | bytes) -> Path:
    """Write a text as UTF-8, or bytes as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path
