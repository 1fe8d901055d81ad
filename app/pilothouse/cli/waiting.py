"""What a person sees while a long command works: one line on the terminal, from the second second on."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator

import click

from pilothouse.cli.options import printable
from pilothouse.errors import is_interrupt

_QUIET = 1.0
_AGAIN = 0.1


@contextlib.contextmanager
def progress_line(untouched: str = "") -> Iterator[Callable[[float, str], None] | None]:
    """Give a callback of a share and a text that keeps one line of standard error up to date.

    Without a terminal there is none, unless PILOTHOUSE_PROGRESS asks for a line each second, for a program
    that waits. The line on a terminal is gone at the end.

    Args:
        untouched: what Ctrl-C leaves as it was; said where nobody further down knows better.
    """
    try:
        with _line() as tell:
            yield tell
    except BaseException as error:
        if not is_interrupt(error):
            raise
        if untouched and not getattr(error, "__notes__", ()):
            error.add_note(untouched)
        raise


@contextlib.contextmanager
def _line() -> Iterator[Callable[[float, str], None] | None]:
    if not sys.stderr.isatty():
        yield _in_lines() if os.environ.get("PILOTHOUSE_PROGRESS") else None
        return
    began, drawn, over = time.monotonic(), 0.0, False
    said: tuple[float, str] | None = None
    guard = threading.Lock()

    def draw() -> None:
        nonlocal drawn
        with guard:
            if over or said is None:
                return
            drawn = time.monotonic()  # Before it is: Ctrl-C may come in between.
            width = max(20, shutil.get_terminal_size().columns - 1)
            click.echo(f"\r\x1b[K{printable(f'{said[0]:4.0%}  {said[1]}', width)}", nl=False, err=True)

    def tell(share: float, what: str) -> None:
        nonlocal said
        said = share, what
        if (now := time.monotonic()) - began >= _QUIET and now - drawn >= _AGAIN:
            draw()

    # What was said in the first second, and takes long, is shown after it.
    first = threading.Timer(_QUIET, draw)
    first.daemon = True
    first.start()
    try:
        yield tell
    finally:
        first.cancel()
        with guard:
            over = True
            if drawn:
                click.echo("\r\x1b[K", nl=False, err=True)


def _in_lines() -> Callable[[float, str], None]:
    last = float("-inf")

    def tell(share: float, what: str) -> None:
        nonlocal last
        if time.monotonic() - last < _QUIET:
            return
        last = time.monotonic()
        click.echo(printable(f"{share:4.0%}  {what}"), err=True)

    return tell
