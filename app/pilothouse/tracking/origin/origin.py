"""The record of what made a run: `origin.json` in its folder, with a patch beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.jsontext import dumps, loads
from pilothouse.processes import write_atomic

ORIGIN_NAME = "origin.json"
_LATER = "origin-later-*.json"
PATCH_NAME = "patch.diff"
_NO_PATCH = "the patch is missing: git took too long to tell it"


@dataclass(frozen=True, slots=True)
class Git:
    """Where the code stood: the commit (hex), the branch (empty if detached), whether files differed."""

    commit: str
    branch: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One file of code as it was; its bytes are the object of that sha256."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Host:
    """The machine."""

    name: str = ""
    system: str = ""
    machine: str = ""
    cpus: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """What made a run.

    Attributes:
        git: None outside a repository.
        patch: name of the file beside this one with the uncommitted changes, or None.
        patch_whole: False where the patch was too large and was cut, or, if there is none, git took too long
            to tell it.
        code: files of code as they were when the run started.
        code_left_out: files of code that were too many or too large to be kept.
        code_changed: files of code that were written after the run had begun: how they were is not known.
        argv: the words of the command; paths among them are seen from `folder`.
        folder: where that ran, as `Workspace.place_of` tells it; empty where that was not kept.
        packages: installed packages and their versions.
        threads: the environment's settings for the threads of numerical libraries.
        seed: of everything random, where Pilothouse set it.
        at: when the process began, in seconds since 1970; 0 where that was not kept.
    """

    git: Git | None = None
    patch: str | None = None
    patch_whole: bool = True
    code: tuple[CodeFile, ...] = ()
    code_left_out: int = 0
    code_changed: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    folder: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    host: Host = field(default_factory=Host)
    threads: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    at: float = 0.0

    @property
    def where(self) -> str:
        """Where the command ran, for a person; empty where that was not kept."""
        return "the workspace's" if self.folder == "." else self.folder

    @property
    def patch_lacks(self) -> str:
        """What is missing of the patch, in words; empty if nothing is."""
        if self.patch_whole:
            return ""
        return "the patch was too large and is cut" if self.patch else _NO_PATCH

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return asdict(self)


def write_origin(folder: Path, origin: Origin, patch: bytes) -> None:
    """Write the record into a run's folder: the patch first, so that whoever sees the one has the other.

    Where a record is there already, the run was gone on with: what began it stays, and this one, without its
    patch, comes beside it.
    """
    if (folder / ORIGIN_NAME).exists():
        name = _LATER.replace("*", f"{len(_later(folder)) + 1:04}")
        # Whether a patch that is not kept is whole is no question.
        write_atomic(folder / name, _bytes(replace(origin, patch=None, patch_whole=True)))
        return
    if origin.patch is not None:
        write_atomic(folder / PATCH_NAME, patch)
    write_atomic(folder / ORIGIN_NAME, _bytes(origin))


def _bytes(origin: Origin) -> bytes:
    # A name on disk may be no text at all; it is told with question marks, rather than nothing of the run.
    return dumps(origin.to_json()).encode("utf-8", "replace")


def read_origin(folder: Path) -> Origin | None:
    """Return what made the run of this folder, or None if it was not recorded.

    Raises:
        PilothouseError: the record is damaged.
    """
    return _read(folder / ORIGIN_NAME)


def read_later_origins(folder: Path) -> list[Origin]:
    """Return what went on with the run of this folder, in order.

    Raises:
        PilothouseError: a record is damaged.
    """
    return [origin for path in _later(folder) if (origin := _read(path)) is not None]


def _later(folder: Path) -> list[Path]:
    return sorted(folder.glob(_LATER))


def _read(path: Path) -> Origin | None:
    try:
        raw = loads(path.read_bytes())
        git, host, seed = raw.get("git"), raw.get("host") or {}, raw.get("seed")
        return Origin(
            git=Git(str(git["commit"]), str(git["branch"]), bool(git["dirty"])) if git else None,
            patch=PATCH_NAME if raw.get("patch") else None,
            patch_whole=bool(raw.get("patch_whole", True)),
            code=tuple(
                CodeFile(str(one["path"]), str(one["sha256"]), int(one["bytes"])) for one in raw["code"]
            ),
            code_left_out=int(raw.get("code_left_out", 0)),
            code_changed=tuple(map(str, raw.get("code_changed", ()))),
            argv=tuple(map(str, raw["argv"])),
            folder=str(raw.get("folder") or ""),
            packages={str(key): str(value) for key, value in raw["packages"].items()},
            python=str(raw["python"]),
            host=Host(**{key: host[key] for key in Host.__dataclass_fields__ if key in host}),
            threads={str(key): str(value) for key, value in raw["threads"].items()},
            seed=None if seed is None else int(seed),
            at=float(raw.get("at") or 0.0),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PilothouseError(f"{path} cannot be read: {error}.", untouched="The run is as it was.") from None


def read_patch(folder: Path) -> str:
    """Return the uncommitted changes as a unified diff; empty if there were none."""
    try:
        return (folder / PATCH_NAME).read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
