"""Is a file worse than those that landed before it? The holdout has no part in that question.

Every file of a version is compared with the same rows of its holdout. If the model happened to do well on
those, each large sound file looks worse than them, and the second confirms the first in nothing. Files among
themselves share no rows: what they were worth is pooled (DerSimonian and Laird, Meta-analysis in clinical
trials, 1986), as widely as they differ from one another, and a file is compared with that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pilothouse.performance.harms_kept import NOT_JUDGED
from pilothouse.performance.measuring import Value
from pilothouse.registry.versions import ModelVersion
from pilothouse.store import Store
from pilothouse.tracking.directions import lower_is_better

_HALF = 1.959964
"""Standard errors that a 95% interval reaches to either side."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a version was worth on a file that landed before, by its labels.

    `sure`: it hurts, whichever holdout there might have been. `suspected`: it hurts, and is worse than the
    files before it, too.
    """

    name: str
    metric: str
    value: float
    low: float
    high: float
    rows: int
    sure: bool = False
    suspected: bool = False

    @property
    def error(self) -> float:
        """Its standard error."""
        return (self.high - self.low) / (2 * _HALF)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A file beside those before it.

    Attributes:
        files, value: how many there are, and the metric on all of them with its 95% interval.
        change: this file's value less theirs, with its 95% interval.
        worse: whether that interval says that this file is worse.
        alike: an earlier file that hurt and was worse than those before it; empty if there is none.
    """

    files: int
    value: Value
    change: Value
    worse: bool
    alike: str


def against_earlier(metric: str, now: Value, error: float, before: Sequence[Measured]) -> Earlier | None:
    """Compare a file with those that were measured before it; None if there are none.

    Those that are known to hurt are no measure of what is usual, and left out.

    Args:
        metric: the one that all are judged by; files that were judged by another do not count.
        now: its value on the file. `error`: the standard error of that.
        before: the files, in the order in which they landed.
    """
    named = [one for one in before if one.metric == metric]
    usual = [one for one in named if not one.sure and not one.suspected and one.error > 0]
    if not usual or now.value is None or not math.isfinite(error):
        return None
    middle, own, between = _pooled(usual)
    rows = sum(one.rows for one in usual)
    change = now.value - middle
    half = _HALF * math.sqrt(error**2 + own**2 + between)
    low, high = change - half, change + half
    return Earlier(
        len(usual),
        Value(middle, middle - _HALF * own, middle + _HALF * own, rows),
        Value(change, low, high, now.rows),
        low > 0 if lower_is_better(metric) else high < 0,
        next((one.name for one in reversed(named) if one.suspected), ""),
    )


def _pooled(files: Sequence[Measured]) -> tuple[float, float, float]:
    """Return the mean of files, its standard error, and the variance between them beyond their own."""
    weights = [one.error**-2 for one in files]
    total = sum(weights)
    middle = sum(weight * one.value for weight, one in zip(weights, files, strict=True)) / total
    apart = sum(weight * (one.value - middle) ** 2 for weight, one in zip(weights, files, strict=True))
    room = total - sum(weight**2 for weight in weights) / total
    between = max(0.0, (apart - (len(files) - 1)) / room) if room > 0 else 0.0
    weights = [1 / (one.error**2 + between) for one in files]
    total = sum(weights)
    middle = sum(weight * one.value for weight, one in zip(weights, files, strict=True)) / total
    return middle, total**-0.5, between


def landed_before(store: Store, version: ModelVersion, name: str, sha256: str) -> tuple[int, list[Measured]]:
    """Return which file of those judged against a version this is, from 1, and what those before it were
    worth by their labels, in the order in which they landed."""
    rows = store.query(
        "WITH landed AS (SELECT harms.*, arrivals.recorded_at AS landed_at, status FROM harms"
        "   JOIN arrivals USING (model, name, sha256)"
        "   WHERE harms.model = ? AND harms.version = ? AND harms.verdict <> ?)"
        " SELECT name, metric, value, low, high, estimated, status,"
        "   coalesce(TRY_CAST(json_extract_string(report, '$.harm.labelled') AS BIGINT), 0) AS rows,"
        "   coalesce(json_extract_string(report, '$.harm.sure') = 'true', false) AS sure,"
        "   coalesce(json_extract_string(report, '$.harm.earlier.worse') = 'true', false)"
        "     AND verdict = 'harmful' AS suspected"
        " FROM landed WHERE (landed_at, name) <"
        " (SELECT (recorded_at, name) FROM arrivals WHERE model = ? AND name = ? AND sha256 = ?"
        "  ORDER BY recorded_at DESC LIMIT 1) ORDER BY landed_at, name",
        [version.model, version.version, NOT_JUDGED, version.model, name, sha256],
    )
    known = [
        Measured(**{key: row[key] for key in Measured.__dataclass_fields__})
        for row in rows
        # One that is held again counts for nothing.
        if row["status"] != "held"
        and not row["estimated"]
        and None not in (row["value"], row["low"], row["high"])
    ]
    return len(rows) + 1, known
