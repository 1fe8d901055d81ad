"""Files that landed with their verdicts, drift by column, and dataset versions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pilothouse.tui.snapshots.changes import Stamp

if TYPE_CHECKING:
    from pathlib import Path

    from textual.worker import Worker

    from pilothouse.autopilot.harm_progress import HarmProgress
    from pilothouse.autopilot.status import WatcherStatus
    from pilothouse.data.versions import DatasetVersion
    from pilothouse.monitoring.about_file import AboutFile
    from pilothouse.monitoring.glances import Glance
    from pilothouse.monitoring.rows_shown import RowsShown
    from pilothouse.monitoring.side_by_side import ColumnBeforeNow
    from pilothouse.monitoring.verdicts import Arrival, StoredReport
    from pilothouse.performance.harm_glances import HarmGlance
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """One file that landed, and its comparison with the reference where there is one."""

    arrival: Arrival
    report: Glance | None
    harm: HarmGlance | None = None
    gone: bool = False
    """Whether it is no longer in the data folder."""


@dataclass(frozen=True, slots=True)
class Data:
    """Everything that the Data screen shows of one model; files newest first."""

    stamp: Stamp
    model: str
    folder: str
    files: tuple[FileVerdict, ...]
    versions: tuple[DatasetVersion, ...]
    watcher: WatcherStatus | None
    waiting: int
    """Files in the folder that were neither judged nor trained on."""
    coming: int = 0
    """Files of a demo that have not been delivered yet."""
    glances: Mapping[str, Glance] = field(default_factory=dict, compare=False, repr=False)
    """All reports that were read, by id, so that none is read twice."""
    judging: HarmProgress | None = None
    """How far the judge of harm is, and for how many seconds it is at its file."""
    seconds: int = 0


def data(workspace: Workspace, model: str | None, before: Data | None) -> Data:
    """Read verdicts and versions of ``model``, unless nothing changed since ``before``."""
    from pilothouse.autopilot.harm_progress import harm_progress
    from pilothouse.autopilot.status import watcher_status
    from pilothouse.tui.snapshots.changes import stamp

    config = workspace.config()
    if not config.models:
        return Data(stamp(workspace), "", "", (), (), None, 0)
    chosen = config.shown(model)
    watcher = watcher_status(workspace)
    now = (
        *stamp(workspace),
        watcher.state if watcher else None,
        _folder_stamp(workspace, chosen.data.folder),
    )
    judging = harm_progress(workspace)
    seconds = judging.seconds() if judging else 0
    if before is not None and before.stamp == now and before.model == chosen.name:
        if (judging, seconds) == (before.judging, before.seconds):
            return before
        return replace(before, judging=judging, seconds=seconds)
    from pilothouse.data.versions import list_dataset_versions
    from pilothouse.demo.workspace import waiting_files
    from pilothouse.monitoring.glances import list_glances
    from pilothouse.monitoring.verdicts import HELD, list_arrivals
    from pilothouse.performance.harm_glances import glance_at_harm
    from pilothouse.store import open_store
    from pilothouse.tui.snapshots.arrival_names import in_order

    store = open_store(workspace)
    known_before = before.glances if before is not None and before.model == chosen.name else None
    harms = glance_at_harm(store, chosen.name)
    glances = list_glances(store, chosen.name, known_before)
    reports: dict[tuple[str, str], Glance] = {}
    for report in glances:
        reports.setdefault((report.subject, report.sha256), report)
    newest: dict[str, Arrival] = {}
    for one in list_arrivals(store, chosen.name):  # a file that was replaced counts as what it is now
        newest.setdefault(one.name, one)
    arrivals = list(newest.values())
    order = in_order([(one.name, one.at) for one in arrivals])
    here = _in_folder(workspace, chosen.data.folder)
    files = tuple(
        FileVerdict(
            one,
            # One whose acceptance was taken back was compared once; what holds it is what counts.
            None if one.status == HELD else reports.get((one.name, one.sha256)),
            # What was judged of a file before a person held it again is no judgement of what is taken in.
            None if one.status == HELD else harms.get((one.name, one.sha256)),
            here is not None and one.name not in here,
        )
        for one in (arrivals[at] for at in reversed(order))
    )
    versions = tuple(list_dataset_versions(store, chosen.name))
    known = set(newest) | {file.name for version in versions for file in version.files}
    waiting = _waiting(workspace, chosen.data.folder, known)
    coming = len(waiting_files(workspace))
    by_id = {one.report_id: one for one in glances}
    return Data(
        now,
        chosen.name,
        chosen.data.folder,
        files,
        versions,
        watcher,
        waiting,
        coming,
        by_id,
        judging,
        seconds,
    )


def whole_report(workspace: Workspace, report_id: str) -> StoredReport:
    """Read one report with its histograms."""
    from pilothouse.monitoring.verdicts import get_drift_report
    from pilothouse.store import open_store

    return get_drift_report(open_store(workspace), report_id)


def _folder_stamp(workspace: Workspace, folder: str) -> object:
    try:
        return (workspace.root / folder).stat().st_mtime_ns
    except OSError:
        return None


def _in_folder(workspace: Workspace, folder: str) -> frozenset[str] | None:
    """The names in the data folder; None where it cannot be listed, which says nothing of its files."""
    try:
        with os.scandir(workspace.root / folder) as entries:
            return frozenset(entry.name for entry in entries)
    except OSError:
        return None


def _waiting(workspace: Workspace, folder: str, judged: set[str]) -> int:
    from pilothouse.data.reading import data_files
    from pilothouse.errors import PilothouseError

    try:
        return sum(path.name not in judged for path in data_files(workspace.root / folder))
    except (PilothouseError, OSError):
        # A folder that is not there has nothing waiting; training says why.
        return 0


def accept(workspace: Workspace, model: str, name: str, reason: str) -> str:
    """Take in a held file; return the sentence that says so."""
    from pilothouse.monitoring.accepting import accept_file
    from pilothouse.store import open_store

    accept_file(workspace, open_store(workspace), workspace.config().model(model), name, reason=reason)
    return f"{name} is accepted; the next training takes it in."


def hold(workspace: Workspace, model: str, name: str, reason: str) -> str:
    """Take the acceptance of a file back; return the sentence that says so."""
    from pilothouse.monitoring.verdicts import hold_arrival
    from pilothouse.store import open_store

    hold_arrival(open_store(workspace), model, name, reason=reason)
    return f"{name} is held again; the next training leaves it out."


def about(workspace: Workspace, model: str, name: str) -> AboutFile:
    """Read everything that is kept of a file."""
    from pilothouse.monitoring.about_file import about_file
    from pilothouse.store import open_store

    return about_file(open_store(workspace), model, name)


def column_of_file(
    workspace: Workspace, model: str, report_id: str, name: str, worker: Worker[object]
) -> ColumnBeforeNow:
    """Read a column in the reference and in the file of a report; given up when the worker is cancelled."""
    from pilothouse.monitoring.side_by_side import column_before_now
    from pilothouse.monitoring.verdicts import get_drift_report
    from pilothouse.store import open_store

    store = open_store(workspace)
    stored = get_drift_report(store, report_id)
    config = workspace.config().model(model)
    return column_before_now(workspace, store, config, stored, name, giving_up_with(worker))


def rows_around(path: Path, numbers: Sequence[int], first: str, worker: Worker[object]) -> RowsShown:
    """Read whole rows of a file; given up when the worker is cancelled.

    Raises:
        DataError: the file cannot be read.
    """
    from pilothouse.monitoring.rows_shown import rows_of

    return rows_of(path, numbers, first=first, progress=giving_up_with(worker))


def giving_up_with(worker: Worker[object]) -> Callable[[float, str], None]:
    """A progress callback that stops a computation once its worker is cancelled."""

    def progress(share: float, what: str) -> None:
        if worker.is_cancelled:
            raise GivenUpError

    return progress


class GivenUpError(Exception):
    """The cursor moved on; nobody sees it."""
