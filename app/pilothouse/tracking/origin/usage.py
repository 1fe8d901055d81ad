"""What a process and its children use of the machine, sampled while they run."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

CPU = "system/cpu_percent"
MEMORY = "system/memory_mb"
PREFIX = "system/"
FIRST_SAMPLE = 0.2
"""Seconds after its start from which on a process tells something of itself."""
_SLOWER = 0.02


def interval(elapsed: float) -> float:
    """Return the seconds until the next sample: one at first, longer as a run grows long.

    An hour gives about 260 samples, a day about 420.
    """
    return max(1.0, _SLOWER * elapsed)


def peak_memory() -> int | None:
    """Return the most memory that this process has had, in bytes; None where the system does not say."""
    try:
        # Linux' getrusage would tell the peak of the process that started this one, where that is larger.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Usage:
    """Samples one process with all that it started.

    CPU is in percent of one processor since the sample before; memory is resident, in MB of 10**6 bytes.
    """

    def __init__(self, pid: int) -> None:
        """Begin to look.

        Raises:
            ProcessLookupError: there is no such process.
        """
        import psutil

        self._errors = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)
        try:
            self._process = psutil.Process(pid)
        except self._errors as error:
            raise ProcessLookupError(pid) from error
        self._began = self._last = time.monotonic()
        self._times: dict[int, float] = {}
        self._spent = 0.0
        self._peak = 0.0
        # What was spent before is not a part of the first sample.
        self._look()
        self._spent = 0.0
        self._sampled = False

    def sample(self) -> dict[str, float] | None:
        """Return what is used now, or None once the process is gone."""
        found = self._look()
        if found is None:
            return None
        memory, spent = found
        self._sampled = True
        now = time.monotonic()
        share = 100.0 * spent / max(1e-3, now - self._last)
        self._last = now
        return {CPU: round(share, 1), MEMORY: round(memory / 1e6, 1)}

    def whole(self) -> dict[str, float] | None:
        """Return the mean CPU and the peak of the memory of all samples; None if there was none."""
        if not self._sampled:
            return None
        share = 100.0 * self._spent / max(1e-3, time.monotonic() - self._began)
        return {CPU: round(share, 1), MEMORY: round(self._peak / 1e6, 1)}

    def _look(self) -> tuple[float, float] | None:
        try:
            # An observer beside the run is its child, and no part of it.
            children = [child for child in self._process.children(recursive=True) if child.pid != os.getpid()]
            processes = [self._process, *children]
        except self._errors:
            return None
        memory = spent = 0.0
        for process in processes:
            try:
                with process.oneshot():
                    memory += process.memory_info().rss
                    times = process.cpu_times()
            except self._errors:
                continue
            total = times.user + times.system
            spent += max(0.0, total - self._times.get(process.pid, 0.0))
            self._times[process.pid] = total
        if not memory:
            return None
        self._spent += spent
        self._peak = max(self._peak, memory)
        return memory, spent
