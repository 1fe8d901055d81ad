"""Alerts: conditions on the newest figures, declared in `pilothouse.toml` as SQL over one row of them.

::

    [alerts]
    costly = { when = "cost > 500 OR roc_auc < 0.65", severity = "critical" }

A figure is any metric, any business metric, `expected` and `change` of the metric judged by, `rows`,
`labelled`, `drifted` and `harmful`. Where a figure is not known (no labels), a comparison with it says
neither yes nor no.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pilothouse.config import ModelConfig
from pilothouse.data.engine import connect_alone
from pilothouse.data.reading import identifier
from pilothouse.performance.harm import HARMFUL, Harm
from pilothouse.registry.business import ExpressionError, one_expression, what_is_wrong
from pilothouse.registry.versions import ModelVersion

Figures = Mapping[str, float | bool | None]


@dataclass(frozen=True, slots=True)
class Alert:
    """The verdict of one alert; `fired` is None where the figures cannot tell, and `words` say why."""

    name: str
    severity: str
    when: str
    fired: bool | None
    words: str


def figures_of(harm: Harm, version: ModelVersion, *, drifted: bool = False) -> dict[str, float | bool | None]:
    """Return the figures of a judgement by name; those that are not known are None."""
    found: dict[str, float | bool | None] = dict.fromkeys(version.metrics)
    if harm.estimated is not None and harm.realised is None:
        found[harm.metric] = harm.estimated.value
    found |= {name: value.value for name, value in harm.metrics.items()}
    found |= harm.business
    return found | {
        "expected": harm.expected.value if harm.expected else None,
        "change": harm.change.value if harm.change else None,
        "rows": harm.rows,
        "labelled": harm.labelled,
        "drifted": drifted,
        "harmful": harm.verdict == HARMFUL,
    }


def judge_alerts(config: ModelConfig, figures: Figures) -> tuple[Alert, ...]:
    """Judge each alert of a model; one that cannot be read is told in its words, not raised."""
    if not config.alerts:
        return ()
    told = dict.fromkeys(config.business) | dict(figures)
    columns = ", ".join(f"?::{_kind(value)} AS {identifier(name)}" for name, value in told.items())
    found = []
    with connect_alone() as con:
        con.execute("SET enable_external_access = false")
        con.execute(f"CREATE TABLE figures AS SELECT {columns}", list(told.values()))
        for name, rule in config.alerts.items():
            what = f"The alert {name!r}"
            try:
                one_expression(con, what, rule.when, "figures")
                sql = f"SELECT (\n{rule.when}\n)::BOOLEAN FROM figures"
                with what_is_wrong(what, rule.when):
                    said = con.execute(sql).fetchall()[0][0]
            except ExpressionError as error:
                found.append(Alert(name, rule.severity, rule.when, None, error.what))
                continue
            named = [key for key in told if key in rule.when]
            words = ", ".join(f"{key} = {_show(told[key])}" for key in named[:6])
            if said is None:
                words = f"it cannot be told whether {rule.when}: {words or 'it names no figure'}"
            else:
                words = f"{rule.when}" + (f" ({words})" if words else "")
            found.append(Alert(name, rule.severity, rule.when, said, words))
    return tuple(found)


def _kind(value: float | bool | None) -> str:
    return "BOOLEAN" if isinstance(value, bool) else "DOUBLE"


def _show(value: float | bool | None) -> str:
    return "unknown" if value is None else str(value) if isinstance(value, bool) else f"{value:.4g}"
