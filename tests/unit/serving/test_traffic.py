from __future__ import annotations

import json

import pytest

from pilothouse.processes import hold_alive
from pilothouse.registry.generation import alive_path, status_path
from pilothouse.serving.status import ServerStatus, server_status, write_status
from pilothouse.serving.traffic import Traffic
from pilothouse.workspace import Workspace

STATUS = ServerStatus(1, 80, "http://127.0.0.1:80", "ready", "t", "t", "late", 3, rate=(1, 2))


def test_requests_are_counted_by_outcome() -> None:
    traffic = Traffic()
    assert traffic.quantile_ms(0.5) is None
    for status, seconds in ((200, 0.001), (400, 0.002), (503, 0.1)):
        traffic.count(status, seconds)
    assert (traffic.requests, traffic.refused, traffic.errors) == (3, 1, 1)
    assert traffic.quantile_ms(0.5) == 2.0 and traffic.quantile_ms(0.99) == 100.0
    assert len(traffic.rate()) == 59 and sum(traffic.rate()) in (0, 3)


def test_a_status_is_only_believed_while_the_server_lives(workspace: Workspace) -> None:
    write_status(workspace, STATUS)
    assert server_status(workspace) is None
    lock = hold_alive(alive_path(workspace))
    assert lock is not None
    with lock:
        assert server_status(workspace) == STATUS
    assert server_status(workspace) is None


@pytest.mark.parametrize("content", ["", "[]", "{", "{}", "3", json.dumps({"pid": 1})])
def test_a_damaged_status_is_no_status(workspace: Workspace, content: str) -> None:
    status_path(workspace).parent.mkdir(parents=True)
    status_path(workspace).write_text(content)
    lock = hold_alive(alive_path(workspace))
    assert lock is not None
    with lock:
        assert server_status(workspace) is None
