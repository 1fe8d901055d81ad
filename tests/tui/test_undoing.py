from __future__ import annotations

from threading import Thread

import pytest

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.tui.undoing import LEVELS, Undoing


def test_changes_are_put_back_in_order_whoever_asks() -> None:
    undoing, back = Undoing(), []
    for n in range(LEVELS + 5):
        undoing.push(f"change {n}", lambda n=n: back.append(n) or f"{n} is back")  # type: ignore[misc]
    threads = [Thread(target=undoing.undo) for _ in range(LEVELS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert back == list(range(LEVELS + 4, 4, -1))
    assert undoing.undo() == "There is nothing more to undo."


def test_what_cannot_be_put_back_is_tried_again_and_what_is_gone_is_not() -> None:
    undoing = Undoing()
    undoing.push("the first", lambda: "done")

    def busy() -> str:
        raise PilothouseError("The store is busy.")

    def gone() -> str:
        raise NotFoundError("There is no such run.")

    undoing.push("busy", busy)
    undoing.push("gone", gone)
    with pytest.raises(NotFoundError):
        undoing.undo()
    for _ in range(2):
        with pytest.raises(PilothouseError, match="busy"):
            undoing.undo()
    assert undoing.last is not None and undoing.last.what == "busy"
