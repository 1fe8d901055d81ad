"""Is this workspace sound? Looks at every part and says what it saw."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from pilothouse.autopilot.rules_sound import unsound_rules
from pilothouse.data.keeping import Condition
from pilothouse.data.reading import data_files
from pilothouse.data.versions import conditions, list_dataset_versions
from pilothouse.errors import PilothouseError
from pilothouse.registry.manifest import verify_bundle
from pilothouse.registry.versions import list_versions
from pilothouse.serving.fate import lost_words, server_now
from pilothouse.store import open_store, verify_events
from pilothouse.tracking.runs import count_runs
from pilothouse.workspace import Workspace

LOW_DISK = 1 << 30
"""Bytes of free disk below which a person should know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the workspace, whether it is sound, and what was seen."""

    what: str
    sound: bool
    detail: str


def examine(workspace: Workspace) -> list[Finding]:
    """Look at configuration, rules, data, store, audit trail, bundles and disk; the unsound is a finding."""
    checks: dict[str, Callable[[Workspace], str]] = {
        "configuration": _configuration,
        "rules": _rules,
        "data folder": _data,
        "store": _store,
        "audit trail": _trail,
        "dataset files": _kept,
        "bundles": _bundles,
        "server": _server,
        "disk": _disk,
    }
    findings = []
    for what, check in checks.items():
        try:
            findings.append(Finding(what, True, check(workspace)))
        except PilothouseError as error:
            findings.append(Finding(what, False, " ".join(str(error).split())))
    return findings


def _configuration(workspace: Workspace) -> str:
    names = ", ".join(model.name for model in workspace.config().models)
    return f"{workspace.config_path.name}: {names or 'no model; it only tracks runs'}"


def _rules(workspace: Workspace) -> str:
    """Business metrics, alerts and gates: one that cannot be computed would be silent until it is needed."""
    models = workspace.config().models
    store = open_store(workspace) if models else None
    wrong = [text for model in models if store for text in unsound_rules(workspace, store, model)]
    if wrong:
        raise PilothouseError(" ".join(wrong))
    counts = [
        (sum(len(model.business) for model in models), "business metric"),
        (sum(len(model.alerts) for model in models), "alert"),
        (sum(len(model.gates) for model in models), "gate"),
    ]
    return (
        ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count) or "none"
    )


def _data(workspace: Workspace) -> str:
    parts = []
    for model in workspace.config().models:
        files = data_files(workspace.data_folder(model))
        parts.append(f"{model.data.folder}: {len(files)} files")
    return "; ".join(parts) or "none"


def _store(workspace: Workspace) -> str:
    store = open_store(workspace)
    runs = count_runs(store)
    size = workspace.store_path.stat().st_size
    only = ", read-only for you" if store.read_only else ""
    return f"{runs:,} runs, {size / 1e6:,.1f} MB{only}"


def _trail(workspace: Workspace) -> str:
    broken = verify_events(open_store(workspace))
    if broken is not None:
        raise PilothouseError(f"does not fit together from event {broken} on")
    return "intact"


def _kept(workspace: Workspace) -> str:
    """Every file of every dataset version; what changed since it was last looked at is hashed."""
    versions = list_dataset_versions(open_store(workspace))
    kept = conditions(workspace, versions)
    found: dict[str, Condition] = {}
    bad: dict[str, str] = {}
    for dataset in versions:
        for file in dataset.files:
            one = found[file.sha256] = kept[dataset.version][file.name]
            if not one.sound:
                word = "is gone" if one.gone else "holds other bytes than it was kept with"
                bad[file.sha256] = f"{file.name} of dataset version {dataset.version} {word}"
    if bad:
        more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise PilothouseError(f"{next(iter(bad.values()))}{more}")
    linked = sum(one.shared for one in found.values())
    return f"{len(found)} sound" + (f", {linked} of them links to the data folder" if linked else "")


def _bundles(workspace: Workspace) -> str:
    versions = list_versions(open_store(workspace))
    for version in versions:
        verify_bundle(version.path, version.manifest_sha256)
    return f"{len(versions)} verified"


def _server(workspace: Workspace) -> str:
    now = server_now(workspace)
    if now.lost is not None:
        raise PilothouseError(
            lost_words(now.lost),
            next="`pilothouse serve --detach` starts it again, `pilothouse serve --stop` leaves it stopped.",
        )
    if now.status is not None:
        return f"{now.status.state} at {now.status.url}"
    return "starting" if now.starting else "stopped"


def _disk(workspace: Workspace) -> str:
    free = shutil.disk_usage(workspace.root).free
    if free < LOW_DISK:
        raise PilothouseError(f"only {free / 1e6:,.0f} MB free")
    return f"{free / 1e9:,.0f} GB free"
