"""What interrupts a sweep, and when."""

from __future__ import annotations

import pytest

from pilothouse.training.sweeps.bell import STOPPED, TIME_OVER, Bell, StopWaitingError


@pytest.mark.parametrize("why", [STOPPED, TIME_OVER])
def test_a_ring_interrupts_waiting_and_nothing_else(why: str) -> None:
    bell = Bell()
    with pytest.raises(StopWaitingError), bell.waiting():
        bell.ring(why)
    bell.ring(STOPPED)
    assert bell.rung == why, "the first reason is the reason"
    with pytest.raises(StopWaitingError), bell.waiting():
        pytest.fail("what rang before does not interrupt")


@pytest.mark.parametrize("before", [True, False])
def test_once_the_search_is_over_the_time_does_not_stop_what_comes_after(before: bool) -> None:
    bell = Bell()
    if before:
        bell.ring(TIME_OVER)
    bell.forget_time()
    with bell.waiting():
        bell.ring(TIME_OVER)
    assert bell.rung == ""
    with pytest.raises(StopWaitingError), bell.waiting():
        bell.ring(STOPPED)


def test_a_stop_is_not_forgotten_with_the_time() -> None:
    bell = Bell()
    bell.ring(STOPPED)
    bell.forget_time()
    assert bell.rung == STOPPED
