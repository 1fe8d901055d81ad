"""Metrics that a script writes as JSON: a file of lines that grows, or one document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pilothouse.tracking.figures import MOST_STEP

Point = tuple[int | None, dict[str, float]]
"""A step, or None if none was said yet, and metrics by name."""


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
    flatten(value, "", found)
    if isinstance(step, int) and not isinstance(step, bool) and abs(step) < MOST_STEP:
        found.pop("step", None)
        return [(step, found)] if found else []
    return [(None, found)] if found else []


def flatten(value: Mapping[Any, Any], prefix: str, found: dict[str, float]) -> None:
    """Put the numbers of nested objects into `found`, named with dots."""
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
