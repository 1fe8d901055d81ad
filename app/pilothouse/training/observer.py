"""What a supervisor finds out beside its work: what made the run, and what it uses of the machine."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pilothouse.tracking.origin.usage import Usage, interval
from pilothouse.training.diary import Diary
from pilothouse.training.spec import RunSpec, workspace_of

_PATIENCE = 30.0  # seconds that the record of a short run may take beyond its end


class Observer:
    """Records the origin in a thread of its own, and samples the child when it is asked to look."""

    def __init__(
        self,
        run_dir: Path,
        spec: RunSpec,
        argv: Sequence[str],
        environment: Mapping[str, str],
        pid: int,
        diary: Diary,
    ) -> None:
        self._diary = diary
        self._began = time.monotonic()
        self._due = 0.0
        self._usage: Usage | None = None
        # It may be over before it could be looked at.
        with contextlib.suppress(ProcessLookupError):
            self._usage = Usage(pid)
        self._recording = threading.Thread(
            target=self._record, args=(run_dir, spec, list(argv), dict(environment)), daemon=True
        )
        self._recording.start()

    def look(self, now: float) -> None:
        """Sample the child if it is time to; `now` is on the monotonic clock."""
        if self._usage is None or now < self._due:
            return
        self._due = now + interval(now - self._began)
        found = self._usage.sample()
        if found is not None:
            self._diary.metrics(found, None)

    def finish(self) -> None:
        """Record the mean CPU and the peak of the memory, and wait for the record of the origin."""
        whole = self._usage.whole() if self._usage is not None else None
        if whole is not None:
            self._diary.metrics(whole, None)
        self._recording.join(_PATIENCE)

    def _record(self, run_dir: Path, spec: RunSpec, argv: list[str], environment: dict[str, str]) -> None:
        from pilothouse.tracking.origin.recording import record_origin

        workspace = workspace_of(run_dir)
        try:
            record_origin(
                workspace,
                run_dir,
                argv=argv,
                cwd=workspace.root,
                environment=environment,
                seed=spec.seed,
                own=bool(spec.recipe),
            )
        except OSError as error:
            self._diary.tags({"origin": f"What made the run could not be recorded: {error.strerror}."})
