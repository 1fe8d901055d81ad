"""Training-serving skew: what a model was given when it answered, against the same computed offline.

Offline is either the logged request itself, run through the version's feature views with the tables as they
are now, or the row of a data file that has the request's id, with all that the model takes from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from pilothouse.config import ModelConfig
from pilothouse.data.features.computing import FeatureRunner
from pilothouse.data.features.definition import table_paths
from pilothouse.data.reading import Source, read_rows
from pilothouse.data.row_ids import id_text
from pilothouse.errors import PilothouseError
from pilothouse.registry.features import kept_features
from pilothouse.registry.frames import canonical_frame, frame_of_rows, with_features
from pilothouse.registry.manifest import read_manifest, read_verified
from pilothouse.registry.signature import Signature
from pilothouse.registry.versions import ModelVersion
from pilothouse.serving.predictions import read_predictions
from pilothouse.store import Store, record

_TOLERANCE = 1e-9
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class FeatureSkew:
    """One feature: how many of the rows differ, by how much at most, and a few of them.

    `largest` is the largest difference of two numbers, None where none differ in size. Each example has the
    prediction's id, what was logged, and what was computed offline. `empty` counts the rows that have nothing
    on either side: these agree, and say nothing.
    """

    feature: str
    rows: int
    differing: int
    largest: float | None
    examples: tuple[tuple[str, Any, Any], ...]
    empty: int = 0

    @property
    def mostly_empty(self) -> bool:
        """Whether at least half of the rows have nothing on either side."""
        return 2 * self.empty >= self.rows > 0

    @property
    def share(self) -> float:
        """Share of the rows that differ."""
        return self.differing / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class SkewReport:
    """Features of logged predictions against the same offline; `unmatched` have no row in the files."""

    model: str
    version: int
    rows: int
    unmatched: int
    features: tuple[FeatureSkew, ...]

    @property
    def skewed(self) -> tuple[FeatureSkew, ...]:
        """The features that differ in any row, the worst first."""
        return tuple(sorted((one for one in self.features if one.differing), key=lambda one: -one.share))

    @property
    def mostly_empty(self) -> tuple[FeatureSkew, ...]:
        """The features of which at least half of the rows have nothing on either side."""
        return tuple(one for one in self.features if one.mostly_empty)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "model": self.model,
            "version": self.version,
            "rows": self.rows,
            "unmatched": self.unmatched,
            "skew": bool(self.skewed),
            "features": [
                {
                    "feature": one.feature,
                    "rows": one.rows,
                    "differing": one.differing,
                    "share": one.share,
                    "largest": one.largest,
                    "empty": one.empty,
                    "examples": [
                        {"id": name, "served": served, "offline": offline}
                        for name, served, offline in one.examples
                    ],
                }
                for one in self.features
            ],
        }


def measure_skew(
    store: Store,
    version: ModelVersion,
    config: ModelConfig,
    *,
    sources: Sequence[Source] = (),
    since: datetime | None = None,
    limit: int = 10_000,
) -> SkewReport:
    """Compare what a version was given with the same offline, and keep the outcome as an event.

    Args:
        store: of the workspace.
        version: whose predictions.
        config: of its model; says which column is the id.
        sources: data files whose rows have the ids of predictions; without any, logged requests are used.
        since: only predictions from then on.
        limit: the newest so many at most.

    Raises:
        PilothouseError: nothing was predicted, nothing can be compared, or a file cannot be read.
    """
    files = read_manifest(version.path, version.manifest_sha256)
    signature = Signature.from_json(read_verified(version.path, "signature.json", files))
    runner = _runner(store, version, files)
    if runner is None and not sources:
        raise PilothouseError(
            f"{version.label} has no feature views: what it was given is what it was sent.",
            next="`pilothouse skew --data FILES` compares with what was sent, by the ids of predictions.",
        )
    logged = read_predictions(
        store.workspace, limit, model=version.model, version=version.version, since=since
    )
    if not logged:
        raise PilothouseError(f"The prediction log has no prediction of {version.label} to look at.")
    rows = signature.validate([line["features"] for line in logged])
    given = frame_of_rows(signature, rows)
    served = _beside(given, pd.DataFrame([line["computed"] for line in logged]))
    served.insert(0, "", [_id_of(line, config) for line in logged])
    unmatched = 0
    if sources:
        table, places = _rows_by_id(sources, config, served[""].tolist())
        unmatched = len(served) - len(places)
        served = served.iloc[list(places)].reset_index(drop=True)
        if served.empty:
            raise PilothouseError(
                f"None of the {len(logged):,} predictions has the id of a row in these files.",
                next=f"Send {config.data.id!r} with each row, or as the request's id (X-Request-Id).",
            )
        given = canonical_frame(signature, table.iloc[list(places.values())].reset_index(drop=True))
    offline = with_features(given, runner)[0] if runner is not None else given
    # Without files the requests themselves are the rows: only what was made of them can differ.
    made = [one.name for one in runner.definition.outputs] if runner is not None else []
    names = [*signature.names, *made] if sources else made
    report = SkewReport(
        version.model,
        version.version,
        len(served),
        unmatched,
        tuple(_compare(name, served, offline) for name in names),
    )
    _tell(store, report)
    return report


def _id_of(line: dict[str, Any], config: ModelConfig) -> str:
    """Return the id that came with the row, or else the request's."""
    own = line["features"].get(config.data.id)
    return line["id"] if own is None else id_text(own)


