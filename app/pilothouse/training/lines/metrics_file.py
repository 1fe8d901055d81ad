"""Metrics that a script writes as JSON: a file of lines that grows, or documents over several lines.

A line that is none is passed over and counted, so that it costs itself and nothing that follows. What began
and was not ended (by a script that was killed) is given up where the next line shows it.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilothouse.tracking.figures import MOST_STEP
from pilothouse.training.lines.unread import LONGEST_EXAMPLE, tell_unread
from pilothouse.training.lines.words import names_metric

Point = tuple[int | None, dict[str, float]]
"""A step, or None if none was said yet, and metrics by name."""


def parse_metrics(value: Any) -> list[Point]:
    """Metrics of a JSON value: an object, nested ones named with dots, or a list of objects.

    `step`, at the top of an object, counts its metrics. What is no number is passed over; text that is one
    counts where its name is that of a metric, since `default=str` makes such of NumPy's numbers.
    """
    if isinstance(value, list):
        return [point for item in value for point in parse_metrics(item)]
    if not isinstance(value, Mapping):
        return []
    step = value.get("step")
    if (isinstance(step, float) and step.is_integer()) or (isinstance(step, str) and _WHOLE.fullmatch(step)):
        step = int(step)  # as NumPy and pandas write it
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
                with contextlib.suppress(OverflowError):
                    found[name] = float(item)
            elif isinstance(item, str) and len(item) <= 40 and names_metric(str(key)) and len(name) <= 200:
                with contextlib.suppress(ValueError):
                    found[name] = float(item)


_DECODER = json.JSONDecoder()
_WHOLE = re.compile(r"[0-9]{1,15}")
_MORE = re.compile(r"\S")
# A text may be made so that each of its lines begins a document that fails at its very end.
_MOST_FAILURES = 100


class MetricsFile:
    """Reads a growing file of JSON, cut anywhere: an object a line, or documents over several lines.

    Attributes:
        unread: lines that are no JSON object, and no part of one.
        example: the first of them.
    """

    def __init__(self) -> None:
        self.unread = 0
        self.example = ""
        self._text = ""  # whole lines that were not read yet: a document that has not ended
        self._torn = b""  # a line that has not ended
        self._begun = False
        self._enough = 0  # characters of an unfinished document from which on it is tried again
        self._failed = 0  # documents over several lines that were none
        self._broken = False  # among the lines of one of them

    def feed(self, data: bytes) -> list[Point]:
        """Metrics of the lines and documents that `data` completes."""
        self._torn += data
        end = self._torn.rfind(b"\n") + 1
        lines, self._torn = self._torn[:end], self._torn[end:]
        return self._take(lines, final=False) if lines else []

    def finish(self) -> list[Point]:
        """Metrics of what is left, once nobody writes to it."""
        rest, self._torn = self._torn, b""
        return self._take(rest, final=True)

    def complaint(self) -> str:
        """Say which lines were not read; nothing if there are none."""
        return tell_unread(
            self.unread, " of the metrics file", "is no JSON object", "are no JSON objects", self.example
        )

    def _take(self, data: bytes, *, final: bool) -> list[Point]:
        text = self._text + data.decode("utf-8", "replace")
        if not self._begun and text:
            text, self._begun = text.removeprefix("\ufeff"), True  # as Windows writes it
        if not final and len(text) < self._enough:
            self._text = text
            return []
        self._enough = at = 0
        points: list[Point] = []
        while at < len(text):
            end = text.find("\n", at) + 1 or len(text)
            if not text[at:end].strip():
                at = end
                continue
            # A document that did not end is shown by its indented lines, which are no lines of their own.
            if self._broken and text[at] in " \t}]":
                self._refuse(text[at:end])
                at = end
                continue
            whole = self._failed < _MOST_FAILURES
            found = _values(text, at) if whole else _values(text[at:end], 0, before=at)
            if found.unfinished and whole and not final:
                # Tried again when there is twice as much: a document that grows is not read again and again.
                self._enough = 2 * (len(text) - at)
                break
            for value in found.values:
                points += parse_metrics(value)
            self._broken = found.wrong >= found.end
            self._failed += self._broken
            if found.wrong < 0:
                at = found.end
            else:
                self._refuse(text[found.rest : found.end])
                at = _after_torn(text, found.rest, found.end)
        self._text = text[at:]
        return points

    def _refuse(self, line: str) -> None:
        self.unread += 1
        self.example = self.example or line.strip()[:LONGEST_EXAMPLE]


@dataclass(frozen=True, slots=True)
class _Found:
    """What begins somewhere in a text.

    Attributes:
        values: objects, or lists of them.
        end: of the line in which the last of them ends.
        rest: where what follows them in that line begins.
        wrong: where it became clear that this is none; -1 if nothing follows.
        unfinished: it may yet become one, if the text goes on.
    """

    values: tuple[Any, ...]
    end: int
    rest: int
    wrong: int = -1
    unfinished: bool = False


def _values(text: str, at: int, before: int = 0) -> _Found:
    """The JSON values from `at` to the end of the line in which the last of them ends.

    `before` characters were cut off in front of the text; what is returned counts them.
    """
    values: list[Any] = []
    while True:
        end = text.find("\n", at) + 1 or len(text)
        while at < end and (text[at].isspace() or (values and text[at] == ",")):
            at += 1
        wrong, unfinished = at, False
        if at == end:
            wrong = -1 - before
        elif text[at] in "{[":
            try:
                value, after = _DECODER.raw_decode(text, at)
            except json.JSONDecodeError as error:
                wrong, unfinished = error.pos, _MORE.search(text, error.pos) is None
            except RecursionError:
                wrong = end  # deeper than any line of a script
            except ValueError:
                pass  # a number of thousands of digits
            else:
                if not isinstance(value, list) or not value or any(isinstance(one, Mapping) for one in value):
                    values.append(value)
                    at = after
                    continue
        return _Found(tuple(values), end + before, at + before, wrong + before, unfinished)


def _after_torn(text: str, at: int, end: int) -> int:
    """Where to go on behind a line that is wrong: behind it, or within it.

    A script that was killed in the middle of a line and started again writes the next object into the same
    line. It begins as the torn one does; an object within that one would follow on a colon, comma or bracket.
    """
    head = text[at : text.find(":", at, end) + 1]
    again = text.rfind(head, at + 1, end) if head.startswith("{") else -1
    return again if again > at and text[at:again].rstrip()[-1] not in ":,[{" else end
