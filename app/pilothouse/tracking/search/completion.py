"""What may come next in a search that is being typed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pilothouse.tracking.numerals import number_of
from pilothouse.tracking.search.errors import Expected, SearchError
from pilothouse.tracking.search.fields import ATTRIBUTES, FUNCTIONS, PREFIXES, attribute_field, kind_of
from pilothouse.tracking.search.keys import Keys
from pilothouse.tracking.search.nodes import Field, Section, Word, walk
from pilothouse.tracking.search.parser import parse_tree
from pilothouse.tracking.search.rendering import quoted, render_field
from pilothouse.tracking.search.tokens import Token, tokenize

Kind: TypeAlias = Literal["prefix", "key", "attribute", "function", "operator", "keyword", "value"]

STATUSES = ("FINISHED", "FAILED", "RUNNING", "KILLED", "LOST", "SCHEDULED")
_TIMES = ("today", "yesterday", "1 hour ago", "1 day ago", "7 days ago", "30 days ago")
_DURATIONS = ("10 s", "1 min", "10 min", "1 h")
_COMPARISONS = ("=", "!=", ">", ">=", "<", "<=")
_LIKES = ("LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE")
_SETS = ("IN (", "NOT IN (", "IS NULL", "IS NOT NULL")
_ABOUT_PREFIX = {
    "metrics.": "a metric, by its last value",
    "params.": "a parameter, as a number or a text",
    "tags.": "a tag",
}
_ABOUT_FUNCTION = {
    "best": "a metric's best value, by its direction",
    "max": "a metric's largest value",
    "min": "a metric's smallest value",
    "last": "a metric's last value, of its highest step",
}
_REST = re.compile(r"[\w.\-]*")


@dataclass(frozen=True, slots=True)
class Completion:
    """One proposal: `text` in place of what stands from `start` to `end`."""

    text: str
    start: int
    end: int
    kind: Kind
    about: str = ""

    def apply(self, text: str) -> tuple[str, int]:
        """Return the text with the proposal in it, and where the cursor then stands."""
        return text[: self.start] + self.text + text[self.end :], self.start + len(self.text)


_Offer: TypeAlias = tuple[str, Kind, str]


def complete(text: str, cursor: int, keys: Keys | None = None, limit: int = 50) -> list[Completion]:
    """Propose what could be typed at the cursor, the nearest first.

    Args:
        text: the search as far as it is typed; it need not be valid.
        cursor: an offset into it.
        keys: the names in the store; without them, only the grammar's own words are proposed.
        limit: proposals at most.
    """
    cursor = max(0, min(cursor, len(text)))
    start, typed = _fragment(text[:cursor])
    rest = _REST.match(text, cursor)
    end = rest.end() if rest and typed else cursor
    offers = _offers(text[:start], typed, keys or Keys())
    ranked = sorted(
        (rank, number, offer)
        for number, offer in enumerate(offers)
        if (rank := _rank(offer[0], typed)) is not None and offer[0] != text[start:end]
    )
    seen: dict[str, Completion] = {}
    for _, _, (offered, kind, about) in ranked:
        seen.setdefault(offered, Completion(offered, start, end, kind, about))
    return list(seen.values())[:limit]


def value_wanted(text: str, cursor: int) -> tuple[Field, str] | None:
    """Return the parameter or tag whose value is being typed, and what of it is; None elsewhere.

    Its values are not among `Keys` from the start: there are too many fields to ask for all of them.
    """
    start, typed = _fragment(text[: max(0, cursor)])
    try:
        parse_tree(text[:start])
    except SearchError as error:
        named = error.field
        if error.expected is Expected.VALUE and named is not None and named.section in ("params", "tags"):
            return named, typed
    return None


def _fragment(head: str) -> tuple[int, str]:
    """Return where the unfinished word before the cursor starts, and what it says without its quotes."""
    try:
        tokens = tokenize(head, strict=False)
    except SearchError:
        return len(head), ""
    token = tokens[-2] if len(tokens) > 1 else tokens[-1]
    if token.end != len(head) or not (token.kind == "word" or (token.kind != "end" and not token.closed)):
        return len(head), ""
    return token.start, _typed(token)


def _typed(token: Token) -> str:
    return f"{token.prefix}.{token.value}" if token.prefix else token.value


def _rank(offered: str, typed: str) -> int | None:
    """Return how well an offer fits: 0 it starts so, 1 its key does, 2 it is contained; None not at all."""
    plain, low = re.sub(r"[`'\"]", "", offered).lower(), typed.lower()
    if plain.startswith(low):
        return 0
    key = plain.rpartition("(")[2]
    key = key.partition(".")[2] or key
    if key.startswith(low):
        return 1
    return 2 if low in plain else None


def _offers(before: str, typed: str, keys: Keys) -> Iterator[_Offer]:
    try:
        root = parse_tree(before)
    except SearchError as error:
        yield from _after_error(error, before, typed, keys)
        return
    if root is None:
        yield from _terms(typed, keys)
        return
    last = list(walk(root))[-1]
    written = isinstance(last, Word) and before[last.span[0] : last.span[1]] == last.value
    # A parenthesis that closed after the word has made it a word for good.
    if isinstance(last, Word) and written and before[last.span[1] :].isspace():
        named = attribute_field(last.value)
        if named is not None:
            yield from _operators(named)
    yield from _links(typed, keys)


def _after_error(error: SearchError, before: str, typed: str, keys: Keys) -> Iterator[_Offer]:
    tail = before[error.start :].strip().upper()
    if error.expected is Expected.OPERATOR and error.field and tail == "NOT":
        for word in ("IN (", "LIKE", "ILIKE"):
            yield word, "operator", ""
    elif tail:
        # Something in front of the cursor is wrong: a proposal here would not mend it.
        return
    elif error.expected is Expected.TERM:
        yield from _terms(typed, keys)
    elif error.expected is Expected.METRIC:
        for key in keys.metrics:
            yield render_field(Field("metrics", key)), "key", ""
    elif error.expected is Expected.OPERATOR and error.field:
        yield from _operators(error.field)
    elif error.expected is Expected.VALUE and error.field:
        yield from _values(error.field, keys)
    elif error.expected is Expected.NULL:
        if before.rstrip().upper().endswith("NOT"):
            yield "NULL", "keyword", "the run has it"
        else:
            yield "NULL", "keyword", "the run lacks it"
            yield "NOT NULL", "keyword", "the run has it"
    elif error.expected is Expected.LIST:
        yield "(", "operator", "a list of values"
    elif error.expected is Expected.CLOSE:
        yield ")", "keyword", "closes the parenthesis"
    elif error.expected is Expected.ITEM_END:
        yield ",", "keyword", "another value"
        yield ")", "keyword", "closes the list"
    elif error.expected is Expected.LINK:
        yield from _links(typed, keys)
        yield ")", "keyword", "closes the parenthesis"


def _links(typed: str, keys: Keys) -> Iterator[_Offer]:
    yield "AND", "keyword", "both"
    yield "OR", "keyword", "either"
    if typed:
        yield from _terms(typed, keys)


def _terms(typed: str, keys: Keys) -> Iterator[_Offer]:
    for attribute in ATTRIBUTES:
        yield attribute.name, "attribute", attribute.about
    for prefix, about in _ABOUT_PREFIX.items():
        yield prefix, "prefix", about
    if typed:
        yield from _keys(typed, keys)
    for name in FUNCTIONS:
        yield f"{name}(", "function", _ABOUT_FUNCTION[name]
    yield "NOT", "keyword", "where the next condition is false"


def _keys(typed: str, keys: Keys) -> Iterator[_Offer]:
    prefix, dot, _ = typed.partition(".")
    wanted = PREFIXES.get(prefix.lower()) if dot else None
    sections: tuple[tuple[Section, tuple[str, ...]], ...] = (
        ("metrics", keys.metrics),
        ("params", keys.params),
        ("tags", keys.tags),
    )
    for section, names in sections:
        if wanted in (None, section):
            for key in names:
                name = render_field(Field(section, key))
                # An alias that was typed stays as it was typed.
                shown = prefix + name[len(section) :] if wanted else name
                yield shown, "key", ""


def _operators(named: Field) -> Iterator[_Offer]:
    kind = kind_of(named)
    likes = _LIKES if kind in ("text", "either") else ()
    for operator in (*_COMPARISONS, *likes, *_SETS):
        yield operator, "operator", ""


def _values(named: Field, keys: Keys) -> Iterator[_Offer]:
    kind = kind_of(named)
    name = render_field(named)
    values = keys.values.get(name, ())
    if name == "status":
        values = values or STATUSES
    elif kind == "time":
        values = _TIMES
    elif kind == "seconds":
        values = _DURATIONS
    for value in values:
        # A number in quotes would be compared letter by letter.
        number = number_of(value) if kind == "either" else None
        bare = number is not None and math.isfinite(number) and value == value.strip()
        yield (value if bare else quoted(value, "'")), "value", ""
