"""What a comparison shows at once, read by light code; and the rest, told line by line by a process of its
own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

    from pilothouse.comparing.curves import Steps
    from pilothouse.comparing.facts import Comparison
    from pilothouse.comparing.findings import Curve, Findings
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Compared:
    """The facts, and the curves by step, as they were ``read``; the first of ``refs`` is the baseline."""

    refs: tuple[str, ...]
    comparison: Comparison
    curves: tuple[Curve, ...]
    read: Steps


def compared(workspace: Workspace, refs: tuple[str, ...], before: Compared | None = None) -> Compared:
    """Read facts and curves of runs or versions; the curves of runs that had ended ``before`` are kept."""
    from pilothouse.comparing.curves import kept_curves, read_steps, step_curves
    from pilothouse.comparing.facts import compare_runs
    from pilothouse.store import open_store

    store = open_store(workspace)
    comparison = compare_runs(store, refs)
    subjects = comparison.subjects
    if before is None:
        read = read_steps(store, subjects)
    else:
        ended = {run.run_id for run in before.comparison.runs if run.ended}
        read = read_steps(store, subjects, before.read, ended)
    by_step = step_curves(read, subjects)
    return Compared(refs, comparison, (*kept_curves(workspace, subjects), *by_step), read)


def start_judging(
    workspace: Workspace, refs: Sequence[str], by: Sequence[str], said: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start the process that compares in full; read it with ``told_by``, and kill it to stop it.

    Its complaints go to the file ``said``: nobody reads a pipe of them while it works.
    """
    import os
    import subprocess

    from pilothouse.processes import python_command

    words = [part for column in by for part in ("--by", column)]
    return subprocess.Popen(
        python_command("pilothouse.comparing.entry", "--workspace", str(workspace.root), *words, "--", *refs),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said,
        # One thread: whoever presses keys meanwhile needs the other.
        env={
            **os.environ,
            "PILOTHOUSE_WORKSPACE": str(workspace.root),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        start_new_session=True,
    )


def told_by(process: subprocess.Popen[bytes], said: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Give each line that the process tells, and an error if it ends without one: the last of what it
    ``said``."""
    import json

    from pilothouse.tui.commands import last_line

    assert process.stdout is not None
    ended = False
    with process.stdout:
        for line in process.stdout:
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if isinstance(told, dict):
                ended = ended or bool(told.get("done")) or "error" in told
                yield told
    code = process.wait()
    if not ended:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        why = last_line(said.fileno())
        yield {
            "error": f"The comparison {how}: {why}" if why else f"The comparison {how}.",
            "next": "Try `pilothouse compare` in a terminal.",
        }


def save_document(
    path: str, workspace: Workspace, comparison: Comparison, findings: Findings, *, over: bool
) -> str:
    """Write a document, a relative path from the workspace's folder; return the sentence that says so."""
    from pathlib import Path

    from pilothouse.comparing.saving import save_comparison
    from pilothouse.store import open_store

    target = workspace.root / Path(path).expanduser()
    save_comparison(open_store(workspace), target, comparison, findings, force=over)
    return f"Saved as {target}."
