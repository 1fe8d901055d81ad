"""The server as a process of its own, asked over real HTTP, swapped under load and killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import making_models as making
from pilothouse.errors import PilothouseError
from pilothouse.processes import is_alive, python_command
from pilothouse.registry.deployments import promote, rollback
from pilothouse.registry.generation import alive_path, token_path
from pilothouse.registry.versions import get_version
from pilothouse.serving.control import predict, start_server, stop_server
from pilothouse.serving.predictions import read_predictions
from pilothouse.serving.status import ServerStatus, server_status
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace
from reading_back import prediction_counts
from steering import pilothouse
from waiting import wait_until

Place = tuple[Workspace, Store]
ROW = {"distance": 500.5, "hour": 20, "carrier": "UA", "wind": 1.0}
BODY = {"dataframe_records": [ROW]}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """v1 is live; v2 answers the opposite of v1, and v3 the same as v1."""
    made = making.workspace(tmp_path / "w")
    for n in range(1, 4):
        making.register(*made, f"r{n}", flip=n == 2)
    promote(*made, "1")
    yield made
    stop_server(made[0])


@pytest.fixture
def server(place: Place) -> ServerStatus:
    return started(place)


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, ServerStatus]]:
    """A server for the tests that change nothing."""
    made = making.workspace(tmp_path_factory.mktemp("steady") / "w")
    making.register(*made)
    promote(*made, "1")
    yield made[0], started(made)
    stop_server(made[0])


def started(place: Place) -> ServerStatus:
    status = start_server(place[0], port=0)
    assert status is not None
    return status


def ask(status: ServerStatus, body: Any = BODY, **more: Any) -> httpx.Response:
    return httpx.post(f"{status.url}/invocations", json=body, timeout=30, **more)


def test_it_answers_as_the_model_does_and_logs_it(steady: tuple[Workspace, ServerStatus]) -> None:
    workspace, server = steady
    answer = ask(server, {"dataframe_records": [ROW, {**ROW, "hour": 1}]}, headers={"x-request-id": "mine-1"})
    assert answer.status_code == 200
    assert answer.json()["predictions"] == [1, 0]
    assert answer.json()["probabilities"][0] > 0.5 > answer.json()["probabilities"][1]
    assert answer.headers["x-pilothouse-version"] == "1" and answer.headers["x-pilothouse-model"] == "late"
    assert answer.headers["x-request-id"] == "mine-1"
    logged = read_predictions(workspace, 2)
    assert [row["id"] for row in logged] == ["mine-1/0", "mine-1/1"]
    assert logged[0]["features"] == ROW and logged[0]["output"]["prediction"] == 1
    for path in ("/health", "/ping", "/version"):
        assert httpx.get(server.url + path).json()["version"] == 1
    assert server.version == 1 and server.last_error == ""


def test_a_row_of_ones_own_data_is_answered_as_predict_answers_it(
    steady: tuple[Workspace, ServerStatus], tmp_path: Path
) -> None:
    workspace, server = steady
    path = tmp_path / "mine.csv"
    path.write_text("distance,hour,carrier,wind,when\n500.5,20,UA,NA,2013-01-01\n")
    answer = httpx.post(
        f"{server.url}/invocations", content=path.read_bytes(), headers={"content-type": "text/csv"}
    )
    assert answer.status_code == 200 and set(answer.json()) == {"predictions", "probabilities"}
    told = answer.headers["x-pilothouse-left-out"]
    assert told == "Left out, since the model does not take them: when."
    assert "x-pilothouse-left-out" not in ask(server).headers
    done = pilothouse("predict", str(path), "--json", cwd=workspace.root)
    assert done.json()["predictions"] == answer.json()["predictions"] and told in done.err


def test_bad_requests_are_told_and_the_next_good_one_is_answered(
    steady: tuple[Workspace, ServerStatus],
) -> None:
    _, server = steady

    def status_of(answer: httpx.Response) -> int:
        assert answer.json()["message"] and answer.headers["x-request-id"]
        return answer.status_code

    url = f"{server.url}/invocations"
    assert (
        status_of(ask(server, {"dataframe_records": [{**ROW, "hour": "x", "carrier": None, "more": 1}]}))
        == 400
    )
    assert (
        len(ask(server, {"dataframe_records": [{"hour": "x", "carrier": None, "mor": 1}]}).json()["errors"])
        == 4
    )
    assert status_of(httpx.post(url, content=b"{nope")) == 400
    assert status_of(httpx.post(url, content=b'{"instances": [{"distance": NaN}]}')) == 400
    assert status_of(httpx.post(url, content=b"x", headers={"content-type": "image/png"})) == 415
    assert status_of(httpx.post(url, content=b"x" * (16 * 1024 * 1024 + 1))) == 413
    assert status_of(httpx.post(url, content=(b"x" * 65536 for _ in range(300)))) == 413
    assert status_of(httpx.get(url)) == 405
    assert status_of(httpx.post(f"{server.url}/health")) == 405
    assert status_of(httpx.get(f"{server.url}/[/x]%00'")) == 404
    assert status_of(httpx.post(f"{server.url}/-/reload")) == 403
    assert status_of(httpx.post(f"{server.url}/-/stop", headers={"x-pilothouse-token": "guess"})) == 403
    assert ask(server).status_code == 200


@pytest.mark.parametrize("path", ["/invocations", "/feedback"])
def test_a_client_that_sends_all_before_it_listens_gets_the_refusal(
    steady: tuple[Workspace, ServerStatus], path: str
) -> None:
    _, server = steady
    left = 17 * 1024 * 1024
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {left}\r\n\r\n".encode()
        )
        # The server has answered by now, and a body that it refused is still on its way.
        assert connection.recv(1, socket.MSG_PEEK) == b"H"
        while left:
            left -= connection.send(b" " * min(left, 1 << 20))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ") and b"connection: close" in head
    assert b"larger than" in body
    assert ask(server).status_code == 200


def test_a_half_request_and_garbage_bytes_hurt_nobody(steady: tuple[Workspace, ServerStatus]) -> None:
    _, server = steady
    for raw in (
        b"POST /invocations HTTP/1.1\r\ncontent-length: 500\r\n\r\n{",
        b"\x00\xff garbage\r\n\r\n",
        b"",
    ):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(raw)
    assert ask(server).status_code == 200


def test_a_large_request_is_answered_whole(steady: tuple[Workspace, ServerStatus]) -> None:
    workspace, server = steady
    rows = [{**ROW, "hour": n % 24} for n in range(5000)]
    assert len(ask(server, {"dataframe_records": rows}).json()["predictions"]) == 5000
    assert prediction_counts(workspace)[0]["rows"] >= 5000


class Load:
    """Clients that ask without pause and check every answer against the version that it names."""

    def __init__(self, status: ServerStatus, clients: int = 8) -> None:
        self.answers: list[tuple[float, int]] = []
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._status = status
        self._threads = [threading.Thread(target=self._client) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _client(self) -> None:
        with httpx.Client() as client:
            while not self._stop.is_set():
                try:
                    answer = client.post(f"{self._status.url}/invocations", json=BODY, timeout=30)
                    version = int(answer.headers["x-pilothouse-version"])
                    # Only v2 calls this flight punctual.
                    right = [0 if version == 2 else 1]
                    if answer.status_code != 200 or answer.json()["predictions"] != right:
                        self.failures.append(f"{answer.status_code} v{version} {answer.text}")
                    self.answers.append((time.monotonic(), version))
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))

    def versions(self) -> set[int]:
        return {version for _, version in self.answers}


def test_promote_and_rollback_under_load_fail_no_request(place: Place, server: ServerStatus) -> None:
    with Load(server) as load:
        wait_until(lambda: load.versions() == {1})
        promote(*place, "2")
        wait_until(lambda: 2 in load.versions())
        promote(*place, "3")
        wait_until(lambda: 3 in load.versions())
        rollback(*place)
        committed = time.monotonic()
        count = len(load.answers)
        wait_until(lambda: len(load.answers) > count + 200)
        rollback(*place)
        wait_until(lambda: load.answers[-1][1] == 1)
    assert load.failures == []
    old = [at for at, version in load.answers[count:] if version == 3]
    # `rollback` returns when the server has changed; only answers under way then may still be of the old one.
    assert max(old, default=committed) - committed < 1.0
    logged = prediction_counts(place[0])
    assert sum(row["rows"] for row in logged) == len(load.answers)
    assert {row["version"] for row in logged} == {1, 2, 3}


def test_a_lost_poke_is_made_up_for(place: Place, server: ServerStatus) -> None:
    token = token_path(place[0]).read_text()
    token_path(place[0]).write_text("another")
    promote(*place, "2")
    wait_until(lambda: ask(server).headers["x-pilothouse-version"] == "2")
    token_path(place[0]).write_text(token)


def test_changed_bytes_never_go_live(place: Place, server: ServerStatus) -> None:
    with Load(server, clients=2) as load:
        promote(*place, "2")
        wait_until(lambda: 2 in load.versions())
        # Changed after the check that `promote` makes, so it is the server that has to notice.
        target = get_version(place[1], "3").path / "model.joblib"
        target.chmod(0o644)
        content = target.read_bytes()
        target.write_bytes(content[:-1])
        with place[1].transaction() as tx:
            tx.execute("UPDATE aliases SET version = 3 WHERE alias = 'champion'")
        (place[0].serving_dir / "generation").write_text("changed\n")
        wait_until(lambda: (status := server_status(place[0])) and status.last_error)
    assert load.failures == [] and load.versions() <= {1, 2} and load.answers[-1][1] == 2
    status = server_status(place[0])
    assert status is not None and status.version == 2 and "does not match its sha256" in status.last_error
    assert any("could not be loaded" in event.message for event in list_events(place[1], kind="serving"))


def test_killed_at_any_moment_no_acknowledged_prediction_is_missing(place: Place) -> None:
    acknowledged: set[str] = set()
    for round_number in range(3):
        status = started(place)
        stop = threading.Event()

        def client(name: str, status: ServerStatus = status, stop: threading.Event = stop) -> None:
            with httpx.Client() as http:
                for n in range(100_000):
                    try:
                        answer = http.post(
                            f"{status.url}/invocations", json=BODY, headers={"x-request-id": f"{name}-{n}"}
                        )
                    except httpx.HTTPError:
                        return
                    if answer.status_code == 200:
                        acknowledged.add(answer.headers["x-request-id"])

        with ThreadPoolExecutor(6) as pool:
            clients = [pool.submit(client, f"{round_number}-{n}") for n in range(6)]
            target = len(acknowledged) + 150 * (round_number + 1)
            wait_until(lambda target=target: len(acknowledged) > target)
            os.kill(status.pid, signal.SIGKILL)
            for one in clients:
                one.result()
        wait_until(lambda: not is_alive(alive_path(place[0])))
        assert server_status(place[0]) is None
    logged = {row["id"] for row in read_predictions(place[0], 1_000_000)}
    assert acknowledged <= logged


def test_a_second_server_is_refused_and_the_first_goes_on(place: Place, server: ServerStatus) -> None:
    with pytest.raises(PilothouseError, match=f"runs already at {server.url}") as caught:
        start_server(place[0], port=0)
    assert "serve --stop" in str(caught.value)
    assert ask(server).status_code == 200


@pytest.mark.parametrize("detach", [True, False])
def test_a_port_in_use_is_named(place: Place, detach: bool) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PilothouseError, match=f"Port {port} is in use") as caught:
            start_server(place[0], port=port, detach=detach)
    assert "--port" in str(caught.value)
    assert server_status(place[0]) is None


def test_nothing_live_names_the_command_that_helps(tmp_path: Path) -> None:
    made = making.workspace(tmp_path / "w")
    making.register(*made)
    for detach in (True, False):
        with pytest.raises(PilothouseError, match="No version of late is live") as caught:
            start_server(made[0], port=0, detach=detach)
        assert "pilothouse promote" in str(caught.value)


def test_a_changed_champion_is_not_served(place: Place) -> None:
    target = get_version(place[1], "champion").path / "profile.json"
    target.chmod(0o644)
    target.write_text("{} ")
    with pytest.raises(PilothouseError, match=r"profile\.json does not match"):
        started(place)


@pytest.mark.parametrize("one", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(place: Place, one: signal.Signals) -> None:
    process = subprocess.Popen(
        python_command("pilothouse.serving.server", str(place[0].root), "--port", "0"), start_new_session=True
    )
    wait_until(lambda: (status := server_status(place[0])) and status.state == "ready")
    process.send_signal(one)
    assert process.wait(20) == 0
    assert not is_alive(alive_path(place[0]))
    kinds = [event.message.rsplit(" ", 1)[-1] for event in list_events(place[1], kind="serving")]
    assert kinds[0] == "stopped."


def test_stop_and_start_again(place: Place) -> None:
    assert stop_server(place[0]) is False
    first = started(place)
    assert stop_server(place[0]) is True and server_status(place[0]) is None
    assert started(place).pid != first.pid


def test_predict_is_the_same_with_and_without_a_server(place: Place) -> None:
    alone = predict(place[0], [ROW])
    assert alone["served"] is False and alone["predictions"] == [1]
    with pytest.raises(PilothouseError, match="field 'hour' is missing"):
        predict(place[0], [{"distance": 1}])
    started(place)
    served = predict(place[0], [ROW])
    assert served["served"] is True
    assert {**served, "served": False} == alone
    with pytest.raises(PilothouseError, match="field 'hour' is missing"):
        predict(place[0], [{"distance": 1}])


def test_only_this_machine_is_answered(steady: tuple[Workspace, ServerStatus]) -> None:
    _, server = steady
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ours = [line.split()[1] for line in listening if line.split()[1].endswith(f":{server.port:04X}")]
    assert ours and all(address.startswith("0100007F:") for address in ours)
    assert json.loads(httpx.get(f"{server.url}/health").text)["status"] == "ok"
