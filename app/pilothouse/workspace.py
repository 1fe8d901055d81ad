"""A workspace: a folder with a `pilothouse.toml`, and where everything in it lives."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.errors import NOT_ALLOWED, ConfigError, NotFoundError, PilothouseError, in_words
from pilothouse.processes import write_atomic

if TYPE_CHECKING:
    from pilothouse.config import Config, ModelConfig

CONFIG_NAME = "pilothouse.toml"
STATE_NAME = ".pilothouse"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESERVED = {"con", "prn", "aux", "nul"}


def safe_name(name: str, what: str = "name") -> str:
    """Return `name` if it may become part of a path, else raise.

    Raises:
        PilothouseError: it is not 1 to 100 letters, digits, `.`, `_`, `-`, or starts with `.` or `-`.
    """
    if not _SAFE_NAME.fullmatch(name) or name.split(".")[0].lower() in _RESERVED:
        raise PilothouseError(
            f"{name[:120]!r} cannot be used as a {what}.",
            next="Use 1 to 100 letters, digits, '.', '_' or '-', starting with a letter or digit.",
        )
    return name


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths of one workspace. Nothing here is read or made until it is asked for."""

    root: Path

    @property
    def config_path(self) -> Path:
        """The only configuration file."""
        return self.root / CONFIG_NAME

    @property
    def state_dir(self) -> Path:
        """Everything that Pilothouse writes."""
        return self.root / STATE_NAME

    @property
    def store_path(self) -> Path:
        """The DuckDB file with the metadata."""
        return self.state_dir / "store.duckdb"

    @property
    def runs_dir(self) -> Path:
        """One folder a run: journal, log, artifacts."""
        return self.state_dir / "runs"

    @property
    def active_dir(self) -> Path:
        """One empty file for each run whose journal may still grow or is not yet all in the store."""
        return self.state_dir / "active"

    @property
    def objects_dir(self) -> Path:
        """Bytes of data files, named by their sha256."""
        return self.state_dir / "objects"

    @property
    def models_dir(self) -> Path:
        """Bundles, as `<model>/v<n>`."""
        return self.state_dir / "models"

    @property
    def serving_dir(self) -> Path:
        """The server's status, generation and prediction log."""
        return self.state_dir / "serving"

    @property
    def watch_dir(self) -> Path:
        """The watcher's status."""
        return self.state_dir / "watch"

    def run_dir(self, run_id: str) -> Path:
        """Folder of one run; the id is checked, since it may come from outside."""
        return self.runs_dir / safe_name(run_id, "run id")

    def version_dir(self, model: str, version: int) -> Path:
        """Folder of one bundle."""
        return self.models_dir / safe_name(model, "model name") / f"v{int(version)}"

    @property
    def read_only(self) -> bool:
        """Whether it has a store, and this process may only read it: an archive, another person's folder."""
        folder = f"{self.root}{os.sep}{STATE_NAME}"
        # Asked before every transaction, so without the objects of paths.
        if os.access(f"{folder}{os.sep}store.duckdb", os.W_OK) and os.access(folder, os.W_OK):
            return False
        return self.store_path.exists()

    def refusal(self) -> PilothouseError:
        """Return the error for what would write where one may only read."""
        return PilothouseError(
            f"The workspace {self.root} is read-only for you: nothing can be changed in it.",
            untouched="Nothing was changed.",
            next="Work on a copy of its folder that you may write: `cp -r FOLDER COPY && chmod -R u+w COPY`.",
        )

    def place_of(self, folder: Path) -> str:
        """Say where a folder lies, seen from the workspace, as `.`, `sub/part` or `../beside`.

        Nothing absolute is kept, so that a workspace may be moved together with what lies beside it.

        Raises:
            PilothouseError: it is on another drive.
        """
        try:
            return Path(os.path.relpath(folder.resolve(), self.root.resolve())).as_posix()
        except ValueError:
            raise PilothouseError(
                f"{folder} is on another drive than the workspace, so it cannot be kept where that is.",
                untouched="Nothing was started.",
                next="Do it in a folder on the drive of the workspace.",
            ) from None

    def folder_at(self, place: str) -> Path:
        """Return the folder that `place_of` told of, seen from where the workspace is now."""
        # As text a ".." would leave a workspace that is a link on the wrong side.
        root = self.root.resolve() if place.startswith("..") else self.root
        return Path(os.path.normpath(root / place))

    def config(self) -> Config:
        """Read `pilothouse.toml` as it is now."""
        # Not needed to log a run, which should cost a script as little as can be.
        from pilothouse.config import load_config

        return load_config(self.config_path)

    def data_folder(self, model: ModelConfig) -> Path:
        """The data folder of a model, relative to the workspace unless it is absolute."""
        return self.root / model.data.folder


def refused(error: OSError) -> PilothouseError:
    """Return what the operating system refused in words; a workspace that may only be read has its own."""
    for folder in Path(str(error.filename or "")).absolute().parents if error.errno in NOT_ALLOWED else ():
        if folder.name == STATE_NAME and Workspace(folder.parent).read_only:
            return Workspace(folder.parent).refusal()
    return in_words(error)


def current_folder() -> Path:
    """Return the folder that this process is in.

    Raises:
        NotFoundError: it was deleted.
    """
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise NotFoundError(
            "The folder that you are in is not there any more.",
            untouched="Nothing was changed.",
            next="Go to another: `cd` with a folder that is there.",
        ) from None


def find_workspace(start: Path | None = None) -> Workspace:
    """Find the workspace that `start` (or PILOTHOUSE_WORKSPACE, or the current folder) lies in.

    Raises:
        NotFoundError: no folder from there upwards has a `pilothouse.toml`.
    """
    given = start or (Path(env) if (env := os.environ.get("PILOTHOUSE_WORKSPACE")) else None)
    first = (
        given.absolute() if given is not None and given.is_absolute() else current_folder() / (given or "")
    )
    if ".." in first.parts:
        # One folder has one path: what is passed over in it is told by that.
        first = first.resolve()
    for folder in (first,) if given else (first, *first.parents):
        if (folder / CONFIG_NAME).is_file():
            return Workspace(folder)
    raise NotFoundError(
        f"{first} is not in a workspace: no {CONFIG_NAME} there{'' if given else ' or above'}.",
        next="Make one with `pilothouse init DIR --data FOLDER --target COLUMN`, "
        "or see one with `pilothouse demo`.",
    )


def init_workspace(root: Path, config_text: str) -> Workspace:
    """Make `root` a workspace with this configuration, which must load.

    Raises:
        ConfigError: there is a `pilothouse.toml` already, or the text does not load.
    """
    workspace = Workspace(root.absolute())
    if workspace.config_path.exists():
        raise ConfigError(
            f"{workspace.config_path} exists already.",
            untouched="It was not changed.",
            next="Edit it, or choose another folder.",
        )
    write_atomic(workspace.config_path, config_text)
    try:
        workspace.config()
    except ConfigError:
        workspace.config_path.unlink()
        raise
    workspace.state_dir.mkdir(exist_ok=True)
    # The state never belongs in version control, wherever the workspace lies.
    write_atomic(workspace.state_dir / ".gitignore", "*\n")
    return workspace
