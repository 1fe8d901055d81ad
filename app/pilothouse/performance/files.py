"""A version's worth on data files: answered anew, labels taken from the files where they have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pilothouse.config import ModelConfig
from pilothouse.data.inferring import schema_read_as
from pilothouse.data.reading import DataError, Source, as_file, read_rows
from pilothouse.data.row_ids import ids_of_rows
from pilothouse.errors import PilothouseError
from pilothouse.monitoring.patience import Progress, each_of, part_of
from pilothouse.monitoring.predicted_rows import told_left_out
from pilothouse.performance.answered import FIRST, Answered, answer_rows
from pilothouse.performance.business import business_metrics
from pilothouse.performance.changes import Change, find_changes
from pilothouse.performance.earlier import Measured
from pilothouse.performance.harm import Harm, assess
from pilothouse.performance.labels_kept import labels_by_id
from pilothouse.performance.learned import learned_or_why
from pilothouse.performance.measuring import Chunk, by_chunk, parts_by_time
from pilothouse.performance.slices import Group, worst_groups
from pilothouse.registry.bundle import load_version
from pilothouse.registry.evaluation import read_holdout
from pilothouse.registry.features import read_tables_now
from pilothouse.registry.model import LoadedModel
from pilothouse.registry.signature import Signature
from pilothouse.registry.versions import ModelVersion
from pilothouse.store import Store

_TYPES = {"boolean": "boolean", "string": "text"}
"""Types of inputs that not every format of a file has: yes and no are truth values in CSV, and else texts."""
CHUNKS = ("file", "day", "week", "month")


@dataclass(frozen=True, slots=True)
class Performance:
    """What a version is worth on files: in all, by chunk, and where its errors changed for good."""

    model: str
    version: int
    files: tuple[str, ...]
    harm: Harm
    chunk: str
    chunks: tuple[Chunk, ...]
    changes: tuple[Change, ...]
    troubles: tuple[str, ...] = ()
    """What is wrong with a business metric or a feature table, a sentence for each."""
    learned: int = 0
    """Rows besides these that are of the data which the version was made of, told by their ids: left out."""
    untold: str = ""
    """Why it cannot be told which rows those are; then none is left out."""
    strange: tuple[str, int] = ("", 0)
    """The first label that is none, and how many there are; their rows count as having none."""

    @property
    def notes(self) -> list[str]:
        """What is to be said of the rows besides."""
        said = []
        if self.learned:
            said.append(told_left_out(self.learned, self.version))
        if self.untold:
            said.append(self.untold)
        first, count = self.strange
        if count:
            many = "1 label is" if count == 1 else f"{count:,} labels are"
            said.append(f"{many} none that v{self.version} knows, the first {first!r}: left out.")
        return said

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        from dataclasses import asdict

        return asdict(self)


def measure_files(
    store: Store,
    version: ModelVersion,
    config: ModelConfig,
    sources: Sequence[Source],
    *,
    metric: str = "",
    chunk: str = "file",
    by: Sequence[str] = (),
    drifted: bool = False,
    question: int | None = None,
    before: Sequence[Measured] = (),
    progress: Progress | None = None,
) -> Performance:
    """Measure a version on files, without the rows that it learned from: it knows them by heart.

    Args:
        store: of the workspace.
        version: which.
        config: of its model.
        sources: the files.
        metric: to judge by; by default the first that a gate names, or the first of its kind.
        chunk: one of CHUNKS.
        by: columns to form groups by.
        drifted: whether the files were called drifted.
        question: which file this is of those that are judged against the version, from 1.
        before: what the version was worth on files that landed before.
        progress: called while it lasts; cancels by raising.

    Raises:
        PilothouseError: a file cannot be read, lacks an input, or there is no such metric or column; or
            there are none but rows that the version learned from.
    """
    say = progress or (lambda share, what: None)
    say(0.0, "loading the version")
    model = load_version(version)
    read = []
    for source, part in each_of(part_of(progress, 0, 0.2, ""), sources):
        if part is not None:
            part(0.0, "reading")
        read.append(_read(source, config, model.signature))
    say(0.2, "answering the holdout")
    new, learned, untold = _new_rows(store, version, config, read)
    tables = [one.table for one in new]
    ids = [one for part in new for one in part.ids]
    rows = with_labels(store, config, pd.concat(tables, ignore_index=True), ids)
    names = [as_file(source).name for source in sources]
    # The holdout was answered by the tables of its time; what landed since is answered by those of now.
    reference = reference_of(store, version, model, config)
    troubles: dict[str, str] = {}
    if said := read_tables_now(store.workspace, model):
        troubles["features"] = said
    say(0.25, f"answering {len(rows):,} rows")
    current = answer_rows(model, rows, config, names[0] if len(names) == 1 else "One of the files")
    for name in by:
        if name not in current.table.columns:
            raise PilothouseError(f"There is no column {name[:80]!r} in these files.")
    say(0.35, "measuring")
    chosen = known_metric(current, metric) or gated_metric(config, current) or FIRST[current.kind]
    harm = assess(
        current,
        reference,
        metric=chosen,
        drifted=drifted,
        question=question,
        before=before,
        inputs=list(model.signature.names),
        business=business_metrics(current, config.business, troubles),
        progress=part_of(progress, 0.35, 0.7, ""),
    )
    parts = _chunks(current, tables, sources, config, chunk, chosen, part_of(progress, 0.7, 0.85, ""))
    say(0.85, "looking for lasting changes")
    changes = find_changes(current, part_of(progress, 0.85, 1, "")) if harm.realised else []
    groups: tuple[Group, ...] = (
        tuple(worst_groups(current, chosen, by)) if by and harm.realised else harm.groups
    )
    return Performance(
        version.model,
        version.version,
        tuple(as_file(source).name for source in sources),
        harm.grouped(groups),
        chunk,
        tuple(parts),
        tuple(changes),
        tuple(troubles.values()),
        learned,
        untold,
        current.strange,
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """A file's rows and the id of each, shape (n,); None where a row has none that can be used."""

    table: pd.DataFrame
    ids: list[str | None]


