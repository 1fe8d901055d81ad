"""Making anything from outside fit to be drawn: strings, numbers, times. Every outside string goes through
``safe``."""

from __future__ import annotations

import math
import re
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from pilothouse.tracking.decimals import decimal
from pilothouse.tracking.durations import NONE

_SPACES = "\t\n\r\v\f\x85\u2028\u2029\u00a0\u2007\u202f\u3000"


_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


def plain(text: str) -> str:
    """``text`` without the escape sequences that colour a terminal: for logs, where they say nothing."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def _visible(character: str) -> str:
    if character in _SPACES:
        return " "
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "�"


def safe(value: object, limit: int = 400) -> str:
    """Return ``value`` as one line that a terminal draws and does nothing else with.

    Control characters become visible pictures (``\\x1b`` is ``␛``), line breaks spaces; bidirectional
    overrides, zero-width characters and lone surrogates become ``�``. Longer than ``limit`` characters ends
    in ``…``. Markup is not touched: draw the result as ``Content`` or ``Text``, never as a markup string.
    """
    text = value if isinstance(value, str) else str(value)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _visible(c) for c in text)


def width(text: str) -> int:
    """Cells that ``text`` takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, cells: int, align: str = "left") -> str:
    """Return ``text`` (already safe) padded or cut to exactly ``cells``; a cut ends in ``…``."""
    if cells <= 0:
        return ""
    have = width(text)
    if have > cells:
        return set_cell_size(text, cells - 1) + "…"
    if align == "right":
        return " " * (cells - have) + text
    return text + " " * (cells - have)


def number(value: object, digits: int = 4) -> str:
    """A number with a sensible count of digits: 0.7402, 12.35, 41,208, 3.10e-07; ``–`` for none."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**15 else f"{value:.3e}"
    if not isinstance(value, float):
        return safe(value, 60)
    return decimal(value or 0.0, digits)


def setting(value: object) -> str:
    """A parameter as its author would write it: 300, 0.05, true, hist; never rounded for show."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if value == float(f"{value:g}") else repr(value)
    return safe(value, 80)


def signed(value: float | None, digits: int = 4) -> str:
    """A change with its sign: +0.0110, −0.0070; ``–`` for none."""
    if value is None or math.isnan(value):
        return NONE
    return ("+" if value >= 0 else "−") + number(abs(value), digits)


def percent(value: float | None, digits: int = 0) -> str:
    """A share of one as 31%; ``–`` for none."""
    return NONE if value is None or math.isnan(value) else f"{value * 100:.{digits}f}%"


def size(count: float | None) -> str:
    """Bytes as 812 B, 3.4 kB, 12 MB."""
    if count is None:
        return NONE
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return NONE


def span(seconds: float | None) -> str:
    """A stretch of time in words: 12 s, 4 min, 2 h 14 min, 6 d 4 h."""
    if seconds is None or math.isnan(seconds):
        return NONE
    total = max(0, int(seconds))
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min"
    if total < 86_400:
        return f"{total // 3600} h {total % 3600 // 60} min"
    return f"{total // 86_400} d {total % 86_400 // 3600} h"


def local(at: datetime) -> datetime:
    """``at`` in the time zone of this machine; a naive time is taken as UTC, as the store writes it."""
    from datetime import UTC

    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone()


def clock(at: datetime | None, now: datetime) -> str:
    """14:02 for today, 11 Nov for this year, 2025-11-11 before that."""
    if at is None:
        return NONE
    here, today = local(at), local(now)
    if here.date() == today.date():
        return here.strftime("%H:%M")
    if here.year == today.year:
        return f"{here.day} {here:%b}"
    return here.strftime("%Y-%m-%d")


def moment(at: datetime | None) -> str:
    """The full local time, to the second."""
    return NONE if at is None else local(at).strftime("%Y-%m-%d %H:%M:%S")


def since(at: datetime | None, now: datetime) -> float | None:
    """Seconds from ``at`` to ``now``; none for none."""
    return None if at is None else (local(now) - local(at)).total_seconds()


Part = str | tuple[str, str]


def line(*parts: Part) -> Content:
    """Content of plain strings and ``(string, style)`` pairs; the strings are made safe and are never read
    as markup.

    A part of nothing but line breaks breaks the line; inside another part a line break is a space.
    """
    done: list[str | tuple[str, str]] = []
    for part in parts:
        if isinstance(part, str):
            done.append(part if not part.strip("\n") else safe(part))
        else:
            done.append((safe(part[0]), part[1]))
    return Content.assemble(*done)


def lines(rows: list[Content]) -> Content:
    """The rows under each other."""
    return Content("\n").join(rows)


def no_match(wanted: str) -> str:
    """What stands where a filter leaves nothing: that it is the filter, and how to be rid of it."""
    return f"Nothing here matches {safe(wanted, 40)}.  esc shows all"


def counted(count: int, what: str) -> str:
    """So many of something: 1 file, 2 files, 1,204 files."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
