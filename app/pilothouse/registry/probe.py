"""Probe rows: a few rows and the answers a version must give to them, as Parquet."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from pilothouse.data.engine import connect
from pilothouse.registry.frames import canonical_frame
from pilothouse.registry.model import Outputs
from pilothouse.registry.signature import Signature


def write_probe(path: Path, rows: pd.DataFrame, answers: Outputs) -> None:
    """Write rows of shape (n, inputs) and their answers."""
    table = rows.reset_index(drop=True)
    prediction, probability = _output_columns([str(name) for name in table.columns])
    table[prediction] = answers.predictions
    if answers.probabilities is not None:
        table[probability] = answers.probabilities
    con = connect()
    try:
        con.register("probe_rows", table)
        con.execute(f"COPY (SELECT * FROM probe_rows) TO {_quoted(str(path))} (FORMAT parquet)")
    finally:
        con.close()


def read_probe(content: bytes, signature: Signature) -> tuple[pd.DataFrame, Outputs]:
    """Return the rows, as the pipeline sees them, and the answers that were stored with them."""
    # DuckDB reads Parquet from a path; the bytes that were verified are the ones that it must see.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.parquet"
        path.write_bytes(content)
        con = connect()
        try:
            table = con.execute(f"SELECT * FROM read_parquet({_quoted(str(path))})").df()
        finally:
            con.close()
    prediction, probability = _output_columns(list(signature.names))
    values = (
        [_plain(value) for value in table[probability].tolist()] if probability in table.columns else None
    )
    return canonical_frame(signature, table), Outputs(
        [_plain(value) for value in table[prediction].tolist()], values
    )


def _output_columns(taken: list[str]) -> tuple[str, str]:
    # DuckDB's names ignore case, so a feature called `Prediction` would clash as well.
    low = {name.lower() for name in taken}
    found = []
    for name in ("prediction", "probability"):
        while name in low:
            name += "_"
        found.append(name)
    return found[0], found[1]


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
