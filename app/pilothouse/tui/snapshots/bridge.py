"""Is everything all right, and what waits for a person? Put together from the other snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pilothouse.tui.snapshots.changes import Stamp
from pilothouse.tui.snapshots.data import Data, FileVerdict
from pilothouse.tui.snapshots.models import Models

if TYPE_CHECKING:
    from pilothouse.serving.fate import ServerNow
    from pilothouse.serving.status import ServerStatus
    from pilothouse.store import Event
    from pilothouse.tracking.runs import Run
    from pilothouse.workspace import Workspace


_SHOWN_HARMFUL = 5
"""Harmful files named one by one; the Data screen lists them all."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits: ``kind`` says what enter does, ``key`` with what."""

    kind: str
    key: str
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """Everything that the Bridge shows."""

    stamp: Stamp
    models: Models
    data: Data
    server: ServerStatus | None
    starting: bool
    lost: ServerStatus | None
    working: tuple[Run, ...]
    events: tuple[Event, ...]
    needs: tuple[Need, ...]
    runs: int


def bridge(workspace: Workspace, model: str | None, before: Bridge | None) -> Bridge:
    """Read everything, or only what the server and the watcher say where nothing else changed."""
    from pilothouse.serving.fate import server_now
    from pilothouse.tui.snapshots.changes import stamp
    from pilothouse.tui.snapshots.data import data
    from pilothouse.tui.snapshots.models import models

    known = models(workspace, model, before.models if before else None)
    seen = data(workspace, model, before.data if before else None)
    serving = server_now(workspace)
    now = stamp(workspace)
    if before is not None and before.stamp == now:
        working, events, runs = before.working, before.events, before.runs
    else:
        from pilothouse.store import open_store
        from pilothouse.tracking.runs import count_runs, list_runs
        from pilothouse.tui.snapshots.events import lately

        store = open_store(workspace)
        working = tuple(
            run for status in ("RUNNING", "SCHEDULED") for run in list_runs(store, status=status, limit=20)
        )
        events = lately(store, 40)
        runs = count_runs(store)
    needs = tuple(_needs(known, seen, serving))
    return Bridge(
        now, known, seen, serving.status, serving.starting, serving.lost, working, events, needs, runs
    )


def _needs(known: Models, seen: Data, serving: ServerNow) -> list[Need]:
    from pilothouse.monitoring.story import target_in_short
    from pilothouse.tui.snapshots.arrival_names import without_name

    needs: list[Need] = []
    server = serving.status
    if serving.lost is not None and known.live is not None:
        said = f"server lost: 5 then s starts it; v{known.live} is live and answers nobody"
        needs.append(Need("serving", "", "bad", said))
    if server is not None and server.last_error:
        needs.append(Need("serving", "", "bad", server.last_error))
    if seen.watcher is not None and seen.watcher.error:
        needs.append(Need("data", "", "bad", seen.watcher.error))
    for version in waiting_versions(known)[:2]:
        said = known.gates.get(version, "")
        passed = "passed its gates" if said == "passed" else "has no gates"
        before = f" after v{known.live}" if known.live is not None else ", the first"
        needs.append(Need("promote", str(version), "watch", f"v{version} {passed}: P promotes it{before}"))
    needs += [
        Need("data", file.arrival.name, "bad", f"{file.arrival.name} is harmful: {file.harm.words}")
        for file in harmful(known, seen)[:_SHOWN_HARMFUL]
        if file.harm is not None
    ]
    drifted = unlearned_drift(known, seen)
    if drifted and (report := drifted[0].report) is not None:
        name, names = drifted[0].arrival.name, ", ".join(one.column for one in report.drifted[:3])
        share = f"{len(report.drifted)} of {len(report.columns)}: {names}"
        said = f"{name} drifted, {share}"
        if len(drifted) > 1:
            said = f"{len(drifted)} files drifted, last {name}, {share}"
        needs.append(Need("data", name, "watch", said))
    targets = moved_targets(known, seen)
    if targets and (report := targets[0].report) is not None:
        name = targets[0].arrival.name
        more = f" ({len(targets)} such files)" if len(targets) > 1 else ""
        said = f"{name}: the target moved, {target_in_short(report).removeprefix('target ')}{more}"
        needs.append(Need("data", name, "watch", said))
    for file in seen.files:
        if file.arrival.status == "held" and not file.gone:
            why = file.arrival.findings[0].message if file.arrival.findings else "see Data"
            needs.append(
                Need(
                    "data",
                    file.arrival.name,
                    "bad",
                    f"{file.arrival.name} is held: {without_name(why, file.arrival.name)}",
                )
            )
    if seen.waiting:
        needs.append(
            Need(
                "judge",
                "",
                "watch",
                f"{seen.waiting} file{'' if seen.waiting == 1 else 's'} in {seen.folder} not judged",
            )
        )
    return needs


def waiting_versions(known: Models) -> list[int]:
    """Versions newer than the live one whose gates did not fail, newest first."""
    return [
        one.version
        for one in known.versions
        if (known.live is None or one.version > known.live)
        and known.gates.get(one.version, "passed") == "passed"
    ]


def harmful(known: Models, seen: Data) -> list[FileVerdict]:
    """The files that the live version is worse on than it was promised to be, newest first."""
    return [
        file
        for file in _unlearned(known, seen)
        if file.harm is not None and file.harm.verdict == "harmful" and file.harm.version == known.live
    ]


def unlearned_drift(known: Models, seen: Data) -> list[FileVerdict]:
    """The files that drifted and that the live version has not learned from, newest first, but for those that
    are told as harmful."""
    hurt = {file.arrival.name for file in harmful(known, seen)}
    return [
        file
        for file in _unlearned(known, seen)
        if file.report is not None and file.report.dataset_drift and file.arrival.name not in hurt
    ]


def moved_targets(known: Models, seen: Data) -> list[FileVerdict]:
    """The files in which the target moved and that are not told as drifted or harmful, newest first."""
    from pilothouse.monitoring.verdict_words import target_moved

    told = {file.arrival.name for file in (*harmful(known, seen), *unlearned_drift(known, seen))}
    return [
        file
        for file in _unlearned(known, seen)
        if file.report is not None and target_moved(file.report) and file.arrival.name not in told
    ]


def _unlearned(known: Models, seen: Data) -> list[FileVerdict]:
    """The files in the folder that the live version has not learned from, newest first."""
    live = known.version(known.live)
    if live is None:
        return []
    learned = {
        file.name
        for version in seen.versions
        if version.version == live.dataset_version
        for file in version.files
    }
    return [file for file in seen.files if not file.gone and file.arrival.name not in learned]
