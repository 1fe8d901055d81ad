"""The server's process: `python -m pilothouse.serving.server WORKSPACE`.

It holds the liveness lock, binds its port and finds what is live before it loads anything heavy, so whatever
stands in the way is told at once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilothouse.errors import PilothouseError
from pilothouse.processes import collect_as_usual, collect_seldom, write_atomic
from pilothouse.registry.generation import generation_path, token_path
from pilothouse.registry.versions import ModelVersion, champion
from pilothouse.serving.listening import HOST, bound, the_only_one
from pilothouse.serving.status import ServerStatus, write_status
from pilothouse.store import Store, open_store, record
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.serving.swap import LiveModels
    from pilothouse.serving.traffic import Traffic

_BEAT = 0.5
"""Seconds between two looks at the generation, and between two statuses."""
_TURN = 0.0005
"""Seconds a thread may hold the interpreter while a change of what is live is under way."""
_UNASKED = 20
"""Beats after which the store is asked what is live even without word of a change."""


def run_server(
    workspace: Workspace,
    *,
    port: int | None = None,
    model: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> None:
    """Serve the champion of a model until TERM, an interrupt or `/-/stop`.

    Args:
        workspace: where.
        port: 0 for any free one; the configured one unless given.
        model: which model, where there are several.
        say: is told once, when requests are answered.

    Raises:
        PilothouseError: a server runs already, the port is in use, nothing is live, or the version cannot be
            loaded.
    """
    config = workspace.config()
    name = config.model(model).name
    wanted = config.serving.port if port is None else port
    with the_only_one(workspace), bound(wanted) as listener:
        at = int(listener.getsockname()[1])
        now = datetime.now(UTC).isoformat()
        status = ServerStatus(os.getpid(), at, f"http://{HOST}:{at}", "starting", now, now, name)
        write_status(workspace, status)
        store = open_store(workspace)
        generation = _generation(workspace)
        version = _champion(store, name)
        # pandas and scikit-learn, from here on.
        from pilothouse.serving.swap import LiveModels, load_live

        models = LiveModels(store, load_live(version))
        server = _Process(workspace, store, models, status, generation, say)
        _run(server.serve(listener))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the server as a process of its own; errors go to standard error in words."""
    parser = argparse.ArgumentParser(prog="pilothouse.serving.server")
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--model")
    given = parser.parse_args(argv)
    collect_seldom()
    try:
        run_server(Workspace(given.workspace.absolute()), port=given.port, model=given.model)
    except PilothouseError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


