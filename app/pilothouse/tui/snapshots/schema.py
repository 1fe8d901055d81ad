"""The schema of a model: the rules in force, their history, the newest file, and changing them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilothouse.tui.snapshots.changes import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from pilothouse.monitoring.quality.beside import RuleLine
    from pilothouse.monitoring.quality.rules import FileRules
    from pilothouse.monitoring.quality.rules_kept import KeptRules
    from pilothouse.store import Store
    from pilothouse.tui.commands import Stop
    from pilothouse.workspace import Workspace

Look = tuple[str, int, int]
"""A file's path, size and time: what it is, as far as a look tells."""


@dataclass(frozen=True, slots=True)
class SchemaNow:
    """Rules in force of one model; `suggested_from` is empty if a person accepted them. `whole` are those of
    a file as a whole, in words. `newest` is the file beside them: the one that was asked for, or else what
    landed last and is still there."""

    stamp: Stamp
    model: str
    rules: FileRules
    suggested_from: str
    reference: str
    lines: tuple[RuleLine, ...]
    whole: str
    history: tuple[KeptRules, ...]
    newest: Look | None


def schema_now(
    workspace: Workspace,
    model: str | None,
    before: SchemaNow | None,
    progress: Callable[[float, str], None] | None = None,
    *,
    file: str = "",
) -> SchemaNow:
    """Read the rules, unless nothing changed; where nothing else suggests any, from all data in the folder.

    A `file` of the folder stands beside them in place of the newest.

    Raises:
        PilothouseError: there are no data to suggest rules from.
    """
    from pilothouse.monitoring.quality.beside import rule_lines
    from pilothouse.monitoring.quality.in_force import rules_in_force
    from pilothouse.monitoring.quality.rules_kept import rules_history
    from pilothouse.monitoring.quality.wording import asked_of_files
    from pilothouse.store import open_store
    from pilothouse.tui.snapshots.changes import stamp

    config, store = workspace.config().model(model), open_store(workspace)
    newest = _look(workspace.data_folder(config) / file) if file else None
    newest = newest or _newest(workspace, store, config.name)
    now: Stamp = (*stamp(workspace), newest)
    if before is not None and (before.stamp, before.model) == (now, config.name):
        return before
    if before is not None and (before.stamp[:-1], before.model) == (now[:-1], config.name):
        return replace(before, stamp=now, newest=newest)
    found = rules_in_force(workspace, store, config, progress)
    return SchemaNow(
        now,
        config.name,
        found.rules,
        found.suggested_from,
        found.reference.label if found.reference else "",
        rule_lines(found),
        "; ".join(asked_of_files(found.rules)),
        tuple(rules_history(store, config.name)),
        newest,
    )


def _newest(workspace: Workspace, store: Store, model: str) -> Look | None:
    from pilothouse.monitoring.verdicts import list_arrivals

    folder = workspace.data_folder(workspace.config().model(model))
    for arrival in list_arrivals(store, model):
        if look := _look(folder / arrival.name):
            return look
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return None
    looks = [look for path in files if (look := _look(path))]
    return max(looks, key=lambda look: look[2], default=None)


def _look(path: Path) -> Look | None:
    from pilothouse.data.reading import is_data_file

    try:
        if not is_data_file(path):
            return None
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return str(path), stat.st_size, stat.st_mtime_ns


def file_beside(
    workspace: Workspace, model: str, path: str, told: Callable[[str], None], stop: Stop
) -> dict[str, Any]:
    """Measure a file by the rules in force, in a process of its own: it may be large.

    Raises:
        PilothouseError: it cannot be done, or was stopped.
    """
    from pilothouse.errors import PilothouseError
    from pilothouse.tui.commands import run_errand

    answer: Any = run_errand(
        workspace, ["schema", "show", "--model", model, "--json", "--", path], told, stop
    )
    if not isinstance(answer, dict):
        raise PilothouseError("The file was not measured.", next="Try `pilothouse schema show FILE`.")
    return answer


def accept(workspace: Workspace, known: SchemaNow, rules: FileRules) -> str:
    """Accept rules in place of those that were seen, and say so.

    Raises:
        PilothouseError: somebody else changed them meanwhile, or nothing is new.
    """
    from pilothouse.monitoring.quality.rules_kept import accept_rules
    from pilothouse.store import open_store

    seen = known.rules.accepted
    kept = accept_rules(
        open_store(workspace), known.model, replace(rules, accepted=None), seen=seen,
        suggested=known.rules if seen is None else None,
    )  # fmt: skip
    return f"Version {kept.accepted} of the schema holds from now on."


def adapt(workspace: Workspace, known: SchemaNow) -> str:
    """Widen the rules so that the newest file keeps them, and say so.

    Raises:
        PilothouseError: the file cannot be read, or the rules allow it already.
    """
    from pilothouse.errors import PilothouseError
    from pilothouse.tui.commands import run_command

    if known.newest is None:
        raise PilothouseError("There is no file to allow.")
    words = ["schema", "accept", known.newest[0], "--model", known.model, "--yes"]
    answer: Any = run_command(workspace, *words)
    return f"Version {answer['number']} of the schema allows files like {Path(known.newest[0]).name}."