def _read(source: Source, config: ModelConfig, signature: Signature) -> _Rows:
    kinds = {one.name: _TYPES[one.type] for one in signature.inputs if one.type in _TYPES}
    table = read_rows([source], schema=schema_read_as(source, kinds))
    name = config.data.id
    # As pandas reads them, long numbers are rounded: of ids that is not what stands in the file.
    ids = ids_of_rows(source, name) if name is not None else None
    if ids is not None and len(ids) != len(table):
        raise DataError(
            f"{as_file(source).name} changed while it was being read.", next="Try again once it is written."
        )
    return _Rows(table, ids or [None] * len(table))


def _new_rows(
    store: Store, version: ModelVersion, config: ModelConfig, files: list[_Rows]
) -> tuple[list[_Rows], int, str]:
    """Leave out the rows that a version learned from; say how many there are, or why it cannot be told."""
    ids = [one for part in files for one in part.ids]
    known, why = learned_or_why(store, version, config, [one for one in ids if one is not None])
    count = sum(one in known for one in ids)
    if count and count == len(ids):
        raise PilothouseError(
            f"v{version.version} cannot be measured on them: all {count:,} rows are of the data that it"
            " was made of.",
            next="Measure it on files that landed since.",
        )
    return [_without(part, known) for part in files] if count else files, count, why


def _without(rows: _Rows, known: set[str]) -> _Rows:
    kept = np.flatnonzero([one not in known for one in rows.ids])
    return _Rows(rows.table.iloc[kept].reset_index(drop=True), [rows.ids[place] for place in kept])


def with_labels(
    store: Store, config: ModelConfig, table: pd.DataFrame, ids: Sequence[str | None]
) -> pd.DataFrame:
    """Return n rows with the labels that came for their ids, shape (n,), where they have none themselves."""
    target = config.target
    own = table[target] if target in table.columns else pd.Series([None] * len(table), dtype=object)
    gaps = np.flatnonzero(own.isna().to_numpy()).tolist()
    labels = labels_by_id(store, config.name, [one for place in gaps if (one := ids[place]) is not None])
    if not labels:
        return table
    filled = own.astype(object).tolist()
    for place in gaps:
        if (one := ids[place]) in labels:
            filled[place] = labels[one]
    return table.assign(**{target: pd.Series(filled, dtype=object, index=table.index).infer_objects()})


def reference_of(
    store: Store, version: ModelVersion, model: LoadedModel, config: ModelConfig
) -> Answered | None:
    """Return a version's answers to its own holdout; None if that is gone."""
    path = (
        store.workspace.run_dir(version.run_id) / "artifacts" / "holdout.parquet"
        if version.run_id
        else Path()
    )
    if not path.is_file():
        return None
    return answer_rows(model, read_holdout(path), config)


def known_metric(current: Answered, metric: str) -> str:
    """Return a metric that a person named.

    Raises:
        PilothouseError: there are labels, and they give no such metric.
    """
    known = _measured(current)
    if metric and known and metric not in known:
        raise PilothouseError(
            f"There is no metric {metric[:80]!r} of these answers.",
            next=f"There is: {', '.join(sorted(known))}.",
        )
    return metric


def gated_metric(config: ModelConfig, current: Answered) -> str:
    """Return the first metric of the gates that the labels give; empty if there is none."""
    there = _measured(current)
    return next((name for name in config.gates if name in there), "")


def _measured(current: Answered) -> set[str]:
    if not current.known.any():
        return set()
    return set(current.measure()(np.ones((1, len(current.labelled.table)))))


def _chunks(
    current: Answered,
    tables: Sequence[pd.DataFrame],
    sources: Sequence[Source],
    config: ModelConfig,
    chunk: str,
    metric: str,
    progress: Progress | None,
) -> list[Chunk]:
    if chunk == "file":
        ends = np.cumsum([len(table) for table in tables])
        parts = [
            (as_file(source).name, np.arange(end - len(table), end))
            for source, table, end in zip(sources, tables, ends, strict=True)
        ]
        return by_chunk(current, parts, metric, progress)
    time = config.data.time
    if time is None or time not in current.table.columns:
        raise PilothouseError(
            f"The rows cannot be divided by {chunk}: they have no time.",
            next='Set data.time = "…" in pilothouse.toml, or use --chunk file.',
        )
    return by_chunk(current, parts_by_time(current.table[time], chunk), metric, progress)
