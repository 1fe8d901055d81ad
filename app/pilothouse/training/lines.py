"""What a script says on its standard output: `key: value` lines are metrics, `step: N` counts them.

`loss: 0.31` alone, or several pairs on a line parted by blanks, commas or bars, as in
`step: 4, loss: 0.31, acc: 0.9`. A step holds for its own line and for those that follow, until the next one.
Any other line is just a line.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

LONGEST_LINE = 16_384  # bytes; a longer line is no metric, and is never kept in memory whole
_KEY = r"([A-Za-z_][\w./-]{0,99})"
_NUMBER = r"([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity))"
_PAIRS = re.compile(rf"{_KEY}\s*:\s*{_NUMBER}(?=[\s,;|]|$)", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;|]*")
_MOST_PAIRS = 100

Point = tuple[int | None, dict[str, float]]
"""A step, or None if none was said yet, and metrics by name."""


def parse_line(text: str) -> dict[str, float] | None:
    """The pairs of a line that holds nothing else, else None; a repeated key keeps its last value."""
    at = _end(_BETWEEN.match(text))
    pairs: dict[str, float] = {}
    while at < len(text):
        pair = _PAIRS.match(text, at)
        if pair is None or len(pairs) >= _MOST_PAIRS:
            return None
        pairs[pair[1]] = float(pair[2])
        at = _end(_BETWEEN.match(text, pair.end()))
    return pairs or None


class LineReader:
    """Takes a script's output in pieces of bytes, cut anywhere, and gives the metrics in it."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False  # in the middle of a line that is too long
        self._step: int | None = None

    def feed(self, data: bytes) -> list[Point]:
        """Metrics of the lines that `data` completes, in order."""
        points: list[Point] = []
        pieces = re.split(rb"\r\n|\n|\r", self._rest + data)
        # A piece that ends in \r may be half of \r\n: the empty line this gives is harmless.
        self._rest = pieces.pop()
        for piece in pieces:
            if self._skipping:
                self._skipping = False
                continue
            self._take(piece, points)
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._skipping = b"", True
        elif self._skipping:
            self._rest = b""
        return points

    def finish(self) -> list[Point]:
        """Metrics of a last line that has no end."""
        points: list[Point] = []
        if self._rest and not self._skipping:
            self._take(self._rest, points)
        self._rest = b""
        return points

    def _take(self, line: bytes, points: list[Point]) -> None:
        if b":" not in line or len(line) > LONGEST_LINE:
            return
        pairs = parse_line(line.decode("utf-8", "replace"))
        if pairs is None:
            return
        steps = [key for key in pairs if key.lower() == "step"]
        for key in steps:
            value = pairs.pop(key)
            self._step = int(value) if math.isfinite(value) and abs(value) < 2**53 else self._step
        if pairs:
            points.append((self._step, pairs))


def parse_metrics(value: Any) -> list[Point]:
    """Metrics of a JSON value: an object, nested ones named with dots, or a list of objects.

    `step`, at the top of an object, counts its metrics. What is no number is passed over.
    """
    if isinstance(value, list):
        return [point for item in value for point in parse_metrics(item)]
    if not isinstance(value, Mapping):
        return []
    step = value.get("step")
    found: dict[str, float] = {}
    _flatten(value, "", found)
    if isinstance(step, int) and not isinstance(step, bool):
        found.pop("step", None)
        return [(step, found)] if found else []
    return [(None, found)] if found else []


def _flatten(value: Mapping[Any, Any], prefix: str, found: dict[str, float]) -> None:
    # A stack of its own: nesting that Python's JSON reader accepts may be too deep for recursion.
    stack: list[tuple[str, Mapping[Any, Any]]] = [(prefix, value)]
    while stack:
        before, mapping = stack.pop()
        for key, item in mapping.items():
            name = f"{before}{key}"
            if isinstance(item, Mapping):
                stack.append((name + ".", item))
            elif isinstance(item, int | float) and not isinstance(item, bool) and len(name) <= 200:
                try:
                    found[name] = float(item)
                except OverflowError:
                    continue


class MetricsFile:
    """Reads a growing JSON-lines file, or a JSON document that is whole at the end."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Point]:
        """Metrics of the JSON lines that `data` completes."""
        self._rest += data
        end = self._rest.rfind(b"\n") + 1
        points: list[Point] = []
        kept = b""
        for line in self._rest[:end].splitlines(keepends=True):
            value = None if kept else _json(line)
            # Once a line is no JSON object, what follows is taken to be one document over several lines.
            if isinstance(value, dict):
                points += parse_metrics(value)
            elif line.strip() or kept:
                kept += line
        self._rest = kept + self._rest[end:]
        return points

    def finish(self) -> list[Point]:
        """Metrics of what is left: a document, or a last line without an end."""
        value, self._rest = _json(self._rest), b""
        return parse_metrics(value)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0
