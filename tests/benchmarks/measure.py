"""What every row needs: repeats that alternate between us and a peer, peers as processes, and a verdict.

All is compared within one run, so a slow or busy machine falls on both sides alike.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

PEERS_VARIABLE = "PILOTHOUSE_PEERS"
HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class SkippedError(Exception):
    """A row, or one side of it, cannot be measured here; the text says why."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Repeats of one measurement, all in `unit`."""

    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def quantile(self, share: float) -> float:
        """The value that this share of the repeats stayed under."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def __str__(self) -> str:
        if len(self.values) == 1:
            return f"{short(self.median)} {self.unit}"
        return f"{short(self.median)} ({short(min(self.values))}-{short(max(self.values))}) {self.unit}"


def short(value: float) -> str:
    """Three digits that mean something."""
    if value != 0 and abs(value) < 0.01:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the table. `ratio` is how many times better than the peer, or how near to the floor."""

    row: int
    work: str
    must: str
    ours: Figures | None = None
    peer: str = ""
    theirs: Figures | None = None
    ratio: float | None = None
    reached: bool | None = None
    note: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """In a word; without a target there is none."""
        if self.reached is None:
            return self.note or "-"
        return ("reached" if self.reached else "NOT REACHED") + (f"; {self.note}" if self.note else "")

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "row": self.row, "work": self.work, "must": self.must,
            "ours": list(self.ours.values) if self.ours else None,
            "unit": self.ours.unit if self.ours else None,
            "peer": self.peer, "theirs": list(self.theirs.values) if self.theirs else None,
            "ratio": self.ratio, "reached": self.reached, "note": self.note, **self.extra,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setup:
    """How to measure: where peers are, where to put things, how long it may take."""

    folder: Path
    peers: Path | None
    quick: bool = False
    slow: bool = False

    def repeats(self, full: int, quick: int) -> int:
        """How often to repeat."""
        return quick if self.quick else full

    def new_folder(self, name: str) -> Path:
        """An empty folder of its own."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self.folder, prefix=f"{name}-"))

    def peer_python(self, name: str) -> Path:
        """The Python of a peer's environment."""
        if self.peers is None:
            raise SkippedError(f"{PEERS_VARIABLE} is not set, so there is no {name}")
        python = self.peers / name / "bin" / "python"
        if not python.exists():
            raise SkippedError(f"{name} is not installed in {PEERS_VARIABLE}")
        return python


def environment(**more: str) -> dict[str, str]:
    """The environment of a measured process: byte code is cached, or a start would time the compiler."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PILOTHOUSE_RUN_DIR", "PILOTHOUSE_RUN_ID", "PILOTHOUSE_WORKSPACE")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    quiet = {"DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
    return {**kept, **quiet, **more}


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def alternate(repeats: int, *sides: Callable[[], float], warm: int = 1) -> list[list[float]]:
    """Measure each side in turn, `repeats` times; the first `warm` rounds are thrown away."""
    taken: list[list[float]] = [[] for _ in sides]
    for number in range(repeats + warm):
        for side, values in zip(sides, taken, strict=True):
            value = side()
            if number >= warm:
                values.append(value)
    return taken


class Script:
    """A script that is asked again and again: one word in, one line of JSON out."""

    def __init__(self, python: Path | str, name: str, *args: object, patience: float = 600.0) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [str(python), str(HERE / "peers" / name), *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(),
            text=True,
        )
        self._name = name
        self._patience = patience

    def ask(self, word: str) -> dict[str, Any]:
        """Send a word and return the answer.

        Raises:
            SkippedError: the script died; the text has its last words.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(word + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        for line in self._process.stdout:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        self._process.wait()
        self._errors.seek(0)
        last = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        raise SkippedError(f"{self._name} failed: {' '.join(last)[:200]}")

    def seconds(self, word: str) -> float:
        """Send a word and return the `seconds` of the answer."""
        return float(self.ask(word)["seconds"])

    def __enter__(self) -> Script:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()


def run_child(argv: Sequence[object], *, cwd: Path | None = None, **more: str) -> tuple[float, str]:
    """Run a command; return its seconds, and what it printed.

    Raises:
        SkippedError: it failed; the text has its last words.
    """
    began = time.perf_counter()
    done = subprocess.run(
        [str(arg) for arg in argv], capture_output=True, env=environment(**more), cwd=cwd, check=False
    )
    took = time.perf_counter() - began
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[-200:]
        raise SkippedError(f"{Path(str(argv[0])).name} failed: {said}")
    return took, done.stdout.decode()


def memory_mb(pid: int) -> float:
    """Memory of a process and its children, in MB; pages that they share count once."""
    import psutil

    process = psutil.Process(pid)
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            full = one.memory_full_info()
            total += float(getattr(full, "pss", full.rss))
        except psutil.Error:
            continue
    return total / 2**20


PYTHON = sys.executable