class _Process:
    """The parts of a running server, and the one beat that keeps them together."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        models: LiveModels,
        status: ServerStatus,
        generation: bytes,
        say: Callable[[str], None],
    ) -> None:
        self._workspace = workspace
        self._store = store
        self._models = models
        self._status = status
        self._generation = generation
        self._say = say
        self._following = asyncio.Lock()
        self._trouble = ""
        self._traffic: Traffic | None = None

    async def serve(self, listener: socket.socket) -> None:
        """Answer until told to stop."""
        import uvicorn

        from pilothouse.serving.app import App
        from pilothouse.serving.batching import Batcher
        from pilothouse.serving.feedback import Feedback
        from pilothouse.serving.predictions import PredictionLog, predictions_folder
        from pilothouse.serving.traffic import Traffic

        token = secrets.token_urlsafe(24)
        _write_secret(token_path(self._workspace), token)
        traffic = self._traffic = Traffic()
        batcher = Batcher(PredictionLog(predictions_folder(self._workspace)), self._models)
        settings = uvicorn.Config(
            lambda: None,
            loop="none",
            http="httptools" if _has("httptools") else "h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
        )
        server = uvicorn.Server(settings)

        def stop() -> None:
            server.should_exit = True

        settings.app = App(
            self._models,
            batcher,
            traffic,
            token=token,
            reload=self._follow,
            stop=stop,
            feedback=Feedback(self._store, self._status.model, lambda: self._models.current.loaded.classes),
        )
        # uvicorn would kill itself with the signal it got; a server that was asked to stop ends with 0.
        server.capture_signals = _signals(stop)  # type: ignore[method-assign, assignment]
        collect_as_usual()
        beat = asyncio.create_task(self._beat(server, traffic))
        try:
            await server.serve(sockets=[listener])
        finally:
            beat.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beat
            batcher.close()
            self._write(traffic, "stopping")
            with contextlib.suppress(PilothouseError):
                self._record(f"The server at {self._status.url} stopped.", {"requests": traffic.requests})

    async def _beat(self, server: Any, traffic: Traffic) -> None:
        while not server.started:
            await asyncio.sleep(0.005)
        await asyncio.to_thread(self._write, traffic, "ready")
        version = self._models.current.version
        self._say(f"{version.label} answers at {self._status.url}")
        try:
            await asyncio.to_thread(
                self._record, f"The server at {self._status.url} answers with v{version.version}.", {}
            )
        except PilothouseError as error:
            self._trouble = error.what
        for number in itertools.count(1):
            await asyncio.sleep(_BEAT)
            seen = _generation(self._workspace)
            # A promote that was killed right after its commit has told nobody. A version that could not be
            # loaded is not tried again and again.
            unasked = number % _UNASKED == 0 and not self._models.last_error
            if seen != self._generation or self._trouble or unasked:
                self._generation = seen
                await self._follow()
            else:
                await asyncio.to_thread(self._look_at_tables)
                await asyncio.to_thread(self._write, traffic, "ready")

    def _look_at_tables(self) -> None:
        try:
            self._models.follow_tables()
        except PilothouseError as error:
            self._trouble = error.what

    async def _follow(self) -> None:
        async with self._following:
            # Looking into the store gives the interpreter away a dozen times, and predicting would keep it
            # for 5 ms each time. Always that short would cost a part of the throughput.
            usual = sys.getswitchinterval()
            sys.setswitchinterval(_TURN)
            try:
                await asyncio.to_thread(self._models.follow)
                self._trouble = ""
            except PilothouseError as error:
                # The store could not be asked: what answers goes on, and the next beat asks again.
                self._trouble = error.what
            except Exception as error:  # noqa: BLE001
                # Nothing that goes wrong here may end the beat, by which the server hears of a change.
                self._trouble = f"What is live could not be looked up: {type(error).__name__}: {error}."
            finally:
                sys.setswitchinterval(usual)
            if self._traffic is not None:
                # Whoever asked for this reads there how it went.
                await asyncio.to_thread(self._write, self._traffic, "ready")

    def _record(self, message: str, data: dict[str, Any]) -> None:
        version = self._models.current.version
        with self._store.transaction() as tx:
            record(tx, "serving", f"{version.model}/{version.version}", message, data, "server")

    def _write(self, traffic: Traffic, state: str) -> None:
        previous = self._models.previous
        base = self._status.to_json()
        now = {
            "state": state,
            "at": datetime.now(UTC).isoformat(),
            "version": self._models.current.version.version,
            "previous": previous.version.version if previous else None,
            "requests": traffic.requests,
            "refused": traffic.refused,
            "errors": traffic.errors,
            "p50_ms": traffic.quantile_ms(0.5),
            "p99_ms": traffic.quantile_ms(0.99),
            "rate": tuple(traffic.rate()),
            "tables": self._models.tables_written,
            "last_error": self._trouble or self._models.last_error,
        }
        # A full disk must not stop the answers; the status is only late then.
        with contextlib.suppress(OSError):
            write_status(self._workspace, ServerStatus(**{**base, **now}))


def _champion(store: Store, name: str) -> ModelVersion:
    version = champion(store, name)
    if version is None:
        raise PilothouseError(
            f"No version of {name} is live, so there is nothing to serve.",
            next="Make one live with `pilothouse promote VERSION`; `pilothouse models` lists them.",
        )
    return version


def _generation(workspace: Workspace) -> bytes:
    try:
        return generation_path(workspace).read_bytes()
    except OSError:
        return b""


def _write_secret(path: Path, content: str) -> None:
    # `write_atomic` makes files that only their owner can read.
    write_atomic(path, content)


def _signals(stop: Callable[[], None]) -> Callable[[], contextlib.AbstractContextManager[None]]:
    @contextlib.contextmanager
    def captured() -> Iterator[None]:
        asked = [signal.SIGTERM, signal.SIGINT]
        before = {one: signal.signal(one, lambda *_: stop()) for one in asked}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    return captured


def _run(main_task: Any) -> None:
    if _has("uvloop"):
        import uvloop

        uvloop.run(main_task)
    else:
        asyncio.run(main_task)


def _has(module: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(module) is not None


if __name__ == "__main__":
    sys.exit(main())
