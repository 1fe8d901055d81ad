"""From text to tree, by recursive descent.

either     := both (OR both)*
both       := one (AND? one)*
one        := NOT one | '(' either ')' | condition | word
condition  := field operator value | field [NOT] IN '(' value (',' value)* ')' | field IS [NOT] NULL
field      := attribute | prefix '.' key | function '(' metric ')'
"""

from __future__ import annotations

from datetime import UTC, datetime

from pilothouse.tracking.search.errors import Expected, SearchError
from pilothouse.tracking.search.field_reading import FieldReader
from pilothouse.tracking.search.fields import kind_of
from pilothouse.tracking.search.nodes import (
    Among,
    And,
    Compare,
    Field,
    Missing,
    Node,
    Not,
    Or,
    Span,
    Value,
    Word,
)
from pilothouse.tracking.search.reading import keyword
from pilothouse.tracking.search.values import describe, value_of

MAX_LENGTH = 50_000
MAX_TERMS = 50
"""Each may be a pass over a table: more would keep everyone else from the store for seconds."""
MAX_VALUES = 500
MAX_DEPTH = 40
_MATCHES = ("~", "!~", "~*", "!~*", "=~")
"""How other languages say that a text matches a pattern; here that would be a word to be found."""
_LIKE = "Use LIKE, as in name LIKE '%part%', or ILIKE for any case."
_PHRASE = 6
"""Words at most in a time or duration without quotes, such as 1 day 2 hours ago."""


def parse_tree(text: str, now: datetime | None = None) -> Node | None:
    """Return the tree of a search; None for one that is empty and so matches everything.

    Raises:
        SearchError: it cannot be read; says where and why.
    """
    if len(text) > MAX_LENGTH:
        message = f"A search may have {MAX_LENGTH:,} characters; this one has {len(text):,}."
        raise SearchError(message, text, (MAX_LENGTH, len(text)))
    for at, char in enumerate(text):
        if "\ud800" <= char <= "\udfff":
            raise SearchError("Half a character stands here.", text, (at, at + 1))
    return _Parser(text, now or datetime.now(UTC)).parse()


