"""Scores of a version on a holdout, kept so that the same rows are scored once.

Candidate and champion are compared on the very same rows: the holdout of the candidate's run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilothouse.config import ModelConfig
from pilothouse.data.engine import connect
from pilothouse.data.spelling import respelled
from pilothouse.errors import PilothouseError
from pilothouse.jsontext import dumps, loads
from pilothouse.registry.bundle import load_version
from pilothouse.registry.business import compute_business
from pilothouse.registry.frames import canonical_frame
from pilothouse.registry.model import Outputs
from pilothouse.registry.scoring import binary_metrics, multiclass_metrics, one_row_p99, regression_metrics
from pilothouse.registry.versions import ModelVersion
from pilothouse.store import Store

LATENCY = "p99_ms"
_RULE = ":2"
"""By which rule answers are judged: scores that were kept by another one are made anew."""


def evaluate(
    store: Store,
    version: ModelVersion,
    holdout: Path,
    model_cfg: ModelConfig,
    wanted: Iterable[str] = (),
    troubles: dict[str, str] | None = None,
) -> dict[str, float]:
    """Score a version on the rows of a holdout, by its business metrics too.

    Args:
        store: where scores are kept.
        version: the version to score.
        holdout: a Parquet file with the inputs and the target.
        model_cfg: says the target and the task.
        wanted: names of metrics that must be among the scores; `p99_ms` is measured only if it is asked for.
        troubles: takes what is wrong with a business metric, by its name.

    Returns:
        Metrics by name; those that the rows cannot give (ROC AUC of one class) are left out.

    Raises:
        PilothouseError: the holdout lacks the target or an input, or the bundle cannot be loaded.
    """
    key = _fingerprint(holdout) + _RULE + _expressions(model_cfg)
    with store.reading() as tx:
        kept = tx.value(
            "SELECT metrics FROM evaluations WHERE model = ? AND version = ? AND holdout = ?",
            [version.model, version.version, key],
        )
    found: dict[str, float] = loads(kept) or {}
    needed = {name for name in wanted if name == LATENCY or name in model_cfg.business}
    if found and needed <= set(found):
        return found
    table = read_holdout(holdout)
    if model_cfg.target not in table.columns:
        raise PilothouseError(f"The holdout {holdout} has no column {model_cfg.target!r}, the target.")
    table = table[table[model_cfg.target].notna()]
    if table.empty:
        raise PilothouseError(f"The holdout {holdout} has no row with a target.")
    model = load_version(version)
    rows = canonical_frame(model.signature, table)
    outputs = model.predict(rows)
    found = _score(outputs, model.classes or [], table[model_cfg.target], model_cfg.task, model.threshold)
    if model_cfg.business:
        told = {} if troubles is None else troubles
        outcomes = outcomes_table(table, outputs)
        found = compute_business(outcomes, model_cfg.business, told) | found
    if LATENCY in wanted:
        found[LATENCY] = one_row_p99(model.predict, rows)
    with store.transaction() as tx:
        tx.execute(
            "INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?, ?)",
            [version.model, version.version, key, dumps(found), datetime.now(UTC)],
        )
    return found


def outcomes_table(table: pd.DataFrame, outputs: Outputs) -> pd.DataFrame:
    """Return rows with what a version answers, as the expressions of business metrics read them.

    Of two classes there is a `probability`, too.
    """
    answers: dict[str, Any] = {"prediction": outputs.predictions}
    likely = None if outputs.probabilities is None else np.asarray(outputs.probabilities, dtype="float64")
    if likely is not None and likely.ndim == 1:
        answers["probability"] = likely
    return table.assign(**answers)


def _expressions(model_cfg: ModelConfig) -> str:
    """What tells scores with these business metrics from those with others."""
    if not model_cfg.business:
        return ""
    told = sorted((name, metric.sql) for name, metric in model_cfg.business.items())
    return ":" + hashlib.sha256(dumps(told).encode()).hexdigest()[:12]


def _score(
    answers: Outputs, classes: Sequence[Any], target: Any, task: str, threshold: float
) -> dict[str, float]:
    if task == "regression":
        truth = target.to_numpy(dtype="float64")
        return regression_metrics(truth, np.asarray(answers.predictions, dtype="float64"))
    truth_codes = class_codes(target, classes)
    if answers.probabilities is None:
        return {"accuracy": float(np.mean(class_codes(answers.predictions, classes) == truth_codes))}
    probability = np.asarray(answers.probabilities, dtype="float64")
    if probability.ndim == 1:
        return binary_metrics(truth_codes == 1, probability, threshold)
    return multiclass_metrics(truth_codes, probability)


def class_codes(
    values: Iterable[Any], classes: Sequence[Any], where: str = "The holdout"
) -> NDArray[np.intp]:
    """Return each value's position among a model's classes, shape (n,); yes and no in any spelling.

    Args:
        values: classes as rows have them.
        classes: the model's.
        where: whose rows they are, for the error.

    Raises:
        PilothouseError: a value is none of them.
    """
    codes = codes_where_known(values := list(values), classes)
    for value, code in zip(values, codes.tolist(), strict=True):
        if code < 0:
            known = ", ".join(str(one)[:60] for one in classes[:10])
            raise PilothouseError(
                f"{where} has the class {str(value)[:60]!r}, which the model has never seen; "
                f"it knows: {known}."
            )
    return codes


def codes_where_known(values: Iterable[Any], classes: Sequence[Any]) -> NDArray[np.intp]:
    """Return the same, and -1 for a value that is none of the classes."""
    positions = {str(label): code for code, label in enumerate(classes)}
    found: dict[Any, int] = {}
    codes = []
    for value in values:
        code = found.get(value)
        if code is None:
            code = positions.get(_label(value, positions), -1)
            if code < 0:
                code = positions.get(str(respelled(value, classes)), -1)
            found[value] = code
        codes.append(code)
    return np.array(codes, dtype=np.intp)


def _label(value: Any, codes: dict[str, int]) -> str:
    # A class is an int in one table, a float or a bool in another; it is the same class.
    if str(value) in codes:
        return str(value)
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, str) and value.endswith(".0"):
        # One word among them makes texts of all numbers of a CSV column.
        return value.removesuffix(".0")
    return str(int(value)) if isinstance(value, bool | np.bool_) else str(value)


def read_holdout(path: Path) -> pd.DataFrame:
    """Read a holdout, every column of it.

    Raises:
        PilothouseError: it is not there, or no Parquet file.
    """
    con = connect()
    try:
        quoted = str(path).replace("'", "''")
        return con.execute(f"SELECT * FROM read_parquet('{quoted}')").df()
    except duckdb.Error as error:
        raise PilothouseError(f"The holdout {path} cannot be read: {str(error)[:200]}.") from error
    finally:
        con.close()


def _fingerprint(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise PilothouseError(f"The holdout {path} cannot be read: {error.strerror}.") from error
