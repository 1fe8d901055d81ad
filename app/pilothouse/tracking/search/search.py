"""A search that was read: to be shown again, put to the store, or to a single run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pilothouse.tracking.search.errors import SearchError
from pilothouse.tracking.search.matching import matches
from pilothouse.tracking.search.nodes import And, Node, Word, walk
from pilothouse.tracking.search.parser import parse_tree
from pilothouse.tracking.search.rendering import render
from pilothouse.tracking.search.sql import Condition, condition

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run


_LINK = re.compile(r"\s+(?:AND|OR)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Search:
    """A search over runs. Relative times count from the moment that it is put.

    Attributes:
        root: its tree; None matches every run.
        text: how it was written.
    """

    root: Node | None
    text: str = ""

    def __str__(self) -> str:
        return render(self.root)

    def __bool__(self) -> bool:
        """Whether it leaves anything out; an empty search matches every run."""
        return self.root is not None

    def __and__(self, other: Search) -> Search:
        roots = tuple(search.root for search in (self, other) if search.root is not None)
        root = And(roots) if len(roots) == 2 else roots[0] if roots else None
        return Search(root, render(root))

    def condition(self, now: datetime | None = None) -> Condition:
        """Return SQL that is true for the rows of `runs` that match, and its bound values."""
        return condition(self.root, now)

    def matches(self, run: Run, now: datetime | None = None) -> bool:
        """Tell whether a run matches, without the store."""
        return matches(self.root, run, now)

    @property
    def words(self) -> tuple[str, ...]:
        """The plain words in it."""
        return tuple(node.value for node in walk(self.root) if isinstance(node, Word)) if self.root else ()


def parse(text: str, now: datetime | None = None) -> Search:
    """Read a search.

    Args:
        text: in the grammar of the package; empty matches every run.
        now: the present, against which times are checked.

    Raises:
        SearchError: it cannot be read; says what is wrong, at which column, and the nearest valid word.
    """
    return Search(parse_tree(text, now), text)


def readable_before(error: SearchError) -> str:
    """Return what stands before the mistake and can be read by itself, without the AND or OR that led on.

    Empty if there is nothing of the kind. `best(loss) < 0.3 and` is not finished, and this much of it is.
    """
    heads = [error.text[: error.start]]
    heads += [error.text[: link.start()] for link in _LINK.finditer(error.text[: error.end])][::-1]
    for head in heads:
        try:
            root = parse_tree(head)
        except SearchError:
            continue
        if root is not None:
            return head.strip()
    return ""
