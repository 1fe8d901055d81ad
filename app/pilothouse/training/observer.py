"""What a supervisor finds out beside its work: what made the run, and what it uses of the machine."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from pilothouse.tracking.origin.recording import CodeState, look_at_code, record_origin
from pilothouse.tracking.origin.usage import FIRST_SAMPLE, Usage, interval
from pilothouse.training.child import told_command
from pilothouse.training.diary import Diary
from pilothouse.training.spec import RunSpec, workspace_of

_PATIENCE = 30.0  # seconds that the record of a short run may take beyond its end


class Observer:
    """Keeps the code before the child starts, the rest of the origin in a thread of its own, and samples."""

    def __init__(
        self,
        run_dir: Path,
        spec: RunSpec,
        argv: Sequence[str],
        environment: Mapping[str, str],
        diary: Diary,
    ) -> None:
        self._run_dir, self._spec, self._diary = run_dir, spec, diary
        # What a sweep runs are its trials: the coordinator that hands them out is nobody's code.
        self._argv = told_command(spec) if spec.command else list(argv)
        self._environment = dict(environment)
        self._began = time.monotonic()
        self._due = 0.0
        self._usage: Usage | None = None
        self._recording: threading.Thread | None = None
        self._code: CodeState | None = None
        # Imported only once the child runs, it would miss a child that is quick.
        import_module("psutil")
        # Later it may have been edited: the code that is kept is the code that runs.
        workspace = workspace_of(run_dir)
        self._cwd = workspace.folder_at(spec.folder) if spec.command else workspace.root
        try:
            self._code = look_at_code(workspace, self._argv, self._cwd, own=bool(spec.recipe))
        except OSError as error:
            self._tell(error)

    def watch(self, pid: int) -> None:
        """Begin to sample the child, and record the rest."""
        # At its very beginning a process uses nothing yet, which would be no sample of it.
        self._due = self._began + FIRST_SAMPLE
        # It may be over before it could be looked at.
        with contextlib.suppress(ProcessLookupError):
            self._usage = Usage(pid)
        if self._code is not None:
            self._recording = threading.Thread(target=self._record, args=(self._code,), daemon=True)
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
        if self._recording is not None:
            self._recording.join(_PATIENCE)

    def _record(self, code: CodeState) -> None:
        workspace = workspace_of(self._run_dir)
        try:
            record_origin(
                workspace,
                self._run_dir,
                argv=self._argv,
                cwd=self._cwd,
                environment=self._environment,
                # A script is told the seed, and nobody knows whether it takes it.
                seed=self._spec.seed if self._spec.recipe else None,
                own=bool(self._spec.recipe),
                code=code,
            )
        except OSError as error:
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        self._diary.tags({"origin": f"What made the run could not be recorded: {error.strerror}."})
