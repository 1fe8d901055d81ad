"""Predictions that were given, joined by id with what turned out to be true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, data_files, describe
from pilothouse.data.row_ids import usable_id
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.jsontext import loads
from pilothouse.monitoring.patience import Progress, part_of
from pilothouse.monitoring.predicted_rows import row_key_sql, told_learned
from pilothouse.monitoring.verdicts import HELD, list_arrivals
from pilothouse.performance.labels import checked_labels
from pilothouse.performance.labels_kept import KeptLabels, keep_labels, labels_by_id
from pilothouse.performance.labels_of_files import labels_of_file, pairs_of_file
from pilothouse.performance.learned import learned_or_why
from pilothouse.performance.relabelling import rows_by_file
from pilothouse.performance.served import Given, Served, measure_served
from pilothouse.registry.bundle import load_version
from pilothouse.registry.versions import ModelVersion, champion, get_version
from pilothouse.serving.predictions import query_log
from pilothouse.store import Store

MOST = 100_000
"""Predictions of a version that are looked at, the newest."""
_EXAMPLES = 5
_REFUSED = 100


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What every version that answered is worth, the newest first.

    `unreadable` names versions whose bundle is gone, with why; `taken` says how many labels came from files
    of the data folder just now. `notes` say of which versions nothing counts, and what cannot be told.
    """

    model: str
    versions: tuple[Served, ...]
    unreadable: tuple[str, ...]
    taken: int
    notes: tuple[str, ...] = ()


def take_labels(
    store: Store,
    config: ModelConfig,
    labels: Sequence[tuple[Any, Any]],
    source: str,
    *,
    classes: Sequence[Any] | None = None,
    tell: bool = True,
    actor: str = "",
    files: bool = False,
    progress: Progress | None = None,
) -> KeptLabels:
    """Keep labels of predictions, and say how many belong to none that is logged.

    Args:
        store: of the workspace.
        config: of the model.
        labels: pairs of id and label; one that the target cannot be is refused, and the others are kept.
        source: where they come from.
        classes: those that the model knows; any will do without them.
        tell: leave an event of new ones too, not only of those that replace another.
        actor: who gives them.
        files: look for their rows in judged files that lack labels, too; this reads the ids of those.
        progress: called while it lasts.

    Raises:
        LabelError: an id cannot be used, or every label is refused; then none is kept.
    """
    if progress is not None:
        progress(0.0, f"looking through {len(labels):,} labels")
    found, refused, without = checked_labels(labels, config, classes)
    part = part_of(progress, 0.1, 0.8, "")
    kept = keep_labels(store, config.name, found, source, tell=tell, actor=actor, progress=part)
    if progress is not None:
        progress(0.8, "looking for their predictions")
    known = predicted_ids(store, config, list(found))
    landed = rows_by_file(store, config, list(found)) if files else {}
    known = known.union(*landed.values())
    unknown = [key for key in found if key not in known]
    return KeptLabels(
        len(labels), kept.new, kept.changed, kept.same, without, len(unknown), kept.changed_ids,
        tuple(unknown[:_EXAMPLES]), len(refused), tuple(refused[:_REFUSED]),
        tuple((name, len(ids)) for name, ids in landed.items()),
    )  # fmt: skip


def known_classes(store: Store, config: ModelConfig) -> list[Any] | None:
    """Return the classes that the live version knows; None where it has none, or none can be loaded."""
    live = champion(store, config.name)
    if live is None or config.task == "regression":
        return None
    try:
        return load_version(live).classes
    except PilothouseError:
        # A broken bundle is told by all who answer with it; labels are not lost for it.
        return None


def predicted_ids(store: Store, config: ModelConfig, ids: Sequence[str]) -> set[str]:
    """Return those ids of which the log has a prediction."""
    if not ids:
        return set()
    sql = (
        f"SELECT DISTINCT {row_key_sql(config.data.id)} AS key FROM log WHERE model = ?"
        f" AND {row_key_sql(config.data.id)} IN (SELECT unnest(?))"
    )
    return {row["key"] for row in query_log(store.workspace, sql, [config.name, list(ids)])}


def take_labels_of_file(store: Store, config: ModelConfig, path: Path) -> int:
    """Keep the labels that a data file has for logged predictions and for rows of files; return how many.

    One that has neither id nor target, or cannot be read, gives none.
    """
    if config.data.id is None or not path.is_file():
        return 0
    try:
        with connect() as con:
            there = describe(con, path)
        if config.data.id not in there or config.target not in there:
            return 0
        # A row without an id that can be used has no label to give; those of the others count.
        pairs = [pair for pair in pairs_of_file(path, config) if usable_id(pair[0]) is not None]
        labels = checked_labels(pairs, config, known_classes(store, config))[0]
    except PilothouseError:
        # What is wrong with a file is the watcher's to tell; it has no labels to give.
        return 0
    known = predicted_ids(store, config, list(labels)).union(
        *rows_by_file(store, config, list(labels)).values()
    )
    labels = {key: value for key, value in labels.items() if key in known}
    keep_labels(store, config.name, labels, path.name)
    return len(labels)


