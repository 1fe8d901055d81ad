"""The workers that run trials: processes here, or a cluster's. Joblib hands out the work."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from pilothouse.processes import WINDOWS
from pilothouse.training.spec import available_threads
from pilothouse.training.sweeps.plan import SweepPlan
from pilothouse.training.sweeps.trial import Order, TrialResult, begin_batch, run_trial

TRIAL_DATA_NAME = ".trial-data.tmp"
"""What the workers read. Its name says that it is none of the run's: of a sweep that was killed `gc` removes
it, and no backup takes it."""
_LOOK = 0.5  # seconds between looks at who our parent is
Results = Generator[TrialResult, None, None]


Begin = Callable[[Order], Order]
"""Takes an order that a worker is free for, and returns it as the worker shall get it."""


class Crew:
    """Runs orders, at most `jobs` at once, and gives results in the order in which they come.

    Attributes:
        jobs: trials at once.
        remarks: what a person should know of the workers, such as versions that differ.
    """

    def __init__(
        self, jobs: int, run: Callable[[Iterable[Order], int, Begin], Results], remarks: list[str]
    ) -> None:
        self.jobs = jobs
        self.remarks = remarks
        self._run = run

    def run(self, orders: Iterable[Order], begin: Begin, jobs: int | None = None) -> Results:
        """Run the orders; `begin` is called, in any thread, when one is handed to a worker.

        Closing the generator gives up what still runs.
        """
        return self._run(orders, jobs or self.jobs, begin)


@contextlib.contextmanager
def crew_of(plan: SweepPlan, data: Any, run_dir: Path) -> Iterator[Crew]:
    """The workers that a plan asks for.

    Raises:
        PilothouseError: its cluster cannot be reached.
    """
    with _on_cluster(plan, data) if plan.cluster else _here(plan, data, run_dir) as crew:
        yield crew


@contextlib.contextmanager
def _here(plan: SweepPlan, data: Any, run_dir: Path) -> Iterator[Crew]:
    import joblib

    # Written once and read once by each worker: an argument would be copied for every trial.
    path = run_dir / TRIAL_DATA_NAME
    joblib.dump(data, path)

    from joblib._parallel_backends import LokyBackend

    class Backend(LokyBackend):  # type: ignore[misc]
        """Joblib takes orders ahead of the workers: only what is submitted has begun."""

        begin: Begin

        def submit(self, func: Any, callback: Any = None) -> Any:
            begin_batch(func, self.begin)
            return super().submit(func, callback)

    def run(orders: Iterable[Order], jobs: int, begin: Begin) -> Results:
        backend = Backend(inner_max_num_threads=plan.threads)
        backend.begin = begin
        with joblib.parallel_config(backend=backend):
            # Two workers at least: with one, joblib would run trials in this process, and a crash end it.
            parallel = joblib.Parallel(
                n_jobs=max(2, jobs), pre_dispatch=jobs, batch_size=1, return_as="generator_unordered"
            )
            yield from parallel(joblib.delayed(_run_here)(order, str(path)) for order in orders)

    try:
        yield Crew(plan.jobs or max(1, available_threads() // plan.threads), run, [])
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _on_cluster(plan: SweepPlan, data: Any) -> Iterator[Crew]:
    import joblib

    from pilothouse.training.sweeps.cluster import connected, dask_backend, differing_versions

    with connected(plan.cluster) as client:
        remarks = differing_versions(client)
        backend = dask_backend(client, data)

        def run(orders: Iterable[Order], jobs: int, begin: Begin) -> Results:
            backend.begin = begin
            with joblib.parallel_config(backend=backend):
                parallel = joblib.Parallel(pre_dispatch=jobs, batch_size=1, return_as="generator_unordered")
                yield from parallel(joblib.delayed(run_trial)(order, data) for order in orders)

        yield Crew(plan.jobs or sum(client.ncores().values()), run, remarks)


def _run_here(order: Order, path: str) -> TrialResult:
    _end_with(os.getppid())
    return run_trial(order, _load(path))


@lru_cache(maxsize=1)
def _end_with(parent: int) -> None:
    """Let this worker end when the coordinator does: if that is killed, joblib's workers would work on."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(1)

    if not WINDOWS:
        threading.Thread(target=watch, daemon=True).start()


@lru_cache(maxsize=1)
def _load(path: str) -> Any:
    import joblib

    # Written by the coordinator of this very sweep, a moment ago.
    return joblib.load(path)
