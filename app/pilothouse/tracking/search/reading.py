"""Going through the tokens of a search: what stands here, what comes, and what is wrong with it."""

from __future__ import annotations

from typing import NoReturn

from pilothouse.tracking.search.errors import Expected, SearchError
from pilothouse.tracking.search.fields import KEYWORDS
from pilothouse.tracking.search.nodes import Field, Node, Span
from pilothouse.tracking.search.tokens import Token, tokenize


class TokenReader:
    """The tokens of a text, and a place among them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.at = 0

    @property
    def token(self) -> Token:
        """The token that stands here."""
        return self.tokens[self.at]

    def ahead(self, steps: int = 1) -> Token:
        """Return a token further on, or the end."""
        return self.tokens[min(self.at + steps, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Return the token that stands here and go on to the next."""
        token = self.token
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def stands(self, *kinds: str) -> bool:
        """Say whether a token of one of these kinds stands here."""
        return self.token.kind in kinds

    def fail(
        self,
        message: str,
        span: Span | None = None,
        *,
        hint: str = "",
        expected: Expected = Expected.NOTHING,
        field: Field | None = None,
    ) -> NoReturn:
        """Refuse the search: what is wrong, at which characters, and what might be meant.

        Raises:
            SearchError: always.
        """
        where = span or self.token.span
        raise SearchError(message, self.text, where, hint=hint, expected=expected, field=field)

    def since(self, first: Node) -> Span:
        """Return the characters from the beginning of a node up to here."""
        return first.span[0], self.tokens[self.at - 1].end


def keyword(token: Token) -> str:
    """Return the keyword that a token is, in capitals; empty if it is none."""
    word = token.value.upper() if token.kind == "word" else ""
    return word if word in KEYWORDS else ""