class _Parser(FieldReader):
    def __init__(self, text: str, now: datetime) -> None:
        super().__init__(text)
        self.now = now
        self.depth = 0
        self.terms = 0

    def parse(self) -> Node | None:
        if self.stands("end"):
            return None
        node = self.either()
        if self.stands(")"):
            self.fail("This ) closes nothing.")
        assert self.stands("end"), "both() reads whatever is not a closing parenthesis"
        return node

    def either(self) -> Node:
        items = [self.both()]
        while keyword(self.token) == "OR":
            self.take()
            items.append(self.both())
        return items[0] if len(items) == 1 else Or(tuple(items), self.since(items[0]))

    def both(self) -> Node:
        items = [self.one()]
        while not self.stands("end", ")") and keyword(self.token) != "OR":
            if keyword(self.token) == "AND":
                self.take()
            items.append(self.one())
        return items[0] if len(items) == 1 else And(tuple(items), self.since(items[0]))

    def one(self) -> Node:
        token = self.token
        if keyword(token) == "NOT" or token.kind == "(":
            self.take()
            self.depth += 1
            if self.depth > MAX_DEPTH:
                self.fail(f"More than {MAX_DEPTH} levels of NOT and parentheses.", token.span)
            if token.kind == "(":
                node = self.either()
                if not self.stands(")"):
                    self.fail("A ) is missing.", expected=Expected.LINK)
                self.take()
            else:
                item = self.one()
                node = Not(item, (token.start, self.tokens[self.at - 1].end))
            self.depth -= 1
            return node
        self.terms += 1
        if self.terms > MAX_TERMS:
            self.fail(f"More than {MAX_TERMS} conditions.", token.span)
        return self.term()

    def term(self) -> Node:
        token = self.token
        if token.kind in ("end", ")"):
            self.fail("A condition or a word is missing.", expected=Expected.TERM)
        if token.kind == "operator":
            self.fail(
                f"{self.text[token.start : token.end]} needs a field on its left.",
                hint="Put a text with such signs in quotes.",
            )
        if keyword(token) in ("AND", "OR"):
            self.fail(f"A condition or a word is missing before {token.value}.", expected=Expected.TERM)
        field = self.field()
        return self.bare() if field is None else self.condition(field)

    # Words

    def bare(self) -> Node:
        first = self.token
        if first.kind == "string":
            self.take()
            return Word(first.value, first.span)
        if first.value in _MATCHES:
            self.fail(f"{first.value} is no comparison here.", first.span, hint=_LIKE)
        span = self.chunk(in_list=False)
        return Word(self.text[span[0] : span[1]], span)

    def chunk(self, in_list: bool) -> Span:
        """Take everything up to the next space or parenthesis, whatever tokens it was cut into."""
        first = last = self.take()
        stops = ("(", ")", "end", ",") if in_list else ("(", ")", "end")
        while self.token.start == last.end and self.token.kind not in stops:
            if self.stands("name"):
                self.fail(
                    "Backticks hold the key of a metric, parameter or tag.",
                    hint="Such as metrics.`f1 score`.",
                )
            last = self.take()
        return first.start, last.end

    # Conditions

    def condition(self, field: Field) -> Node:
        start = field.span[0]
        token = self.take()
        word = token.value if token.kind == "operator" else keyword(token)
        negated = word == "NOT"
        if negated:
            word = keyword(self.take())
        if word == "IS":
            negated = keyword(self.token) == "NOT"
            if negated:
                self.take()
            if keyword(self.token) != "NULL":
                self.fail("After IS comes NULL or NOT NULL.", expected=Expected.NULL, field=field)
            return Missing(field, negated, (start, self.take().end))
        if word == "IN":
            values = self.values(field)
            return Among(field, values, negated, (start, self.tokens[self.at - 1].end))
        if word not in ("=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE"):
            self.fail(
                f"{describe(field)} needs a comparison.", token.span, expected=Expected.OPERATOR, field=field
            )
        if word == "=" and token.end == self.token.start and self.token.value.startswith("~"):
            self.fail("=~ is no comparison here.", (token.start, self.token.start + 1), hint=_LIKE)
        value = self.value(field, word, in_list=False)
        operator = f"NOT {word}" if negated else word
        return Compare(field, operator, value, (start, self.tokens[self.at - 1].end))  # type: ignore[arg-type]

    def values(self, field: Field) -> tuple[Value, ...]:
        if not self.stands("("):
            self.fail(
                "After IN comes a list in parentheses.", hint="Such as IN ('a', 'b').", expected=Expected.LIST
            )
        self.take()
        values = [self.value(field, "IN", in_list=True)]
        while self.stands(","):
            self.take()
            # MLflow's own one-item lists end in a comma.
            if self.stands(")"):
                break
            if len(values) == MAX_VALUES:
                self.fail(f"More than {MAX_VALUES} values in a list.")
            values.append(self.value(field, "IN", in_list=True))
        if not self.stands(")"):
            self.fail("A comma or a ) is missing in the list.", expected=Expected.ITEM_END)
        self.take()
        return tuple(values)

    def value(self, field: Field, operator: str, in_list: bool) -> Value:
        token = self.token
        if token.kind == "name":
            self.fail("A value stands in single or double quotes.", hint="Backticks are for keys.")
        if token.kind not in ("word", "string") or keyword(token) in ("AND", "OR", "NOT", "NULL"):
            self.fail(
                f"{describe(field)} {operator} needs a value.",
                hint="Use IS NULL." if keyword(token) == "NULL" else "",
                expected=Expected.VALUE,
                field=field,
            )
        if token.kind == "string":
            self.take()
            span, raw, quoted = token.span, token.value, True
        else:
            span = self.phrase(field) or self.chunk(in_list)
            raw, quoted = self.text[span[0] : span[1]], False
        found = value_of(field, operator, raw, quoted, span, self.now)
        if isinstance(found, str):
            self.fail(found, span, expected=Expected.VALUE, field=field)
        return found

    def phrase(self, field: Field) -> Span | None:
        """Take a time or duration of several words, such as 2 days ago, if one stands here."""
        if kind_of(field) not in ("time", "seconds"):
            return None
        start = self.token.start
        for words in range(_PHRASE, 1, -1):
            tokens = self.tokens[self.at : self.at + words]
            if len(tokens) == words and all(token.kind == "word" for token in tokens):
                end = tokens[-1].end
                if not isinstance(
                    value_of(field, "=", self.text[start:end], False, (start, end), self.now), str
                ):
                    self.at += words
                    return start, end
        return None
