"""A file that has not landed is looked at: the same verdict as for one that has, and nothing is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from pilothouse.config import ModelConfig
from pilothouse.data.reading import DataError, expand
from pilothouse.errors import is_interrupt
from pilothouse.monitoring.judging import judge_file, look_at_file
from pilothouse.monitoring.keeping_verdicts import Verdict
from pilothouse.monitoring.patience import Progress, each_of
from pilothouse.store import Store
from pilothouse.workspace import Workspace


def has_landed(workspace: Workspace, model: ModelConfig, path: Path) -> bool:
    """Say whether a file lies right in the model's data folder; a link there counts, its target does not."""
    return path.absolute().parent.resolve() == workspace.data_folder(model).resolve()


def landed_or_elsewhere(folder: Path, text: str) -> list[Path]:
    """Turn what a person types into data files: a bare name may be that of a file in the data folder.

    Raises:
        DataError: nothing is there.
    """
    if not Path(text).exists() and Path(text).name == text:
        if (folder / text).is_file():
            return [folder / text]
        with contextlib.suppress(DataError):
            return expand(text)
        if any(mark in text for mark in "*?["):
            return expand(str(folder / text))
    return expand(text)


def judge_or_look(
    workspace: Workspace, store: Store, model: ModelConfig, path: Path, progress: Progress | None = None
) -> tuple[Verdict, bool]:
    """Judge a file that landed, else look at it; return what was found, and whether that is kept.

    Only what lands takes a share of the level that a reference's questions have, or is an event.

    Raises:
        DataError: the file is gone, or changed while it was being read.
    """
    kept = has_landed(workspace, model, path)
    return (judge_file if kept else look_at_file)(workspace, store, model, path, progress), kept


def judge_or_look_at_all(
    workspace: Workspace,
    store: Store,
    model: ModelConfig,
    paths: Sequence[Path],
    progress: Progress | None = None,
) -> list[tuple[Verdict, bool]]:
    """Judge or look at one file after the other; see `judge_or_look`.

    Raises:
        DataError: as there.
        KeyboardInterrupt: Ctrl-C; it notes which files are judged.
    """
    found: list[tuple[Verdict, bool]] = []
    try:
        for path, part in each_of(progress, paths):
            found.append(judge_or_look(workspace, store, model, path, part))
    except BaseException as stopped:
        if is_interrupt(stopped):
            stopped.add_note(_left(paths, found))
        raise
    return found


def _left(paths: Sequence[Path], found: Sequence[tuple[Verdict, bool]]) -> str:
    at, kept = len(found), sum(kept for _, kept in found)
    if len(paths) == 1:
        return f"Nothing was stored of {paths[0].name}."
    stored = "their verdicts are stored" if kept == at else f"the verdicts of {kept} are stored"
    before = f"{at} of {len(paths)} files are judged, {stored}. " if kept else ""
    return f"{before}Nothing was stored of {paths[min(at, len(paths) - 1)].name} and what comes after it."
