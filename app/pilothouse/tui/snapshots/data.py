"""Files that landed with their verdicts, drift by column, and dataset versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pilothouse.tui.snapshots.changes import Stamp

if TYPE_CHECKING:
    from pilothouse.autopilot.status import WatcherStatus
    from pilothouse.data.versions import DatasetVersion
    from pilothouse.monitoring.verdicts import Arrival, StoredReport
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """One file that landed, and its comparison with the reference where there is one."""

    arrival: Arrival
    report: StoredReport | None


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


def data(workspace: Workspace, model: str | None, before: Data | None) -> Data:
    """Read verdicts and versions of ``model``, unless nothing changed since ``before``."""
    from pilothouse.autopilot.status import watcher_status
    from pilothouse.tui.snapshots.changes import stamp

    config = workspace.config()
    chosen = next((one for one in config.models if one.name == model), config.models[0])
    watcher = watcher_status(workspace)
    now = (
        *stamp(workspace),
        watcher.state if watcher else None,
        _folder_stamp(workspace, chosen.data.folder),
    )
    if before is not None and before.stamp == now and before.model == chosen.name:
        return before
    from pilothouse.data.versions import list_dataset_versions
    from pilothouse.demo.workspace import waiting_files
    from pilothouse.monitoring.verdicts import list_arrivals, list_drift_reports
    from pilothouse.store import open_store

    store = open_store(workspace)
    reports: dict[tuple[str, str], StoredReport] = {}
    for report in list_drift_reports(store, chosen.name):
        reports.setdefault((report.subject, report.sha256), report)
    arrivals = sorted(list_arrivals(store, chosen.name), key=lambda one: (one.name, one.at), reverse=True)
    newest: dict[str, Arrival] = {}
    for one in arrivals:  # a file that was replaced counts as what it is now
        newest.setdefault(one.name, one)
    files = tuple(FileVerdict(one, reports.get((one.name, one.sha256))) for one in newest.values())
    versions = tuple(list_dataset_versions(store, chosen.name))
    known = set(newest) | {file.name for version in versions for file in version.files}
    waiting = _waiting(workspace, chosen.data.folder, known)
    coming = len(waiting_files(workspace))
    return Data(now, chosen.name, chosen.data.folder, files, versions, watcher, waiting, coming)


def _folder_stamp(workspace: Workspace, folder: str) -> object:
    try:
        return (workspace.root / folder).stat().st_mtime_ns
    except OSError:
        return None


def _waiting(workspace: Workspace, folder: str, judged: set[str]) -> int:
    from pilothouse.data.reading import data_files

    try:
        return sum(path.name not in judged for path in data_files(workspace.root / folder))
    except Exception:  # noqa: BLE001 - a folder that is not there has nothing waiting; training says why
        return 0


def accept(workspace: Workspace, model: str, name: str, reason: str) -> str:
    """Take in a held file; return the sentence that says so."""
    from pilothouse.monitoring.verdicts import accept_arrival
    from pilothouse.store import open_store

    accept_arrival(open_store(workspace), model, name, reason=reason)
    return f"{name} is accepted; the next training takes it in."


def short_names(names: list[str]) -> dict[str, str]:
    """Name -> what tells it from the others: months where the names end in YYYY-MM, else the last letters
    that differ."""
    import re

    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    stems = {
        name: re.sub(r"(\.(csv|parquet|jsonl|ndjson|gz))+$", "", name, flags=re.IGNORECASE) for name in names
    }
    out = {}
    for name, stem in stems.items():
        found = re.search(r"(?:19|20)\d\d[-_]?(0[1-9]|1[0-2])$", stem)
        out[name] = months[int(found[1]) - 1] if found else stem[-3:]
    return out
