"""The load that the story counts with must not flatter."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pilothouse.demo.load import Load, Traffic
from waiting import wait_until


class Answers(BaseHTTPRequestHandler):
    """Every third request fails with 500; the others are answered by version 7."""

    protocol_version = "HTTP/1.1"
    seen = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        Answers.seen += 1
        status = 500 if Answers.seen % 3 == 0 else 200
        self.send_response(status)
        self.send_header("x-pilothouse-version", "7")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_every_request_is_counted_as_what_it_was() -> None:
    Answers.seen = 0
    with serving() as port, Load(port, [{"a": 1}], clients=2) as load:
        wait_until(lambda: load.answered_by("7") >= 40)
    traffic = load.traffic
    assert sum(traffic.answered.values()) + len(traffic.failed) == Answers.seen
    assert abs(len(traffic.failed) - Answers.seen / 3) <= 1
    assert "500" in traffic.failed[0]
    assert len(traffic.seconds) == sum(traffic.answered.values())
    assert set(traffic.last_of) == {"7"}


def test_a_server_that_is_not_there_is_a_failure() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with Load(closed.getsockname()[1], [{"a": 1}], clients=1) as load:
            wait_until(lambda: load.traffic.failed)
    assert not load.traffic.answered


def test_quantiles() -> None:
    traffic = Traffic(seconds=[0.004, 0.001, 0.003, 0.002])
    assert (traffic.quantile_ms(0.5), traffic.quantile_ms(1.0)) == (3.0, 4.0)
    assert Traffic().quantile_ms(0.5) == 0.0
