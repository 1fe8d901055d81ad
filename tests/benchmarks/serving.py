"""The model server: requests a second, ready after start, and rollback under load."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .generate import new_workspace
from .measure import (
    HERE,
    PYTHON,
    Figures,
    Outcome,
    Script,
    Setup,
    SkippedError,
    alternate,
    environment,
    memory_mb,
    run_child,
)

if TYPE_CHECKING:
    from pilothouse.store import Store, Transaction
    from pilothouse.workspace import Workspace

LEAST_TIMES_MLFLOW, LEAST_OF_FLOOR = 20.0, 0.7
MOST_START_SECONDS, MOST_START_MB = 2.0, 200.0
MOST_ROLLBACK_MS = 100.0
CONNECTIONS = 32
MODELS = ("logistic", "forest")


@dataclass(slots=True)
class Server:
    """A server process and how to ask it. `ready` is the seconds from its start to its first right answer."""

    process: subprocess.Popen[bytes]
    port: int
    ready: float


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _served(argv: Callable[[int], Sequence[object]], case: Case, log: Path, **more: str) -> Iterator[Server]:
    """Run a server until the block ends; it has given the right answer when the block starts.

    Raises:
        SkippedError: it died, never answered, or answered wrongly.
    """
    port = _free_port()
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(arg) for arg in argv(port)],
            stdout=output,
            stderr=output,
            env=environment(**more),
            start_new_session=True,
        )
    try:
        while (answer := _ask(port, case.body)) is None:
            if process.poll() is not None or time.perf_counter() - began > 120:
                raise SkippedError(
                    f"{log.stem} did not answer: {log.read_text(errors='replace').strip()[-200:]}"
                )
            time.sleep(0.01)
        ready = time.perf_counter() - began
        if not any(abs(number - case.expected) < 1e-4 for number in _numbers(answer)):
            raise SkippedError(f"{log.stem} answered {answer!r} instead of {case.expected:.4f}")
        yield Server(process, port, ready)
    finally:
        # It leads a session of its own; its workers go with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ask(port: int, body: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
        return json.loads(content) if response.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _numbers(answer: Any) -> Iterator[float]:
    if isinstance(answer, dict | list):
        for part in answer.values() if isinstance(answer, dict) else answer:
            yield from _numbers(part)
    elif isinstance(answer, int | float):
        yield float(answer)


@dataclass(frozen=True, slots=True)
class Case:
    """One row as a request, and the probability that must come back."""

    body: str
    expected: float


@dataclass(frozen=True, slots=True)
class Made:
    """The same pipelines as a workspace with versions 1 and 2 of each, and as plain joblib files."""

    workspaces: dict[str, Workspace]
    plain: dict[str, Path]
    cases: dict[str, Case]


def _make(setup: Setup, models: Sequence[str] = MODELS) -> Made:
    import joblib
    import pandas as pd

    from pilothouse.registry.bundle import write_bundle
    from pilothouse.registry.deployments import promote
    from pilothouse.registry.model import output_fields
    from pilothouse.registry.signature import Field, Signature
    from pilothouse.registry.versions import register_bundle

    sys.path.insert(0, str(HERE / "peers"))
    from breast_cancer import pipelines, rows

    values, target, names = rows()
    frame = pd.DataFrame(values, columns=names)
    folder = setup.new_folder("models")
    made = Made({}, {}, {})
    for name in models:
        plain = pipelines(list(range(len(names))))[name].fit(values, target)
        made.plain[name] = folder / f"{name}.joblib"
        joblib.dump(plain, made.plain[name])
        expected = float(plain.predict_proba(values[500:501])[0, 1])
        made.cases[name] = Case(json.dumps({"inputs": [values[500].tolist()]}), expected)
        workspace, store = new_workspace(setup.new_folder(f"serve-{name}"))
        made.workspaces[name] = workspace
        for version in ("one", "two"):
            fitted = pipelines(names)[name].fit(frame, target)
            bundle = workspace.run_dir(f"run-{version}") / "artifacts" / "model"
            write_bundle(
                bundle,
                model=fitted,
                signature=Signature(
                    tuple(Field(column, "double") for column in names), output_fields(fitted, "long")
                ),
                profile_json="{}",
                probe=frame.head(20),
                metrics={"roc_auc": 0.9},
                lineage={"run": version},
            )
            register_bundle(
                workspace, store, "late", bundle,
                run_id=f"run-{version}", dataset_version="d", recipe=name, metrics={"roc_auc": 0.9},
            )  # fmt: skip
        promote(workspace, store, "1", model="late", force=True)
    return made


def _own_server(made: Made, name: str) -> Callable[[int], Sequence[object]]:
    root = made.workspaces[name].root
    return lambda port: (PYTHON, "-m", "pilothouse", "serve", "--port", port, "--workspace", root)


def _requests_a_second(setup: Setup, port: int, body: str) -> float:
    seconds = setup.repeats(4, 1)
    if shutil.which("wrk") is None:
        with Script(PYTHON, "http_load.py", port, CONNECTIONS, body) as load:
            told = load.ask(f"go {seconds}")
        if told["failed"]:
            raise SkippedError(f"{told['failed']} requests failed: {told['why']}")
        return float(told["requests"]) / float(told["seconds"])
    script = setup.folder / "post.lua"
    script.write_text(
        f'wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\nwrk.body=[==[{body}]==]\n'
    )
    _, said = run_child(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", script,
         f"http://127.0.0.1:{port}/invocations"],
    )  # fmt: skip
    if "Non-2xx" in said or "Socket errors" in said:
        raise SkippedError(f"requests failed: {said.strip()[-200:]}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found is not None
    return float(found.group(1))


def _mlflow_models(setup: Setup) -> tuple[Path, Path]:
    python = setup.peer_python("mlflow")
    folder = setup.new_folder("mlflow")
    run_child([python, HERE / "peers" / "mlflow_model.py", folder])
    return python, folder


@contextlib.contextmanager
def _mlflow(setup: Setup, saved: tuple[Path, Path], name: str, case: Case) -> Iterator[Server]:
    python, folder = saved
    with _served(
        lambda port: (
            python.with_name("mlflow"), "models", "serve", "-m", folder / name,
            "--env-manager", "local", "-h", "127.0.0.1", "-p", port,
        ),
        case,
        setup.folder / f"mlflow-{name}.log",
        PATH=f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    ) as server:  # fmt: skip
        yield server


def throughput(setup: Setup) -> Iterator[Outcome]:
    """All servers of one model run at once; they are loaded in turn."""
    made = _make(setup)
    try:
        saved, note = _mlflow_models(setup), ""
    except SkippedError as why:
        saved, note = None, str(why)
    for name in MODELS:
        figures = _loaded(setup, made, saved, name)
        work = f"one-row predictions, {CONNECTIONS} connections, {name}"
        of_floor, of_mlflow = f"{LEAST_OF_FLOOR} x a raw ASGI app", f"{LEAST_TIMES_MLFLOW:.0f} x MLflow"
        yield _compared(work, of_floor, figures[0], "raw ASGI, batching", figures[1], LEAST_OF_FLOOR)
        if saved is None:
            yield Outcome(8, work, of_mlflow, figures[0], note=f"skipped: {note}")
            continue
        yield _compared(work, of_mlflow, figures[0], "mlflow models serve", figures[2], LEAST_TIMES_MLFLOW)


def _loaded(setup: Setup, made: Made, saved: tuple[Path, Path] | None, name: str) -> list[Figures]:
    """Requests a second of ours, of the floor, and of MLflow if it is there."""
    case, floor = made.cases[name], HERE / "peers" / "asgi_floor.py"
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(_served(argv, case, setup.folder / f"{who}-{name}.log"))
            for who, argv in (
                ("own", _own_server(made, name)),
                ("floor", lambda port: (PYTHON, floor, made.plain[name], port)),
            )
        ]
        if saved is not None:
            servers.append(stack.enter_context(_mlflow(setup, saved, name, case)))
        sides = [partial(_requests_a_second, setup, server.port, case.body) for server in servers]
        return [Figures(tuple(values), "/s") for values in alternate(setup.repeats(4, 1), *sides)]


def _compared(work: str, must: str, ours: Figures, peer: str, theirs: Figures, least: float) -> Outcome:
    ratio = ours.median / theirs.median
    return Outcome(8, work, must, ours, peer, theirs, ratio, ratio >= least)


def starting(setup: Setup) -> Iterator[Outcome]:
    """From the start of the command to the first right answer, and the memory after it."""
    made = _make(setup, ("forest",))
    case = made.cases["forest"]
    log = setup.folder / "start.log"
    memories: list[list[float]] = [[], []]

    def own() -> float:
        with _served(_own_server(made, "forest"), case, log) as server:
            memories[0].append(memory_mb(server.process.pid))
            return server.ready

    sides: list[Callable[[], float]] = [own]
    try:
        saved = _mlflow_models(setup)

        def other() -> float:
            with _mlflow(setup, saved, "forest", case) as server:
                memories[1].append(memory_mb(server.process.pid))
                return server.ready

        sides.append(other)
        note = ""
    except SkippedError as why:
        note = str(why)
    taken = alternate(setup.repeats(5, 2), *sides)
    for what, unit, most, values in (
        ("ready to answer after start", "s", MOST_START_SECONDS, taken),
        ("memory once it answers", "MB", MOST_START_MB, memories),
    ):
        ours = Figures(tuple(values[0]), unit)
        theirs = Figures(tuple(values[1]), unit) if len(sides) > 1 else None
        ratio = theirs.median / ours.median if theirs else None
        yield Outcome(
            9, what, f"{most:.0f} {unit}", ours, "mlflow models serve" if theirs else "", theirs, ratio,
            ours.median <= most, note,
        )  # fmt: skip


def rolling_back(setup: Setup) -> Iterator[Outcome]:
    """From just before the commit to the last answer of the old version; requests that failed meanwhile."""
    from pilothouse.registry.deployments import promote, rollback
    from pilothouse.store import open_store

    made = _make(setup, ("logistic",))
    workspace, case = made.workspaces["logistic"], made.cases["logistic"]
    store = open_store(workspace)
    moments = _moments_of_commits(store)
    taken: list[float] = []
    failed = requests = 0
    with (
        _served(_own_server(made, "logistic"), case, setup.folder / "rollback.log") as server,
        Script(PYTHON, "http_load.py", server.port, CONNECTIONS, case.body) as load,
    ):
        load.ask("on")
        for _ in range(setup.repeats(10, 3)):
            promote(workspace, store, "2", model="late", force=True)
            failed, requests = _until_only(load, "2", failed, requests)
            rollback(workspace, store, model="late")
            # Long enough for a straggler to show.
            time.sleep(0.7)
            told = load.ask("mark")
            failed, requests = failed + told["failed"], requests + told["requests"]
            taken.append(1000 * max(0.0, told["last_of"].get("2", moments[-1]) - moments[-1]))
            failed, requests = _until_only(load, "1", failed, requests)
        told = load.ask("off")
        failed, requests = failed + told["failed"], requests + told["requests"]
    ours = Figures(tuple(taken), "ms")
    yield Outcome(
        10, f"rollback under load, {CONNECTIONS} connections: last old answer", f"{MOST_ROLLBACK_MS:.0f} ms",
        ours, reached=max(ours.values) <= MOST_ROLLBACK_MS,
    )  # fmt: skip
    yield Outcome(
        10, "  requests that failed meanwhile", "none", Figures((float(failed),), f"of {requests:,}"),
        reached=failed == 0,
    )  # fmt: skip


def _until_only(load: Script, version: str, failed: int, requests: int) -> tuple[int, int]:
    """Wait until one version gives all answers."""
    for _ in range(100):
        time.sleep(0.1)
        told = load.ask("mark")
        failed, requests = failed + told["failed"], requests + told["requests"]
        if set(told["answered"]) == {version}:
            return failed, requests
    raise SkippedError(f"version {version} did not take over within 10 s: {told}")


def _moments_of_commits(store: Store) -> list[float]:
    """Note the moment before each commit of this process: no later than the commit itself."""
    moments: list[float] = []
    original = store.transaction

    @contextlib.contextmanager
    def noted() -> Iterator[Transaction]:
        with original() as tx:
            yield tx
            moments.append(time.monotonic())

    store.transaction = noted  # type: ignore[method-assign]
    return moments
