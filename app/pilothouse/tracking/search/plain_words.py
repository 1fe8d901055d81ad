"""What may have been meant by words of a search that were taken as plain words, and must occur in a run."""

from __future__ import annotations

from collections.abc import Callable

from pilothouse.tracking.search.fields import attribute_field
from pilothouse.tracking.search.nodes import Among, Compare, Field, Missing, Node, Text, Word, walk
from pilothouse.tracking.search.rendering import quoted, render_field

_MOST = 6


def about_words(root: Node, named: Callable[[str], Field | None]) -> list[str]:
    """Return sentences on the words of a search that found nothing; none where plain words were surely meant.

    Args:
        root: the search.
        named: finds the metric, parameter or tag of this name, if there is one.
    """
    nodes = list(walk(root))
    words = [node for node in nodes if isinstance(node, Word) and _bare(node)]
    compared = any(isinstance(node, Compare | Among | Missing) for node in nodes)
    at = next((n for n, word in enumerate(words) if word.value.lower() == "between"), None)
    if at is not None and (range_ := _range(words, at, named)):
        return [range_]
    if not words or not (compared or at is not None):
        return []
    told = ", ".join(f"`{word.value[:40]}`" for word in words[:_MOST])
    more = f" and {len(words) - _MOST} more" if len(words) > _MOST else ""
    taken = f"{told}{more} {'was' if len(words) == 1 else 'were'} looked for as {_plain(len(words))}"
    said = _said_with(nodes, words)
    return [f"{taken}; {said}" if said else f"{taken}."]


def _plain(count: int) -> str:
    return "a plain word" if count == 1 else "plain words"


def _bare(word: Word) -> bool:
    """Whether it stood without quotes, which take their own room."""
    return word.span[1] - word.span[0] == len(word.value)


def _said_with(nodes: list[Node], words: list[Word]) -> str:
    """How a condition is written whose value ends where the first plain words begin."""
    for node in nodes:
        if isinstance(node, Compare) and isinstance(node.value, Text):
            value, end = node.value.value, node.span[1]
            for word in words:
                if end < word.span[0] <= end + 2:
                    value, end = f"{value} {word.value}", word.span[1]
            if end > node.span[1]:
                whole = f"{render_field(node.field)} {node.operator} {quoted(value, chr(39))}"
                return f"a value of several words stands in quotes: {whole[:120]}"
    return ""


def _range(words: list[Word], at: int, named: Callable[[str], Field | None]) -> str:
    """How `loss between 0 and 1` is written here."""
    if at < 1 or len(words) < at + 3:
        return ""
    name, low, high = (words[n].value for n in (at - 1, at + 1, at + 2))
    field = attribute_field(name) or named(name)
    shown = render_field(field) if field is not None else f"metrics.{name}"
    return f"There is no BETWEEN: write {shown} >= {low} AND {shown} <= {high}"[:200]