def measure_log(
    store: Store,
    config: ModelConfig,
    *,
    version: str = "",
    metric: str = "",
    chunk: str = "day",
    every: int = 500,
    by: Sequence[str] = (),
    since: datetime | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Outcomes:
    """Measure what each version said against the labels that have come: realised, or estimated where not.

    Labels of predictions that have none yet are looked for in the files of the data folder first. Predictions
    of rows that a version learned from do not count: it knows them by heart.

    Args:
        store: of the workspace.
        config: of the model.
        version: only this one.
        metric: to judge by; by default the first that a gate names, or the first of its kind.
        chunk: day, week, month or count.
        every: how many predictions make a chunk by count.
        by: columns to form groups by.
        since: only predictions from then on.
        tell: is told what is being done.

    Raises:
        NotFoundError: nothing was predicted. PilothouseError: there is no such metric or column.
    """
    wanted = get_version(store, version, config.name).version if version else None
    tell("Reading the prediction log.")
    given = _given(store, config, wanted, since)
    if not given:
        raise NotFoundError(
            f"The log has no prediction of {config.name}.",
            next="Start the server with `pilothouse serve --detach`, or name files to measure on.",
        )
    given, learned, notes = _new_to_each(store, config, given, tell)
    keys = list(dict.fromkeys(one.key for rows in given.values() for one in rows))
    labels = labels_by_id(store, config.name, keys)
    tell("Looking for labels in the data folder.")
    taken = _labels_of_folder(store, config, [key for key in keys if key not in labels])
    labels |= taken
    versions, unreadable = [], []
    for number in sorted(given, reverse=True):
        count = len(given[number])
        tell(f"Measuring v{number}: {count:,} prediction{'' if count == 1 else 's'}.")
        try:
            found: ModelVersion = get_version(store, str(number), config.name)
            loaded = load_version(found)
        except PilothouseError as error:
            unreadable.append(f"v{number}: {error.what}")
            continue
        versions.append(
            measure_served(
                store,
                found,
                loaded,
                config,
                given[number],
                labels,
                metric=metric,
                chunk=chunk,
                every=every,
                by=by,
                learned=learned[number],
            )
        )
    return Outcomes(config.name, tuple(versions), tuple(unreadable), len(taken), tuple(notes))


def _new_to_each(
    store: Store, config: ModelConfig, given: dict[int, list[Given]], tell: Callable[[str], None]
) -> tuple[dict[int, list[Given]], dict[int, int], list[str]]:
    """Return predictions of rows that are new to the version, how many of others there are, and notes."""
    kept: dict[int, list[Given]] = {}
    learned: dict[int, int] = {}
    notes = []
    for number, rows in sorted(given.items(), reverse=True):
        tell(f"Looking for rows that v{number} learned from.")
        try:
            version = get_version(store, str(number), config.name)
        except NotFoundError:
            # That its version is gone is told where it would be measured.
            kept[number], learned[number] = rows, 0
            continue
        mine, why = learned_or_why(store, version, config, [one.key for one in rows])
        learned[number] = sum(one.times for one in rows if one.key in mine)
        if why:
            notes.append(why)
        if left := [one for one in rows if one.key not in mine]:
            kept[number] = left
        else:
            notes.append(told_learned(learned[number], number, every=True))
    return kept, learned, notes


def _given(
    store: Store, config: ModelConfig, version: int | None, since: datetime | None
) -> dict[int, list[Given]]:
    """Return predictions by version in the order of time; of an id that was asked twice the later one."""
    sql = (
        f"WITH keyed AS (SELECT {row_key_sql(config.data.id)} AS key, id, time, version, features, output,"
        " computed FROM log"
        " WHERE model = ? AND (? IS NULL OR version = ?) AND (? IS NULL OR time >= ?)),"
        " once AS (SELECT *, count(*) OVER (PARTITION BY version, key) AS times FROM keyed"
        "   QUALIFY row_number() OVER (PARTITION BY version, key ORDER BY time DESC, id DESC) = 1)"
        " SELECT key, time, version, features, output, computed, times FROM once"
        f" QUALIFY row_number() OVER (PARTITION BY version ORDER BY time DESC, key) <= {MOST}"
        " ORDER BY time, key"
    )
    start = since.astimezone(UTC).replace(tzinfo=None) if since and since.tzinfo else since
    found: dict[int, list[Given]] = {}
    for row in query_log(store.workspace, sql, [config.name, version, version, start, start], since):
        features = {**(loads(row["computed"]) or {}), **(loads(row["features"]) or {})}
        found.setdefault(int(row["version"]), []).append(
            Given(row["key"], row["time"], features, loads(row["output"]) or {}, int(row["times"]))
        )
    return found


def _labels_of_folder(store: Store, config: ModelConfig, ids: list[str]) -> dict[str, Any]:
    """Take the labels of these ids from the files of the data folder; held files are left alone."""
    found: dict[str, Any] = {}
    if config.data.id is None or not ids:
        return found
    held = {one.name for one in list_arrivals(store, config.name) if one.status == HELD}
    try:
        files = data_files(store.workspace.data_folder(config))
    except DataError:
        # Without its folder the labels that came otherwise still count.
        return found
    for path in files:
        if path.name in held:
            continue
        try:
            with connect() as con:
                there = describe(con, path)
            if config.data.id not in there or config.target not in there:
                continue
            labels = labels_of_file(path, config, ids)
        except PilothouseError:
            # A file that cannot be read is the watcher's to tell of; it has no labels to give.
            continue
        if labels:
            keep_labels(store, config.name, labels, path.name)
            found |= labels
    return found
