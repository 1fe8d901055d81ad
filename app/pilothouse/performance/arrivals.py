"""The harm of a file that landed: judged once, and kept with the report, its event and its alerts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.versions import fingerprint
from pilothouse.errors import PilothouseError, is_interrupt
from pilothouse.performance.alerts import Alert, figures_of, judge_alerts
from pilothouse.performance.business_added import ASKED, asked
from pilothouse.performance.earlier import landed_before
from pilothouse.performance.files import Performance, measure_files
from pilothouse.performance.harm import HARMFUL
from pilothouse.performance.harms_kept import NOT_JUDGED, KeptHarm, Waiting, read_harm
from pilothouse.registry.versions import ModelVersion
from pilothouse.store import Row, Store, Transaction, dumps, loads, record

ACTOR = "harm"


def judge_arrival(
    store: Store, version: ModelVersion, config: ModelConfig, arrival: Waiting, *, again: bool = False
) -> KeptHarm:
    """Measure a version on an arrival, and keep what was found unless somebody else has meanwhile.

    A file that cannot be measured is kept as `not judged` with the reason, so that it does not come up again.

    Args:
        store: of the workspace.
        version: what is live.
        config: of its model.
        arrival: the file.
        again: put it in the place of what is kept.

    Raises:
        PilothouseError: it cannot be measured again; what is kept stays.
    """
    alerts: tuple[Alert, ...] = ()
    drifted = _drifted(store, arrival)
    try:
        path = bytes_of(store, config, arrival)
        question, before = landed_before(store, version, arrival.name, arrival.sha256)
        found = measure_files(
            store, version, config, [(arrival.name, path)], drifted=drifted, question=question, before=before
        )
        kept = _of(arrival, version, config, found, _landed_before(store, arrival))
        alerts = judge_alerts(config, figures_of(found.harm, version, drifted=drifted))
    except Exception as error:
        if is_interrupt(error):  # What somebody stopped is judged the next time.
            raise KeyboardInterrupt from error
        # A pipeline or a file that nobody foresaw must not come up again and again.
        why = f"{type(error).__name__}: {str(error)[:300]}"
        if isinstance(error, PilothouseError):
            why = error.what
        if again:
            # What goes wrong may pass, and a judgement that was made is worth more than none.
            raise PilothouseError(
                f"{arrival.name} cannot be judged again: {why}", untouched="What was found of it stays."
            ) from error
        kept = _unjudged(arrival, version, why)
    with store.transaction() as tx:
        known = tx.row(
            "SELECT verdict, version, report FROM harms WHERE model = ? AND name = ? AND sha256 = ?",
            [arrival.model, arrival.name, arrival.sha256],
        )
        if known and not again:
            return kept
        _keep(tx, kept, alerts, known)
    return kept


def rejudge(store: Store, version: ModelVersion, config: ModelConfig, name: str) -> KeptHarm:
    """Judge the newest file of that name again, by the labels that have come since.

    Raises:
        PilothouseError: no such file was judged, or it cannot be measured again; what is kept stays.
    """
    before = read_harm(store, config.name, name=name)
    if not before:
        raise PilothouseError(
            f"The harm of {name[:80]!r} was not judged yet.", next="Judge it with `pilothouse harm --judge`."
        )
    waiting = Waiting(config.name, before[0].name, before[0].sha256)
    return judge_arrival(store, version, config, waiting, again=True)


def _landed_before(store: Store, arrival: Waiting) -> list[str]:
    """Say how many ids of an arrival landed before, as its check found."""
    rows = store.query(
        "SELECT findings FROM arrivals WHERE model = ? AND name = ? AND sha256 = ?",
        [arrival.model, arrival.name, arrival.sha256],
    )
    found = [one for row in rows for one in loads(row["findings"]) or () if one.get("rule") == "again"]
    return [f"{one['count']:,} of its rows landed before, in another file, and count again." for one in found]


def _drifted(store: Store, arrival: Waiting) -> bool:
    rows = store.query(
        "SELECT dataset_drift FROM drift_reports WHERE model = ? AND subject = ? AND sha256 = ?"
        " ORDER BY recorded_at DESC LIMIT 1",
        [arrival.model, arrival.name, arrival.sha256],
    )
    return bool(rows and rows[0]["dataset_drift"])


def bytes_of(store: Store, config: ModelConfig, arrival: Waiting) -> Path:
    """Return where the bytes of an arrival are.

    Raises:
        PilothouseError: they are gone.
    """
    for path in (
        store.workspace.data_folder(config) / arrival.name,
        store.workspace.objects_dir / arrival.sha256,
    ):
        if path.is_file() and fingerprint(path) == arrival.sha256:
            return path
    raise PilothouseError(f"{arrival.name} is gone, or was changed since it was judged.")


def _of(
    arrival: Waiting, version: ModelVersion, config: ModelConfig, found: Performance, again: list[str]
) -> KeptHarm:
    harm = found.harm
    told = harm.realised or harm.estimated
    return KeptHarm(
        model=arrival.model,
        name=arrival.name,
        sha256=arrival.sha256,
        version=version.version,
        at=datetime.now(UTC),
        metric=harm.metric,
        verdict=harm.verdict,
        words=" ".join((harm.words, *found.notes, *again)),
        value=told.value if told else None,
        low=told.low if told else None,
        high=told.high if told else None,
        expected=harm.expected.value if harm.expected else None,
        estimated=harm.realised is None and harm.estimated is not None,
        business=harm.business,
        report={**found.to_json(), ASKED: asked(config)},
    )


def _unjudged(arrival: Waiting, version: ModelVersion, why: str) -> KeptHarm:
    nothing: dict[str, Any] = dict.fromkeys(("value", "low", "high", "expected"))
    return KeptHarm(
        **asdict(arrival), version=version.version, at=datetime.now(UTC), metric="", verdict=NOT_JUDGED,
        words=why, estimated=False, business={}, report={}, **nothing,
    )  # fmt: skip


def _keep(tx: Transaction, kept: KeptHarm, alerts: tuple[Alert, ...], known: Row | None) -> None:
    """Write what was found, and an event of what the judgement before, if there was one, did not say."""
    told: set[str] = set()
    if known and known["version"] == kept.version:
        fired = (loads(known["report"]) or {}).get("alerts", [])
        told = {one["name"] for one in fired if one["fired"]}
    hurt = bool(known and known["version"] == kept.version and known["verdict"] == HARMFUL)
    row = {
        **{name: getattr(kept, name) for name in KeptHarm.__dataclass_fields__ if name != "at"},
        "recorded_at": kept.at,
        "business": dumps(kept.business),
        "report": dumps({**kept.report, "alerts": [asdict(alert) for alert in alerts]}),
    }
    tx.execute(
        f"INSERT OR REPLACE INTO harms ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
        list(row.values()),
    )
    data = {"model": kept.model, "version": kept.version, "metric": kept.metric, "value": kept.value,
            "low": kept.low, "high": kept.high, "expected": kept.expected, "estimated": kept.estimated,
            "business": kept.business}  # fmt: skip
    if kept.verdict == HARMFUL and not hurt:
        judged = kept.report.get("harm", {})
        hurts = "hurts" if judged.get("sure") or judged.get("confirmed") else "may hurt"
        record(tx, "harm", kept.name, f"{kept.name} {hurts} v{kept.version}: {kept.words}", data, ACTOR)
    for alert in alerts:
        if alert.fired and alert.name not in told:
            words = f"{alert.severity}: {alert.name}, on {kept.name} with v{kept.version}: {alert.words}"
            record(tx, "alert", alert.name, words, {**data, **asdict(alert)}, ACTOR)
