"""How the data differs that models were made of: rows, files, columns, and how each is distributed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pilothouse.comparing.findings import Data, DataChange, Moved
from pilothouse.comparing.questions import question_of
from pilothouse.comparing.subjects import Subject
from pilothouse.data.versions import DatasetVersion, get_dataset_version
from pilothouse.errors import NotFoundError
from pilothouse.monitoring.dataset_diff import diff_datasets
from pilothouse.monitoring.reports import ColumnDrift
from pilothouse.store import Store
from pilothouse.workspace import Workspace


def compare_data(workspace: Workspace, store: Store, subjects: Sequence[Subject]) -> Data:
    """Compare the dataset version of each subject with that of the first.

    Distributions are compared whole with whole, holdouts included, by the rule that drift is told by. The
    profile of a dataset version is kept, so it is made once.
    """
    found = [_dataset(store, subject) for subject in subjects]
    words = tuple(_in_words(one) for one in found)
    done: dict[str, DataChange] = {}
    changes = []
    for subject, dataset in zip(subjects[1:], found[1:], strict=True):
        base = found[0]
        if isinstance(base, str) or isinstance(dataset, str):
            why = base if isinstance(base, str) else dataset
            assert isinstance(why, str)
            changes.append(DataChange(subject.label, "", (why,), 0))
            continue
        if dataset.version not in done:
            done[dataset.version] = _change(workspace, store, subjects[0], base, dataset)
        changes.append(replace(done[dataset.version], label=subject.label))
    return Data(words, tuple(changes))


def _dataset(store: Store, subject: Subject) -> DatasetVersion | str:
    if not subject.run.dataset_version:
        return f"{subject.label} names no dataset version."
    try:
        return get_dataset_version(store, subject.run.dataset_version)
    except NotFoundError:
        return f"The dataset version {subject.run.dataset_version} of {subject.label} is not known here."


def _in_words(dataset: DatasetVersion | str) -> str:
    if isinstance(dataset, str):
        return dataset
    names = [file.name for file in dataset.files]
    span = names[0] if len(names) == 1 else f"{len(names)} files, {names[0]} to {names[-1]}"
    return f"{dataset.version}: {dataset.rows:,} rows, {span}"


def _change(
    workspace: Workspace, store: Store, subject: Subject, base: DatasetVersion, other: DatasetVersion
) -> DataChange:
    if base.version == other.version:
        return DataChange("", other.version, (f"The same dataset version, {other.version}.",), 0)
    question = question_of(workspace, subject)
    found = diff_datasets(
        workspace, store, base, other,
        target=question.target if question else None, exclude=question.roles if question else (),
    )  # fmt: skip
    return DataChange(
        "",
        other.version,
        found.said,
        found.rows_b - found.rows_a,
        found.files_added,
        found.files_removed,
        found.files_changed,
        found.schema,
        tuple(_moved(one) for one in found.columns),
        _moved(found.target) if found.target else None,
        found.trouble,
    )


def _moved(one: ColumnDrift) -> Moved:
    return Moved(one.column, one.kind, one.score, one.threshold, one.drifted, one.moved)