def _runner(store: Store, version: ModelVersion, files: dict[str, str]) -> FeatureRunner | None:
    kept = kept_features(version.path, files)
    if kept is None or not kept.definition.tables:
        return kept
    return FeatureRunner(kept.definition, dict(table_paths(store.workspace, kept.definition.tables)))


def _beside(given: pd.DataFrame, computed: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([given, computed], axis=1)


def _rows_by_id(
    sources: Sequence[Source], config: ModelConfig, ids: list[str]
) -> tuple[pd.DataFrame, dict[int, int]]:
    """Return the rows of files, and of each prediction that has one there: its place, and that of its row.

    Of several rows with one id the last counts, as a file that comes later says what is known later. The same
    id may have been asked for any number of times.
    """
    column = config.data.id
    if column is None:
        raise PilothouseError(
            "The predictions cannot be matched with files: the model has no id.",
            next='Set data.id = "…" in pilothouse.toml to the column that names a row.',
        )
    table = read_rows(sources)
    if column not in table.columns:
        raise PilothouseError(f"The files have no column {column!r}, the id.")
    rows = {_key(one): row for row, one in enumerate(table[column].tolist())}
    return table, {place: rows[one] for place, one in enumerate(ids) if one in rows}


def _key(value: Any) -> str | None:
    try:
        # An integer column with a gap comes as floats, and older logs hold integers as floats, too.
        return id_text(value)
    except ValueError:
        return None


def _compare(name: str, served: pd.DataFrame, offline: pd.DataFrame) -> FeatureSkew:
    differing, empty, largest = 0, 0, 0.0
    examples: list[tuple[str, Any, Any]] = []
    logged = served[name] if name in served.columns else pd.Series([None] * len(served))
    for place, (left, right) in enumerate(zip(logged.tolist(), offline[name].tolist(), strict=True)):
        if _same(left, right):
            empty += bool(pd.isna(left))
            continue
        differing += 1
        if _number(left) and _number(right):
            largest = max(largest, abs(left - right))
        if len(examples) < _EXAMPLES:
            examples.append((str(served[""].iloc[place]), _plain(left), _plain(right)))
    return FeatureSkew(name, len(served), differing, largest or None, tuple(examples), empty)


def _same(left: Any, right: Any) -> bool:
    if pd.isna(left) or pd.isna(right):
        return bool(pd.isna(left) and pd.isna(right))
    if _number(left) and _number(right):
        return math.isclose(left, right, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return str(left) == str(right)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not pd.isna(value)


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def told_empty(report: SkewReport) -> str:
    """Say of which features most values are empty on both sides, so that their agreeing says nothing."""
    counts = ", ".join(f"{one.feature} in {one.empty:,} of {one.rows:,}" for one in report.mostly_empty[:5])
    return f"Empty both as served and offline: {counts}." if counts else ""


def _tell(store: Store, report: SkewReport) -> None:
    words = f"v{report.version}: {report.rows:,} predictions were given what they get offline."
    if report.skewed:
        worst = report.skewed[0]
        words = (
            f"v{report.version}: training-serving skew in {len(report.skewed)} of {len(report.features)}"
            f" features; {worst.feature} differs in {worst.share:.1%} of {report.rows:,} predictions."
        )
    if report.mostly_empty:
        words += f" {told_empty(report)}"
    with store.transaction() as tx:
        data = {
            "rows": report.rows,
            "unmatched": report.unmatched,
            "skewed": [one.feature for one in report.skewed],
        }
        record(tx, "skew", f"{report.model}/{report.version}", words, data)
