"""Starting, stopping and asking the server, from any other process."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.processes import ask_to_stop, is_alive, no_room, python_command, spawn_detached
from pilothouse.registry.generation import alive_path, tell_server
from pilothouse.registry.manifest import read_manifest, read_signature
from pilothouse.registry.signature import Signature
from pilothouse.registry.versions import ModelVersion, champion, get_version
from pilothouse.serving.fate import forget_lost
from pilothouse.serving.status import ServerStatus, server_status
from pilothouse.store import Store, open_store
from pilothouse.workspace import Workspace

_START_SECONDS = 60.0


def start_server(
    workspace: Workspace, *, port: int | None = None, model: str | None = None, detach: bool = True
) -> ServerStatus | None:
    """Serve the champion. Detached, return the status once requests are answered; else serve until stopped.

    Raises:
        PilothouseError: what the server said when it could not start.
    """
    if not detach:
        from pilothouse.serving.server import run_server

        run_server(workspace, port=port, model=model)
        return None
    log = log_path(workspace)
    before = log.stat().st_size if log.exists() else 0
    options = [] if port is None else ["--port", str(port)]
    options += [] if model is None else ["--model", model]
    argv = python_command("pilothouse.serving.server", str(workspace.root), *options)
    process = spawn_detached(argv, cwd=workspace.root, log=log)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        status = server_status(workspace)
        if status is not None and status.pid == process.pid and status.state == "ready":
            return status
        if process.poll() is not None:
            raise _what_it_said(log, before)
        time.sleep(0.02)
    process.kill()
    raise PilothouseError(
        f"The server did not answer within {_START_SECONDS:.0f} s and was ended.", next=f"See {log}."
    )


def stop_server(workspace: Workspace, grace: float = 15.0) -> bool:
    """Stop the server, letting it answer what it has; False if none runs, and one that was lost is set aside.

    Raises:
        PilothouseError: it still runs after `grace` seconds.
    """
    if not is_alive(alive_path(workspace)):
        forget_lost(workspace)
        return False
    status = server_status(workspace)
    if not tell_server(workspace, "/-/stop") and status is not None:
        ask_to_stop(status.pid)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline:
        if not is_alive(alive_path(workspace)):
            return True
        time.sleep(0.02)
    who = f" (process {status.pid})" if status else ""
    raise PilothouseError(f"The server{who} did not stop within {grace:.0f} s.", next="End its process.")


def predict(
    workspace: Workspace, records: Sequence[Mapping[str, Any]], *, model: str | None = None
) -> dict[str, Any]:
    """Predict rows with what is live: over HTTP if the server runs, else by loading the champion here.

    Args:
        workspace: where.
        records: objects of field to value, as the signature wants them; times may be `datetime`.
        model: which model, where there are several.

    Returns:
        `{predictions, probabilities?, classes?, left_out?, model, version, served}`; only what a server
        answers is logged. `classes` are there if there are more than two; `left_out` says which columns were,
        `trouble` which feature table could not be read.

    Raises:
        PilothouseError: nothing is live, a field does not fit, or the server refuses.
    """
    name = workspace.config().model(model).name
    status = server_status(workspace)
    if status is not None and status.state == "ready" and status.model == name:
        return _ask(status, records)
    version = _live(open_store(workspace), name)
    # Loads pandas and scikit-learn.
    from pilothouse.registry.bundle import load_version
    from pilothouse.registry.features import read_tables_now
    from pilothouse.serving.batching import body_of
    from pilothouse.serving.requests import LeftOut, told_left_out

    loaded = load_version(version)
    trouble = read_tables_now(workspace, loaded)
    left_out: LeftOut = {}
    outputs = loaded.predict_rows(loaded.signature.validate(list(records), left_out))
    answer = body_of(outputs, loaded.classes)
    if left_out:
        answer["left_out"] = told_left_out(left_out)
    if trouble:
        answer["trouble"] = trouble
    return {**answer, "model": name, "version": version.version, "served": False}


def input_signature(workspace: Workspace, *, model: str | None = None) -> Signature:
    """Return what the model that answers now takes: the server's version if it runs, else the champion."""
    version = answering(workspace, model=model)
    files = read_manifest(version.path, version.manifest_sha256)
    return read_signature(version.path, files)


def answering(workspace: Workspace, *, model: str | None = None) -> ModelVersion:
    """Return the version that answers now: the server's if it runs, else the champion."""
    name = workspace.config().model(model).name
    store = open_store(workspace)
    status = server_status(workspace)
    if status is not None and status.model == name and status.version is not None:
        return get_version(store, str(status.version), name)
    return _live(store, name)


def log_path(workspace: Workspace) -> Path:
    """Where a detached server's own words go."""
    return workspace.serving_dir / "server.log"


def _live(store: Store, name: str) -> ModelVersion:
    version = champion(store, name)
    if version is None:
        raise NotFoundError(
            f"No version of {name} is live.", next="Make one live with `pilothouse promote VERSION`."
        )
    return version


def _ask(status: ServerStatus, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    import http.client

    body = json.dumps({"dataframe_records": list(records)}, default=_text_of_time, allow_nan=False)
    connection = http.client.HTTPConnection("127.0.0.1", status.port, timeout=120)
    try:
        connection.request("POST", "/invocations", body.encode(), {"content-type": "application/json"})
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        version = int(response.headers["x-pilothouse-version"])
        if left_out := response.headers["x-pilothouse-left-out"]:
            answer["left_out"] = left_out
    except (OSError, ValueError, TypeError, http.client.HTTPException) as error:
        raise PilothouseError(
            f"The server at {status.url} did not answer: {error}.", next="Try again."
        ) from error
    finally:
        connection.close()
    if response.status != 200:
        raise PilothouseError(str(answer.get("message", f"The server answered {response.status}.")))
    return {**answer, "model": status.model, "version": version, "served": True}


def _text_of_time(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _what_it_said(log: Path, before: int) -> PilothouseError:
    with log.open("rb") as file:
        file.seek(before)
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    if not lines and (full := no_room(log.parent)):
        return full
    if not lines or lines[0].startswith("Traceback"):
        last = f": {lines[-1]}" if lines else ""
        return PilothouseError(f"The server ended before it answered{last}.", next=f"See {log}.")
    return PilothouseError(lines[0], next="\n".join(lines[1:]))
