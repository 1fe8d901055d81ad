"""What a version was worth while it answered: its logged predictions beside the labels that came since."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilothouse.comparing.questions import Question
from pilothouse.config import ModelConfig
from pilothouse.errors import PilothouseError
from pilothouse.performance.answered import FIRST, Answered
from pilothouse.performance.business import business_metrics
from pilothouse.performance.changes import Change, find_changes
from pilothouse.performance.files import gated_metric, known_metric, reference_of
from pilothouse.performance.harm import Harm, assess, estimated_metric
from pilothouse.performance.measuring import FEWEST, Value, parts_by_time, realised
from pilothouse.performance.slices import worst_groups
from pilothouse.registry.evaluation import class_codes
from pilothouse.registry.frames import canonical_frame
from pilothouse.registry.model import HALF, LoadedModel
from pilothouse.registry.versions import ModelVersion
from pilothouse.store import Store

SERVED_CHUNKS = ("day", "week", "month", "count")
PREDICTED = "predicted_at"
"""Column with the moment of the answer, by which changes are looked for."""
_MOST_CHUNKS = 60
_FEWEST_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Given:
    """A logged prediction: its id, its moment (UTC, without a zone), what was sent, what was answered; and
    how many `times` the row was asked for, of which this is the last."""

    key: str
    time: datetime
    features: dict[str, Any]
    output: dict[str, Any]
    times: int = 1


@dataclass(frozen=True, slots=True)
class Period:
    """A part of the predictions; `estimated` only where too few have a label for `realised`."""

    name: str
    rows: int
    labelled: int
    realised: Value | None
    estimated: Value | None


@dataclass(frozen=True, slots=True)
class Served:
    """What a version was worth while it answered.

    `strange` labels are of no class that the version knows, or are no number: they do not count. `periods`
    are the newest 60. `rows` count once, however often they were asked for: `predictions` were answered.
    Besides these, `learned` predictions are of rows that the version learned from, and do not count.
    """

    model: str
    version: int
    first: datetime
    last: datetime
    rows: int
    labelled: int
    strange: int
    harm: Harm
    chunk: str
    periods: tuple[Period, ...]
    changes: tuple[Change, ...]
    troubles: tuple[str, ...] = ()
    """What is wrong with a business metric, a sentence for each that could not be computed."""
    predictions: int = 0
    learned: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def answered_log(
    loaded: LoadedModel,
    config: ModelConfig,
    given: Sequence[Given],
    labels: Mapping[str, Any],
) -> tuple[Answered, int]:
    """Return logged answers beside their labels, and how many labels were strange.

    Args:
        loaded: the version, for its classes, inputs and threshold; it is not asked again.
        config: of the model.
        given: n predictions in the order of time.
        labels: by id.
    """
    classes = list(loaded.classes or [])
    table = canonical_frame(loaded.signature, pd.DataFrame([one.features for one in given]))
    made = [name for name in (given[0].features if given else {}) if name not in table.columns]
    for name in made:
        table[name] = [one.features.get(name) for one in given]
    name = PREDICTED
    while name in table.columns or name == config.target:
        name += "_"
    table[name] = pd.to_datetime([one.time for one in given])
    roles = tuple(one for one in (name, config.data.time, config.data.id, *config.data.exclude) if one)
    question = Question(config.target, config.task, name, roles)
    truth, known, strange = _truth(given, labels, config.task, classes)
    # Business metrics read the label under the target's name.
    table[config.target] = [
        labels.get(one.key) if there else None for one, there in zip(given, known, strict=True)
    ]
    said, kind = _said(given, config.task, classes)
    if kind == "binary":
        truth = truth == 1
    cut = loaded.threshold if kind == "binary" else HALF
    return Answered(kind, said, truth, known, cut, tuple(classes), table, question), strange


def measure_served(
    store: Store,
    version: ModelVersion,
    loaded: LoadedModel,
    config: ModelConfig,
    given: Sequence[Given],
    labels: Mapping[str, Any],
    *,
    metric: str = "",
    chunk: str = "day",
    every: int = 500,
    by: Sequence[str] = (),
    learned: int = 0,
) -> Served:
    """Measure a version on what it answered; see `Served` for what comes of it.

    Args:
        store: of the workspace.
        version: which, and `loaded` the same in memory.
        loaded: its pipeline and signature.
        config: of its model.
        given: its predictions in the order of time, at least one.
        labels: by id.
        metric: to judge by.
        chunk: one of SERVED_CHUNKS.
        every: predictions in a chunk by count.
        by: columns to form groups by.
        learned: how many of its predictions were left out, since it learned from their rows.

    Raises:
        PilothouseError: there is no such metric or column.
    """
    current, strange = answered_log(loaded, config, given, labels)
    for name in by:
        if name not in current.table.columns:
            raise PilothouseError(f"There is no column {name[:80]!r} in what was sent.")
    reference = reference_of(store, version, loaded, config)
    chosen = known_metric(current, metric) or gated_metric(config, current) or FIRST[current.kind]
    inputs = list(loaded.signature.names)
    troubles: dict[str, str] = {}
    harm = assess(
        current, reference, metric=chosen, inputs=inputs,
        business=business_metrics(current, config.business, troubles),
    )  # fmt: skip
    if by and harm.realised:
        harm = harm.grouped(tuple(worst_groups(current, chosen, by)))
    periods = []
    for name, places in _parts(current, chunk, every)[-_MOST_CHUNKS:]:
        rows = current.rows(places)
        there = realised(rows, chosen).get(chosen) if _varied(rows) else None
        guess = None if there else estimated_metric(rows, reference, chosen, inputs)[0]
        periods.append(Period(name, len(places), int(rows.known.sum()), there, guess))
    return Served(
        version.model, version.version,
        given[0].time.replace(tzinfo=UTC), given[-1].time.replace(tzinfo=UTC),
        len(given), int(current.known.sum()), strange, harm, chunk, tuple(periods),
        tuple(find_changes(current)) if harm.realised and _spread(current) else (),
        tuple(troubles.values()), sum(one.times for one in given), learned,
    )  # fmt: skip


def _parts(current: Answered, chunk: str, every: int) -> list[tuple[str, NDArray[np.intp]]]:
    count = len(current.table)
    if chunk == "count":
        starts = range(0, count, every)
        return [
            (f"{start + 1}–{min(start + every, count)}", np.arange(start, min(start + every, count)))
            for start in starts
        ]
    assert current.question.time is not None
    return parts_by_time(current.table[current.question.time], chunk)


def _spread(current: Answered) -> bool:
    """Whether the answers were given one after the other: rows of one batch have an order, and no time."""
    minutes = current.table[current.question.time].dt.floor("min")
    return int(minutes.nunique()) >= _FEWEST_MINUTES


def _varied(rows: Answered) -> bool:
    one = rows.labelled
    return len(one.table) >= FEWEST and (one.kind == "regression" or len(set(one.truth.tolist())) > 1)


def _truth(
    given: Sequence[Given], labels: Mapping[str, Any], task: str, classes: list[Any]
) -> tuple[NDArray[Any], NDArray[np.bool_], int]:
    known = np.array([one.key in labels for one in given], dtype=bool)
    strange = 0
    truth: NDArray[Any] = np.full(len(given), np.nan if task == "regression" else -1.0)
    codes: dict[str, int] = {}
    for place in np.flatnonzero(known).tolist():
        value = labels[given[place].key]
        if task == "regression":
            code: float = float(value) if isinstance(value, int | float) else float("nan")
        else:
            if (text := repr(value)) not in codes:
                codes[text] = _code(value, classes)
            code = codes[text] if codes[text] >= 0 else float("nan")
        if math.isnan(code):
            known[place] = False
            strange += 1
        else:
            truth[place] = code
    return (truth if task == "regression" else truth.astype(np.intp)), known, strange


def _code(value: Any, classes: list[Any]) -> int:
    try:
        return int(class_codes([value], classes)[0])
    except PilothouseError:
        return -1


def _said(given: Sequence[Given], task: str, classes: list[Any]) -> tuple[NDArray[Any], str]:
    if task == "regression":
        return np.array([one.output.get("prediction") for one in given], dtype=np.float64), "regression"
    likely = [one.output.get("probability") for one in given]
    if any(one is None for one in likely):
        return class_codes([one.output.get("prediction") for one in given], classes), "labels"
    return np.array(likely, dtype=np.float64), "binary" if len(classes) == 2 else "multiclass"
