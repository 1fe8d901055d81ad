"""Trials on a Dask cluster that is already there, through joblib's own Dask backend.

Only this module imports `distributed`, from the extra `[cluster]`.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import platform
import socket
import uuid
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit

from pilothouse.errors import PilothouseError, UsageError
from pilothouse.training.sweeps.trial import Order, TrialResult, begin_batch

DATA_KEY = "pilothouse-data"  # the beginning of what the data is called on the cluster
PATIENCE = 10.0  # seconds to reach the scheduler, and to find a worker
_PACKAGES = ("pilothouse", "scikit-learn", "numpy", "pandas", "joblib")
_START = "Start it with `dask scheduler` and `dask worker tcp://HOST:8786`, or leave --cluster out."


def check_address(address: str) -> None:
    """Look whether something listens at the address, before anything is started.

    Raises:
        UsageError: it is no address, or the extra is not installed.
        PilothouseError: nothing answers there.
    """
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        raise UsageError(
            "Running on a cluster needs the package distributed.",
            next="Install it with `pip install 'pilothouse[cluster]'`.",
        )
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ("tcp", "tls") or not host or not port:
        raise UsageError(
            f"{address[:100]!r} is no address of a cluster.", next="Write tcp://HOST:PORT, mostly port 8786."
        )
    try:
        socket.create_connection((host, port), timeout=PATIENCE / 2).close()
    except OSError as error:
        raise _unreachable(address, error.strerror or str(error)) from None


def _unreachable(address: str, why: str) -> PilothouseError:
    return PilothouseError(
        f"The cluster at {address} cannot be reached: {why}.", untouched="No trial was started.", next=_START
    )


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the cluster's scheduler.

    Raises:
        PilothouseError: the scheduler does not answer, or has no worker.
    """
    from distributed import Client

    try:
        client: Any = Client(address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError) as error:
        raise _unreachable(address, str(error) or "it did not answer in time") from None
    try:
        with contextlib.suppress(TimeoutError):
            client.wait_for_workers(1, timeout=PATIENCE)
        if not client.ncores():
            raise PilothouseError(
                f"The cluster at {address} has no worker.",
                untouched="No trial was started.",
                next=f"Start one with `dask worker {address}`.",
            )
        yield client
    finally:
        client.close(timeout=5)


def versions() -> dict[str, str]:
    """Versions of what decides a trial's result; of this very process."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "none"
    return found


def differing_versions(client: Any) -> list[str]:
    """Sentences on workers whose packages are not ours, one for each package and version.

    Raises:
        PilothouseError: the workers cannot import Pilothouse at all.
    """
    try:
        told: dict[str, dict[str, str]] = client.run(versions)
    except (ImportError, AttributeError) as error:
        raise PilothouseError(
            f"The cluster's workers cannot import Pilothouse: {error}.",
            untouched="No trial was started.",
            next=f"Install pilothouse {versions()['pilothouse']} where they run.",
        ) from None
    ours = versions()
    others: dict[tuple[str, str], list[str]] = {}
    for worker, theirs in sorted(told.items()):
        for package, version in theirs.items():
            if ours.get(package) != version:
                others.setdefault((package, version), []).append(worker)
    return [
        f"{package} is {version} on {len(workers)} of {len(told)} workers and {ours.get(package)} here."
        for (package, version), workers in others.items()
    ]


def dask_backend(client: Any, data: Any) -> Any:
    """Joblib's Dask backend with the data sent once to the cluster; to be called by its `run`."""
    import dask
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        """Joblib's own leaves a task that cannot come back unanswered, and waits for it for ever."""

        begin: Callable[[Order], Order]

        def effective_n_jobs(self, n_jobs: int) -> int:
            # Of one job joblib would make none for the cluster, and run it in this process.
            return max(2, int(super().effective_n_jobs(n_jobs)))

        def submit(self, func: Any, callback: Callable[[Any], None] | None = None) -> Any:
            order = begin_batch(func, self.begin)

            def told(result: Any) -> None:
                if callback is not None:
                    callback(result)

            told.key = order.planned.key  # type: ignore[attr-defined]
            return super().submit(func, told)

        async def _collect(self) -> None:
            while self._continue:
                async for future, result in self.waiting_futures:
                    kept, callback = self._results.pop(future), self._callbacks.pop(future)
                    if future.status == "error":
                        why = f"The cluster gave it up: {result[1]}"[:500]
                        result = [TrialResult(callback.key, error=why)]
                    elif isinstance(result, BaseException):
                        result = [TrialResult(callback.key, lost=True)]
                    # What the cluster still holds it would make again, were the worker to die.
                    future.release()
                    kept.set_result(result)
                    callback(result)
                await asyncio.sleep(0.01)

        def abort_everything(self, ensure_ready: bool = True) -> None:
            waiting = list(self._results)
            super().abort_everything(ensure_ready)
            if waiting and self.client.status == "running":
                self.client.cancel(waiting, force=True)

    backend = Backend(client=client)
    # A task and not `scatter`: Dask drops copies that few tasks wait for, and makes anew what a task made,
    # where scattered data ends with the last worker that holds it. Bytes, so that the scheduler, which reads
    # every task, need not import what a worker does.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1PB"}):
        future = client.submit(pickle.loads, pickle.dumps(data), key=f"{DATA_KEY}-{uuid.uuid4().hex}")
    backend._scatter, backend.data_futures = [data], {id(data): future}
    return backend
