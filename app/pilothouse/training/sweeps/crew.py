"""The workers that run trials: processes here, or a cluster's. Joblib hands out the work."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from pilothouse.training.spec import available_threads
from pilothouse.training.sweeps.plan import SweepPlan
from pilothouse.training.sweeps.trial import Order, TrialResult, run_trial

DATA_NAME = "trial-data.joblib"
Results = Generator[TrialResult, None, None]


class Crew:
    """Runs orders, at most `jobs` at once, and gives results in the order in which they come.

    Attributes:
        jobs: trials at once.
        remarks: what a person should know of the workers, such as versions that differ.
    """

    def __init__(self, jobs: int, run: Callable[[Iterable[Order], int], Results], remarks: list[str]) -> None:
        self.jobs = jobs
        self.remarks = remarks
        self._run = run

    def run(self, orders: Iterable[Order], jobs: int | None = None) -> Results:
        """Run the orders; one is taken from the iterable when a worker is free for it.

        Closing the generator gives up what still runs.
        """
        return self._run(orders, jobs or self.jobs)


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
    path = run_dir / DATA_NAME
    joblib.dump(data, path)

    def run(orders: Iterable[Order], jobs: int) -> Results:
        with joblib.parallel_config(backend="loky", inner_max_num_threads=plan.threads):
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

        def run(orders: Iterable[Order], jobs: int) -> Results:
            with joblib.parallel_config(backend=backend):
                parallel = joblib.Parallel(pre_dispatch=jobs, batch_size=1, return_as="generator_unordered")
                yield from parallel(joblib.delayed(run_trial)(order, data) for order in orders)

        yield Crew(plan.jobs or sum(client.ncores().values()), run, remarks)


def _run_here(order: Order, path: str) -> TrialResult:
    return run_trial(order, _load(path))


@lru_cache(maxsize=1)
def _load(path: str) -> Any:
    import joblib

    # Written by the coordinator of this very sweep, a moment ago.
    return joblib.load(path)
