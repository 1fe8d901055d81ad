"""When an app has nothing to do, asked of its event loop.

Textual's pilot sends a message to every widget, waits for each to come back, and then looks every 20 ms
whether the processor is at rest. All of an app runs on one loop: where nothing can run on that, each message
is handled.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from textual._context import active_app
from textual.pilot import Pilot
from textual.screen import Screen


async def handled(pilot: Pilot[Any], timeout: float = 30.0) -> bool:
    """Wait until the app has handled every message; false if one of them raised."""
    loop: Any = asyncio.get_running_loop()
    until = time.monotonic() + timeout
    while not pilot.app._exception_event.is_set():
        await asyncio.sleep(0)
        if not loop._ready:
            return True
        assert time.monotonic() < until, "one message follows upon another for ever"
    return False


async def idle(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """Wait until nothing can run on the loop, nor in a thread that the app waits for."""
    loop: Any = asyncio.get_running_loop()
    until = time.monotonic() + max_sleep
    while time.monotonic() < until:
        await asyncio.sleep(0)
        if loop._ready:
            continue
        app = active_app.get()
        if app._resize_timer is not None:  # a new size is told when no other has come for 8 ms
            await asyncio.sleep(0.002)
            continue
        if _to_be_drawn(
            app.screen
        ):  # as often as a screen is drawn in a second, and what waits for that comes after
            await asyncio.sleep(0.002)
            continue
        if all(worker.is_finished for worker in app.workers):
            return
        worked = time.process_time()
        await asyncio.sleep(0.005)
        if time.process_time() - worked < 0.0004:
            return


def _to_be_drawn(screen: Screen[Any]) -> bool:
    timer = screen._update_timer
    return bool(
        timer._active.is_set() or screen._dirty_widgets or screen._callbacks or screen._layout_required
    )
