"""What is known of the code and machine behind a run: what was kept beside it, or what its bundle tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pilothouse.comparing.subjects import Subject, lineage_of
from pilothouse.errors import PilothouseError
from pilothouse.store import Store
from pilothouse.tracking.origin.made_by import MadeBy, find_origin


@dataclass(frozen=True, slots=True)
class Behind:
    """Code, packages and machine of one run; what is not known is empty or None.

    Attributes:
        code: path -> sha256 of its bytes, which lie among the workspace's objects.
        patch: the uncommitted changes as a diff.
        patch_whole: whether that is all of them.
        built_in: whether a recipe made it, whose code is Pilothouse's own.
        record: alike for runs that one process or one sweep made; None where nothing was recorded.
        part_of: the name of the run whose record it is, where that is not its own.
    """

    commit: str = ""
    branch: str = ""
    dirty: bool = False
    patch: str = ""
    patch_whole: bool = True
    code: Mapping[str, str] = field(default_factory=dict)
    argv: tuple[str, ...] = ()
    folder: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    host: Mapping[str, str] = field(default_factory=dict)
    threads: Mapping[str, str] = field(default_factory=dict)
    seed: str = ""
    built_in: bool = False
    record: tuple[str, float] | None = None
    part_of: str = ""


def behind(store: Store, subject: Subject) -> Behind:
    """Return what is known of what made a subject; a record that is damaged is no record."""
    lineage = lineage_of(subject.version) if subject.version else {}
    built_in = bool(lineage) and subject.run.kind == "recipe"
    if subject.run.run_id:
        try:
            made = find_origin(store, subject.run)
        except PilothouseError:
            made = None
        if made is not None:
            return _from_origin(made, built_in)
    if not lineage:
        return Behind()
    threads = lineage.get("threads")
    return Behind(
        packages=_texts(lineage.get("code")),
        python=str(lineage.get("python") or ""),
        host={"platform": str(lineage["platform"])} if lineage.get("platform") else {},
        threads={"threads": str(threads)} if threads is not None else {},
        seed="" if lineage.get("seed") is None else str(lineage["seed"]),
        built_in=built_in,
    )


def _from_origin(made: MadeBy, built_in: bool) -> Behind:
    origin = made.origin
    return Behind(
        commit=origin.git.commit if origin.git else "",
        branch=origin.git.branch if origin.git else "",
        dirty=bool(origin.git and origin.git.dirty),
        patch=made.patch,
        patch_whole=origin.patch_whole,
        code={file.path: file.sha256 for file in origin.code},
        # Of a recipe or a sweep it is our own child's, with the run's folder: it would differ always, and say
        # nothing.
        argv=() if built_in or (made.part and made.run.kind == "sweep") else origin.argv,
        folder=origin.where,
        packages=origin.packages,
        python=origin.python,
        host={key: str(value) for key, value in asdict(origin.host).items() if value},
        threads=origin.threads,
        seed="" if origin.seed is None else str(origin.seed),
        built_in=built_in,
        record=made.key,
        part_of=made.run.name if made.part else "",
    )


def _texts(tree: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in tree.items()} if isinstance(tree, dict) else {}
