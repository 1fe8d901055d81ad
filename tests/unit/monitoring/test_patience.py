from __future__ import annotations

import os
import signal
import threading

import duckdb
import pytest

from pilothouse.data.engine import connect
from pilothouse.monitoring.patience import GivenUpError, Steps, part_of, patiently

LONG = "SELECT count(DISTINCT hash(a.range * b.range)) FROM range(100000) a, range(100000) b"


class StoppedError(Exception):
    pass


def _long(con: duckdb.DuckDBPyConnection, steps: Steps) -> object:
    steps.next("counting")
    return con.execute(LONG).fetchall()


def test_progress_is_told_and_what_it_raises_cancels_the_query() -> None:
    told: list[tuple[float, str]] = []

    def stop(share: float, what: str) -> None:
        told.append((share, what))
        if len(told) == 3:
            raise StoppedError

    with connect() as con:
        with pytest.raises(StoppedError):
            patiently(con, lambda steps: _long(con, steps), stop)
        # The connection is free again: nothing of the query goes on.
        assert con.execute("SELECT 7").fetchall() == [(7,)]
    assert len(told) == 3
    assert all(0 <= share <= 1 and what == "counting" for share, what in told)


@pytest.mark.parametrize("time", range(4))
def test_ctrl_c_stops_a_query_whenever_it_comes(time: int) -> None:
    began = threading.Event()

    def work(steps: Steps) -> object:
        began.set()
        return _long(con, steps)

    def press() -> None:
        began.wait(20)
        os.kill(os.getpid(), signal.SIGINT)

    with connect() as con:
        presser = threading.Thread(target=press)
        presser.start()
        with pytest.raises(KeyboardInterrupt):
            patiently(con, work, None)
        presser.join()
        assert con.execute("SELECT 7").fetchall() == [(7,)]


def test_what_the_work_raises_and_returns_comes_through() -> None:
    with connect() as con:
        assert patiently(con, lambda steps: 3, None) == 3
        with pytest.raises(ZeroDivisionError):
            patiently(con, lambda steps: 1 // 0, None)


def test_a_computation_of_many_steps_gives_up_between_them() -> None:
    steps = Steps(4)
    steps.next("a")
    assert steps.share(0.5) == 0.125
    steps.given_up = True
    with pytest.raises(GivenUpError):
        steps.next("b")


def test_a_part_of_a_larger_computation_stays_within_its_share() -> None:
    told: list[tuple[float, str]] = []
    part = part_of(lambda share, what: told.append((share, what)), 0.2, 0.6, "reading")
    assert part is not None
    part(0.5, "x")
    part(1.0, "")
    assert told == [(0.4, "reading: x"), (0.6, "reading")]
    assert part_of(None, 0, 1, "") is None
