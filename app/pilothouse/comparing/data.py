"""How the data differs that models were made of: rows, files, columns, and how each is distributed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pilothouse.comparing.findings import Data, DataChange, Moved
from pilothouse.comparing.questions import question_of
from pilothouse.comparing.subjects import Subject
from pilothouse.data.schema import differences
from pilothouse.data.versions import DatasetVersion, dataset_paths, get_dataset_version
from pilothouse.errors import NotFoundError, PilothouseError
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
    mine = {file.name: file for file in base.files}
    theirs = {file.name: file for file in other.files}
    added = tuple(name for name in theirs if name not in mine)
    removed = tuple(name for name in mine if name not in theirs)
    changed = tuple(name for name in mine if name in theirs and mine[name].sha256 != theirs[name].sha256)
    schema = tuple(_schema_in_words(base, other))
    rows = other.rows - base.rows
    said = [f"{'+' if rows >= 0 else '−'}{abs(rows):,} rows: {other.rows:,} against {base.rows:,}."]
    if not removed and not changed:
        said.append(f"All {len(mine)} files are in both; {len(added)} new: {_some(added)}.")
    else:
        parts = [
            f"{len(names)} {word}: {_some(names)}"
            for word, names in (("new", added), ("gone", removed), ("with other contents", changed))
            if names
        ]
        said.append(f"{len(set(mine) & set(theirs)) - len(changed)} files alike; {'; '.join(parts)}.")
    said += schema or ["The columns and their types are alike."]
    columns: tuple[Moved, ...] = ()
    target = None
    trouble = ""
    try:
        columns, target, verdict = _distributions(workspace, store, subject, base, other)
        said.append(verdict)
    except PilothouseError as error:
        trouble = f"The distributions cannot be compared: {error.what}"
        said.append(trouble)
    return DataChange(
        "", other.version, tuple(said), rows, added, removed, changed, schema, columns, target, trouble
    )


def _schema_in_words(base: DatasetVersion, other: DatasetVersion) -> list[str]:
    said = differences(base.schema, other.schema)
    for column in base.schema.columns:
        match = other.schema.column(column.name)
        if match is None:
            continue
        if match.type != column.type and not any(repr(column.name) in one for one in said):
            said.append(f"The column {column.name!r} is {match.type}, where it was {column.type}.")
        elif match.kind != column.kind:
            said.append(f"The column {column.name!r} is taken as {match.kind}, where it was {column.kind}.")
    return said


def _some(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def _distributions(
    workspace: Workspace, store: Store, subject: Subject, base: DatasetVersion, other: DatasetVersion
) -> tuple[tuple[Moved, ...], Moved | None, str]:
    from pilothouse.monitoring.drift import ColumnDrift, compare_profiles
    from pilothouse.monitoring.profile import profile_files
    from pilothouse.monitoring.reference import profile_of

    reference = profile_of(workspace, store, base)
    current = profile_files(dataset_paths(workspace, other), base.schema, edges_from=reference)
    question = question_of(workspace, subject)
    report = compare_profiles(
        reference,
        current,
        target=question.target if question else None,
        exclude=question.roles if question else (),
    )

    def moved(one: ColumnDrift) -> Moved:
        return Moved(one.column, one.kind, one.score, one.threshold, one.drifted, one.moved)

    columns = tuple(moved(one) for one in sorted(report.columns, key=lambda one: -one.score))
    count = len(report.drifted)
    names = _some([one.column for one in report.drifted])
    verdict = (
        f"{count} of {len(columns)} columns are distributed differently: {names}."
        if count
        else f"None of {len(columns)} columns is distributed differently enough to count."
    )
    target = moved(report.target) if report.target is not None else None
    if target is not None:
        verdict += (
            f" The target {target.column} {'moved' if target.drifted else 'did not move enough to count'}"
            + (f": {target.moved}." if target.moved else ".")
        )
    return columns, target, verdict
