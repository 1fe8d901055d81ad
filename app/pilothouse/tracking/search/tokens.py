"""The tokens of a search."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pilothouse.tracking.search.errors import SearchError
from pilothouse.tracking.search.fields import PREFIXES
from pilothouse.tracking.search.nodes import Span

Kind: TypeAlias = Literal["word", "string", "name", "operator", "(", ")", ",", "end"]

_SPACE = re.compile(r"\s+")
_OPERATOR = re.compile(r"<=|>=|!=|<>|==|[=<>]")
# A quote inside a word belongs to it (it's); an exclamation mark does unless it starts an operator.
_WORD = re.compile(r"(?:[^\s()=<>!,`]|!(?!=))+")
_PREFIX = re.compile(r"(?:(\w+)|`(\w+)`)\.(?=[`\"'])")
_CANONICAL = {"==": "=", "<>": "!="}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text.

    Attributes:
        kind: `name` is a key in quotes, with or without a prefix; `word` everything that is not quoted.
        value: the text without its quotes, or the operator.
        start: offset of its first character.
        end: offset after its last.
        prefix: of a `name`, what stands before the dot.
        closed: False if its closing quote is missing.
    """

    kind: Kind
    value: str
    start: int
    end: int
    prefix: str = ""
    closed: bool = True

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.start, self.end


def tokenize(text: str, *, strict: bool = True) -> list[Token]:
    """Cut a search into tokens; the last is always `end`.

    Args:
        text: the search.
        strict: raise at a quote that is never closed; otherwise the token runs to the end of the text.

    Raises:
        SearchError: a quote is not closed, or a character is no character.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        space = _SPACE.match(text, at)
        if space:
            at = space.end()
            continue
        token = _token(text, at)
        if strict and not token.closed:
            start = _quote_at(text, token)
            raise SearchError(f"The quote {text[start]} is never closed.", text, (start, token.end))
        tokens.append(token)
        at = token.end
    return [*tokens, Token("end", "", len(text), len(text))]


def _quote_at(text: str, token: Token) -> int:
    prefix = _PREFIX.match(text, token.start)
    return prefix.end() if prefix and token.kind == "name" else token.start


def _token(text: str, at: int) -> Token:
    prefix = _PREFIX.match(text, at)
    if prefix and (prefix[1] or prefix[2]).lower() in PREFIXES:
        value, end, closed = _quoted(text, prefix.end())
        return Token("name", value, at, end, (prefix[1] or prefix[2]).lower(), closed)
    char = text[at]
    if char in "\"'`":
        value, end, closed = _quoted(text, at)
        return Token("name" if char == "`" else "string", value, at, end, closed=closed)
    if char in "(),":
        return Token(char, char, at, at + 1)  # type: ignore[arg-type]
    operator = _OPERATOR.match(text, at)
    if operator:
        return Token("operator", _CANONICAL.get(operator[0], operator[0]), at, operator.end())
    word = _WORD.match(text, at)
    assert word is not None, "every character starts some token"
    return Token("word", word[0], at, word.end())


def _quoted(text: str, at: int) -> tuple[str, int, bool]:
    """Read from an opening quote; return the text inside, the offset after it, and whether it was closed.

    A quote inside is written twice.
    """
    quote, start = text[at], at + 1
    parts: list[str] = []
    while True:
        end = text.find(quote, start)
        if end < 0:
            return "".join([*parts, text[start:]]), len(text), False
        parts.append(text[start:end])
        if text[end + 1 : end + 2] != quote:
            return "".join(parts), end + 1, True
        parts.append(quote)
        start = end + 2
