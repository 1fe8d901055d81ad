"""Can what a person wrote be computed? Business metrics, alerts and gates, looked at before they count."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from pilothouse.config import ModelConfig
from pilothouse.data.engine import connect_alone
from pilothouse.data.reading import identifier
from pilothouse.data.schema import sql_type
from pilothouse.monitoring.reference import find_reference
from pilothouse.registry.business import ExpressionError, one_expression, what_is_wrong
from pilothouse.registry.versions import list_versions
from pilothouse.store import Store
from pilothouse.workspace import Workspace

_MEASURED = {
    "classification": (
        "roc_auc pr_auc log_loss brier f1 precision recall accuracy base_rate threshold p99_ms".split()
    ),
    "regression": "rmse mae r2 p99_ms".split(),
}
_FIGURES = ("expected", "change", "rows", "labelled")
_SAID = ("drifted", "harmful")


def unsound_rules(workspace: Workspace, store: Store, model: ModelConfig) -> list[str]:
    """Return a sentence for each business metric, alert and gate of a model that cannot be computed.

    Columns are those of the model's reference; before there is one only the grammar is looked at.
    """
    told = []
    columns = _columns(workspace, store, model)
    versions = {name for one in list_versions(store, model.name) for name in one.metrics}
    measured = {*_MEASURED[model.task], *versions, *model.business}
    figures = {**dict.fromkeys((*measured, *_FIGURES), "DOUBLE"), **dict.fromkeys(_SAID, "BOOLEAN")}
    with connect_alone() as con:
        con.execute("SET enable_external_access = false")
        _table(con, "outcomes", columns or {})
        _table(con, "figures", figures)
        for name, metric in model.business.items():
            what = f"The business metric {name!r}"
            told += _wrong(con, what, metric.sql, "DOUBLE", "outcomes", compiled=columns is not None)
        for name, rule in model.alerts.items():
            told += _wrong(con, f"The alert {name!r}", rule.when, "BOOLEAN", "figures", compiled=True)
    # A script's runs have metrics of their own, which a gate may name before there is a version.
    logged = {str(row["key"]) for row in store.query("SELECT DISTINCT key FROM metrics")}
    for name in model.gates:
        if name not in measured | logged:
            told.append(
                f"The gate {name!r} names a metric that nothing measures;"
                f" there are: {', '.join(sorted(measured))}."
            )
    return told


def _columns(workspace: Workspace, store: Store, model: ModelConfig) -> dict[str, str] | None:
    reference = find_reference(workspace, store, model)
    if reference is None:
        return None
    columns = {one.name: sql_type(one.type) for one in reference.schema.columns}
    if model.task == "regression":
        return {**columns, "prediction": "DOUBLE"}
    return {**columns, "prediction": columns.get(model.target, "VARCHAR"), "probability": "DOUBLE"}


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str]) -> None:
    # DuckDB takes names that differ in case for one.
    once = {column.lower(): (column, kind) for column, kind in columns.items()} or {"": ("_", "INTEGER")}
    listed = ", ".join(f"{identifier(column)} {kind}" for column, kind in once.values())
    con.execute(f"CREATE TABLE {name} ({listed})")


def _wrong(
    con: duckdb.DuckDBPyConnection, what: str, sql: str, kind: str, table: str, *, compiled: bool
) -> list[str]:
    try:
        one_expression(con, what, sql, table)
        if compiled:
            with what_is_wrong(what, sql):
                con.execute(f"SELECT (\n{sql}\n)::{kind} FROM {table}")
    except ExpressionError as error:
        return [error.what]
    return []
