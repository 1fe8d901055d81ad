"""Prediction drift: what a model answers in production, against what it answered on its holdout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, describe, identifier, literal, reading, scan_sql
from pilothouse.data.schema import Column
from pilothouse.errors import NotFoundError
from pilothouse.monitoring.drift import compare_profiles
from pilothouse.monitoring.patience import Progress, Steps, patiently
from pilothouse.monitoring.predicted_rows import row_key_sql, told_rows
from pilothouse.monitoring.profile import profile_table
from pilothouse.monitoring.reports import DriftReport

FEW_ANSWERS = 30
"""Fewer predictions say little of where they come from."""
ANSWERS = ("prediction", "probability")


def compare_predictions(
    holdout: Path,
    segments: Sequence[Path],
    *,
    model: str,
    version: int,
    classification: bool,
    threshold: float | None = None,
    row_id: str | None = None,
    share: float = 0.3,
    progress: Progress | None = None,
) -> DriftReport:
    """Compare the answers of a version in the prediction log with those on its holdout.

    Args:
        holdout: the rows a version was judged on, with its answers as the last columns.
        segments: files of the prediction log, JSON lines with `model`, `version` and `output`.
        model, version: whose answers count.
        classification: whether answers are classes.
        threshold: of two classes, from where the second is the answer: both sides are read by it, since what
            was kept by an older rule is no drift. Without it answers count as they are written.
        row_id: the field with a row's id: a row that was asked for again counts once, with the last answer.
        share: see `compare_profiles`; here of prediction and probability.
        progress: called while it lasts; cancels by raising.

    Raises:
        NotFoundError: the log has no answers of this version.
        DataError: the holdout has no answers, or cannot be read.
    """
    with connect() as con, reading(holdout):
        names = list(describe(con, holdout))
        # A name that the data had already got a dash; so the last that starts so is the answer.
        taken = {
            answer: found[-1]
            for answer in ANSWERS
            if (found := [name for name in names if name.rstrip("_") == answer])
        }
        if "prediction" not in taken:
            raise DataError(f"{holdout.name} has no predictions to compare with.")
        kind = Column("prediction", "text", "category", False) if classification else _number("prediction")
        columns = [kind, *([_number("probability")] if "probability" in taken else [])]

        def work(steps: Steps) -> DriftReport:
            steps.next("holdout")
            before = ", ".join(
                f"CAST({identifier(taken[column.name])} AS {_sql(column)}) AS {column.name}"
                for column in columns
            )
            table = f"(SELECT {before} FROM {scan_sql(holdout)})"
            con.execute(_answers(columns, segments, row_id), [model, version]).fetchall()
            if threshold is not None and len(columns) == 2:
                table = _by_threshold(con, table, threshold)
            base = profile_table(con, table, columns)
            steps.next("prediction log")
            now = profile_table(con, "answers", columns, base)
            counted.append(int(con.execute("SELECT coalesce(sum(times), 0) FROM answers").fetchall()[0][0]))
            return compare_profiles(base, now, share)

        counted: list[int] = []
        report = patiently(con, work, progress, steps=3)
    if report.n_current == 0:
        raise NotFoundError(
            f"The prediction log has no answers of {model} v{version}.",
            next="Serve it first: `pilothouse serve`.",
        )
    note = (
        "Prediction drift: the model's answers, not its inputs. It may come from either, or from the world."
    )
    notes: tuple[str, ...] = (note,)
    if report.n_current < FEW_ANSWERS:
        count = "1 prediction is" if report.n_current == 1 else f"{report.n_current} predictions are"
        if counted[-1] > report.n_current:
            count = f"{told_rows(counted[-1], report.n_current)} are"
        notes = (f"{count} too few to tell whether anything moved: it takes {FEW_ANSWERS}.", note)
    elif counted[-1] > report.n_current:
        notes = (f"{told_rows(counted[-1], report.n_current)}: each row counts once.", note)
    return replace(report, notes=notes)


def _by_threshold(con: duckdb.DuckDBPyConnection, table: str, threshold: float) -> str:
    """Decide anew for the class of each row, on either side; return SQL for the holdout's."""
    first, second = con.execute(
        f"SELECT arg_min(prediction, probability), arg_max(prediction, probability) FROM {table}"
    ).fetchall()[0]
    if first == second:
        return table
    chosen = (
        f"CASE WHEN probability >= {threshold!r} THEN {literal(second)}"
        f" WHEN probability < {threshold!r} THEN {literal(first)} ELSE prediction END"
    )
    con.execute(f"UPDATE answers SET prediction = {chosen}")
    return f"(SELECT {chosen} AS prediction, probability FROM {table})"


def _number(name: str) -> Column:
    return Column(name, "number", "numeric", False)


def _sql(column: Column) -> str:
    return "VARCHAR" if column.kind == "category" else "DOUBLE"


def _answers(columns: Sequence[Column], segments: Sequence[Path], row_id: str | None) -> str:
    """SQL that makes the table `answers`; a line that is torn is not there yet."""
    if not segments:
        fields = ", ".join(f"NULL::{_sql(column)} AS {column.name}" for column in columns)
        return f"CREATE TEMP TABLE answers AS SELECT {fields}, 1 AS times WHERE ? IS NULL AND ? IS NULL"
    files = ", ".join(literal(str(path)) for path in segments)
    fields = ", ".join(
        f"TRY_CAST(output->>'$.{column.name}' AS {_sql(column)}) AS {column.name}" for column in columns
    )
    key = row_key_sql(row_id)
    return (
        f"CREATE TEMP TABLE answers AS SELECT {fields}, count(*) OVER (PARTITION BY {key}) AS times"
        f" FROM read_json([{files}], format = 'newline_delimited', ignore_errors = true,"
        " maximum_object_size = 67108864, columns = {id: 'VARCHAR', model: 'VARCHAR', version: 'INTEGER',"
        " output: 'JSON', features: 'JSON', time: 'TIMESTAMP'})"
        " WHERE id IS NOT NULL AND model = ? AND version = ?"
        f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY time DESC, id DESC) = 1"
    )
