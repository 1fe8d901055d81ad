"""What is known of the code and machine behind a run: what was kept beside it, or what its bundle tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilothouse.comparing.subjects import Subject, lineage_of
from pilothouse.jsontext import loads
from pilothouse.workspace import Workspace

_MOST_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Behind:
    """Code, packages and machine of one run; what is not known is empty or None.

    Attributes:
        code: path -> sha256 of its bytes, which lie among the workspace's objects.
        patch: the uncommitted changes as a diff.
        told: whether the run itself kept this, rather than its bundle.
    """

    commit: str = ""
    branch: str = ""
    dirty: bool = False
    patch: str = ""
    code: Mapping[str, str] = field(default_factory=dict)
    argv: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    host: Mapping[str, str] = field(default_factory=dict)
    threads: Mapping[str, str] = field(default_factory=dict)
    seed: str = ""
    told: bool = False


def behind(workspace: Workspace, subject: Subject) -> Behind:
    """Return what is known of what made a subject."""
    if subject.run.run_id:
        folder = workspace.run_dir(subject.run.run_id)
        tree = _read(folder / "origin.json")
        if tree:
            return _from_origin(folder, tree)
    lineage = lineage_of(subject.version) if subject.version else {}
    if not lineage:
        return Behind()
    threads = lineage.get("threads")
    return Behind(
        packages=_texts(lineage.get("code")),
        python=str(lineage.get("python") or ""),
        host={"platform": str(lineage["platform"])} if lineage.get("platform") else {},
        threads={"threads": str(threads)} if threads is not None else {},
        seed="" if lineage.get("seed") is None else str(lineage["seed"]),
    )


def _from_origin(folder: Path, tree: Mapping[str, Any]) -> Behind:
    git = tree.get("git") if isinstance(tree.get("git"), dict) else {}
    name = tree.get("patch")
    files = tree.get("code") if isinstance(tree.get("code"), list) else []
    argv = tree.get("argv") if isinstance(tree.get("argv"), list) else []
    seed = tree.get("seed")
    assert isinstance(git, dict)
    return Behind(
        commit=str(git.get("commit") or ""),
        branch=str(git.get("branch") or ""),
        dirty=bool(git.get("dirty")),
        # Only a file beside the origin, whatever a name may say.
        patch=_text(folder / Path(str(name)).name) if name else "",
        code={
            str(one["path"]): str(one["sha256"])
            for one in files or []
            if isinstance(one, dict) and "path" in one and "sha256" in one
        },
        argv=tuple(str(word) for word in argv or []),
        packages=_texts(tree.get("packages")),
        python=str(tree.get("python") or ""),
        host=_texts(tree.get("host")),
        threads=_texts(tree.get("threads")),
        seed="" if seed is None else str(seed),
        told=True,
    )


def _texts(tree: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in tree.items()} if isinstance(tree, dict) else {}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _read(path: Path) -> dict[str, Any]:
    try:
        found = loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
