"""Reading MLflow's folder of runs, `mlruns/`: a folder an experiment, in it a folder a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.tracking.exchange.artifacts import plain_files
from pilothouse.tracking.exchange.flat_yaml import read_flat_yaml
from pilothouse.tracking.exchange.source import (
    EXPORTED_TAG,
    Dataset,
    Listed,
    Point,
    SourceRun,
    Unreadable,
)

META_NAME = "meta.yaml"
_STATUS = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}


class FolderSource:
    """An `mlruns/` folder. Links in it are not followed."""

    def __init__(self, path: Path) -> None:
        self.label = f"MLflow's {path.resolve().name}/"
        self.folder = path.resolve()
        self.deleted = 0
        self._folders: dict[str, Path] = {}

    def listed(self) -> Sequence[Listed | Unreadable]:
        """Return every run that is not deleted there."""
        found: list[Listed | Unreadable] = []
        self.deleted = 0
        for experiment in _folders(self.folder):
            if not (experiment / META_NAME).is_file():
                continue
            try:
                about = _meta(experiment)
                name = about.get("name") or experiment.name
                gone = about.get("lifecycle_stage") == "deleted"
            except (OSError, ValueError):
                # A damaged experiment still has whole runs.
                name, gone = experiment.name, False
            for folder in _folders(experiment):
                if not (folder / META_NAME).is_file():
                    continue
                try:
                    meta = _meta(folder)
                except (OSError, ValueError) as error:
                    found.append(Unreadable(folder.name, f"its {META_NAME} cannot be read: {error}"))
                    continue
                if gone or meta.get("lifecycle_stage") == "deleted":
                    self.deleted += 1
                    continue
                run_id = meta.get("run_id") or meta.get("run_uuid") or folder.name
                if run_id != folder.name:
                    found.append(Unreadable(folder.name, f"its {META_NAME} is that of another run"))
                    continue
                self._folders[run_id] = folder
                place, started = meta.get("artifact_uri") or "", meta.get("start_time") or ""
                exported = folder / "tags" / EXPORTED_TAG
                found.append(
                    Listed(
                        run_id,
                        _status(meta.get("status")),
                        name,
                        place,
                        _text(exported) if exported.is_file() and not exported.is_symlink() else "",
                        _time(started),
                    )
                )
        return found

    def read(self, runs: Sequence[Listed]) -> Iterator[SourceRun | Unreadable]:
        """Read the contents of some runs that were listed."""
        for run in runs:
            folder = self._folders[run.source_id]
            try:
                meta = _meta(folder)
                yield SourceRun(
                    source_id=run.source_id,
                    name=meta.get("run_name") or meta.get("name") or "",
                    status=_status(meta.get("status")),
                    started=_whole(meta.get("start_time")),
                    ended=_whole(meta.get("end_time")),
                    experiment=run.experiment,
                    artifact_uri=meta.get("artifact_uri") or "",
                    params={key: _text(path) for key, path in _files(folder / "params")},
                    tags={key: _text(path) for key, path in _files(folder / "tags")},
                    points=[
                        point for key, path in _files(folder / "metrics") for point in _points(key, path)
                    ],
                    user=meta.get("user_id") or "",
                    datasets=list(_datasets(folder)),
                )
            except OSError as error:
                yield Unreadable(run.source_id, f"it cannot be read: {error.strerror or error}")
            except ValueError as error:
                yield Unreadable(run.source_id, str(error))

    def artifact_folders(self, source_id: str) -> Iterable[Path]:
        """Return the folder beside the run's own files, wherever the whole was moved to."""
        return (self._folders[source_id] / "artifacts",)


def is_runs_folder(path: Path) -> bool:
    """Say whether a folder looks like `mlruns/`: some folder in it has a `meta.yaml`."""
    return any((folder / META_NAME).is_file() for folder in _folders(path))


def _folders(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as entries:
            return sorted(Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError as error:
        raise PilothouseError(f"{path} cannot be read: {error.strerror}.") from None


def _meta(folder: Path) -> dict[str, str | None]:
    return read_flat_yaml((folder / META_NAME).read_text(encoding="utf-8", errors="replace"))


def _datasets(folder: Path) -> Iterator[Dataset]:
    """Yield what a run read: each of its `inputs/` names a folder in its experiment's `datasets/`."""
    inputs = folder / "inputs"
    for path in _folders(inputs) if inputs.is_dir() else ():
        told = _meta(path)
        name = told.get("source_id") or ""
        about = folder.parent / "datasets" / name
        # The id is text from a file: it may name a folder here, and nothing else.
        if name != Path(name).name or not (about / META_NAME).is_file():
            continue
        dataset = _meta(about)
        tags = (told.get("tags") or "").strip()
        context = "" if tags in ("", "{}") else read_flat_yaml(tags).get("mlflow.data.context")
        yield Dataset(dataset.get("name") or "", dataset.get("digest") or "", context or "")


def _status(value: str | None) -> str:
    return _STATUS.get(value or "", value or "")


def _time(value: str) -> int | None:
    """What is no time is told when the run is read."""
    try:
        return int(value)
    except ValueError:
        return None


def _whole(value: str | None) -> int | None:
    return None if value is None else int(value)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file below a folder with its key, which may have slashes; nothing if there is no folder.

    Raises:
        OSError: it cannot be looked into; a run is taken over whole or not at all.
    """
    if folder.is_dir() and not folder.is_symlink():
        for path in plain_files(folder):
            yield path.relative_to(folder).as_posix(), path


def _text(path: Path) -> str:
    # As MLflow reads it: what stands there, breaks included.
    return path.read_bytes().decode("utf-8", "replace")


def _points(key: str, path: Path) -> list[Point]:
    """Read a metric; of equal steps the latest comes last, and of those the greatest, as MLflow takes it."""
    return sorted(_read_points(key, path), key=lambda point: (point[3], point[2] == point[2], point[2]))


def _read_points(key: str, path: Path) -> Iterator[Point]:
    for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").split("\n"), 1):
        words = line.split()
        if not words:
            continue
        try:
            # Newer versions add the dataset behind the step; the oldest had no step.
            yield key, int(words[2]) if len(words) > 2 else 0, float(words[1]), int(words[0])
        except (ValueError, IndexError):
            raise ValueError(f"line {number} of its metric {key[:60]!r} is no point: {line[:60]!r}") from None
