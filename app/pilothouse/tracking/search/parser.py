"""From text to tree, by recursive descent.

    either     := both (OR both)*
    both       := one (AND? one)*
    one        := NOT one | '(' either ')' | condition | word
    condition  := field operator value | field [NOT] IN '(' value (',' value)* ')' | field IS [NOT] NULL
    field      := attribute | prefix '.' key | function '(' metric ')'

Whether a word is a field shows in what follows it: `model` alone is searched for, `model = late` is a
condition.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NoReturn

from pilothouse.tracking.search.errors import Expected, SearchError, nearest
from pilothouse.tracking.search.fields import (
    ATTRIBUTE_NAMES,
    DATASET_KEYS,
    FUNCTIONS,
    KEYWORDS,
    PREFIXES,
    attribute_field,
    kind_of,
)
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
from pilothouse.tracking.search.tokens import Token, tokenize
from pilothouse.tracking.search.values import describe, value_of

MAX_LENGTH = 50_000
MAX_TERMS = 50
"""Each may be a pass over a table: more would keep everyone else from the store for seconds."""
MAX_VALUES = 500
MAX_DEPTH = 40
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


class _Parser:
    def __init__(self, text: str, now: datetime) -> None:
        self.text = text
        self.now = now
        self.tokens = tokenize(text)
        self.at = 0
        self.depth = 0
        self.terms = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, steps: int = 1) -> Token:
        return self.tokens[min(self.at + steps, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.token
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def stands(self, *kinds: str) -> bool:
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
        where = span or self.token.span
        raise SearchError(message, self.text, where, hint=hint, expected=expected, field=field)

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
        while _keyword(self.token) == "OR":
            self.take()
            items.append(self.both())
        return items[0] if len(items) == 1 else Or(tuple(items), self.since(items[0]))

    def both(self) -> Node:
        items = [self.one()]
        while not self.stands("end", ")") and _keyword(self.token) != "OR":
            if _keyword(self.token) == "AND":
                self.take()
            items.append(self.one())
        return items[0] if len(items) == 1 else And(tuple(items), self.since(items[0]))

    def since(self, first: Node) -> Span:
        return first.span[0], self.tokens[self.at - 1].end

    def one(self) -> Node:
        token = self.token
        if _keyword(token) == "NOT" or token.kind == "(":
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
        if _keyword(token) in ("AND", "OR"):
            self.fail(f"A condition or a word is missing before {token.value}.", expected=Expected.TERM)
        field = self.field()
        return self.bare() if field is None else self.condition(field)

    # Words

    def bare(self) -> Node:
        first = self.token
        if first.kind == "string":
            self.take()
            return Word(first.value, first.span)
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

    # Fields

    def field(self) -> Field | None:
        """Take a field if one stands here, followed by an operator; otherwise take nothing."""
        token = self.token
        if token.kind == "name":
            self.take()
            return self.named(token.prefix or "run", token.value, token)
        if token.kind != "word":
            return None
        opened = self.ahead()
        if token.value.lower() in FUNCTIONS and opened.kind == "(" and opened.start == token.end:
            return self.function()
        prefix, dot, key = token.value.partition(".")
        prefixed = bool(dot) and prefix.lower() in PREFIXES
        if not self.compares(certain=prefixed or attribute_field(token.value) is not None):
            if not prefixed or PREFIXES[prefix.lower()] == "attributes":
                return None
            self.take()
            found = self.named(prefix, key, token)
            self.fail(
                f"{describe(found)} needs a comparison.",
                hint="Such as > 0.9 or = 'text'. In quotes it is searched for as a text.",
                expected=Expected.OPERATOR,
                field=found,
            )
        if prefixed:
            self.take()
            return self.named(prefix, key, token)
        known = attribute_field(token.value)
        if known is not None:
            self.take()
            return _placed(known, token.span)
        if self.glued():
            return None
        self.unknown(token)

    def compares(self, certain: bool) -> bool:
        """Tell whether an operator follows. After a word that is no known field, only a whole one counts."""
        after, then = self.ahead(), self.ahead(2)
        if after.kind == "operator":
            return True
        word = _keyword(after)
        if word == "NOT":
            word = _keyword(then)
            then = self.ahead(3)
            return word in ("IN", "LIKE", "ILIKE") and (certain or then.kind in ("(", "string"))
        if word not in ("IN", "LIKE", "ILIKE", "IS"):
            return False
        whole = then.kind in ("(", "string") or (word == "IS" and _keyword(then) in ("NULL", "NOT"))
        return certain or whole

    def glued(self) -> bool:
        """Tell whether the word goes on as in `lr=0.1`, which is searched for as it stands."""
        sign, value = self.ahead(), self.ahead(2)
        if self.text[sign.start : sign.end] != "=" or sign.start != self.token.end:
            return False
        if value.kind in ("end", ")") or _keyword(value) in ("AND", "OR"):
            return True
        return value.kind == "word" and value.start == sign.end

    def unknown(self, token: Token) -> NoReturn:
        prefix, dot, _ = token.value.partition(".")
        near = nearest(prefix, PREFIXES) if dot else nearest(token.value, (*ATTRIBUTE_NAMES, *PREFIXES))
        shown = prefix if dot else token.value
        what = "prefix" if dot else "attribute of a run"
        span = (token.start, token.start + len(shown))
        key = token.value if not dot else ""
        hint = f"Did you mean {near}?" if near else ""
        if key and not near:
            hint = f"A parameter is params.{key[:40]}, a metric metrics.{key[:40]}."
        self.fail(f"{shown[:60]!r} is no {what}.", span, hint=hint, expected=Expected.TERM)

    def function(self) -> Field:
        """Take `max(metrics.auc)`; the prefix may be left out."""
        which = FUNCTIONS[self.take().value.lower()]
        self.take()
        token = self.take()
        if token.kind == "name":
            found = self.named(token.prefix or "metrics", token.value, token)
        elif token.kind == "word":
            prefix, dot, key = token.value.partition(".")
            known = bool(dot) and prefix.lower() in PREFIXES
            found = self.named(prefix, key, token) if known else Field("metrics", token.value)
        else:
            self.fail(
                f"{which} needs a metric.",
                token.span,
                hint=f"Such as {which}(metrics.auc).",
                expected=Expected.METRIC,
            )
        if found.section != "metrics":
            self.fail(f"{which} is of a metric.", token.span, hint=f"Such as {which}(metrics.auc).")
        if not self.stands(")"):
            self.fail(f"A ) is missing after {which}(…", expected=Expected.CLOSE)
        self.take()
        found = _placed(Field("metrics", found.key, which), token.span)
        self.at -= 1
        if not self.compares(certain=True):
            self.at += 1
            self.fail(f"{describe(found)} needs a comparison.", expected=Expected.OPERATOR, field=found)
        self.at += 1
        return found

    def named(self, prefix: str, key: str, token: Token) -> Field:
        section = PREFIXES[prefix.lower()]
        if section == "datasets":
            if key.lower() not in DATASET_KEYS:
                near = nearest(key, DATASET_KEYS) or ", ".join(DATASET_KEYS)
                self.fail(f"A dataset has no {key[:60]!r}.", token.span, hint=f"Did you mean {near}?")
            return Field(*DATASET_KEYS[key.lower()], span=token.span)
        if section == "attributes":
            found = attribute_field(key)
            if found is None:
                near = nearest(key, ATTRIBUTE_NAMES)
                hint = f"Did you mean {near}?" if near else f"There are {', '.join(ATTRIBUTE_NAMES)}."
                self.fail(f"A run has no attribute {key[:60]!r}.", token.span, hint=hint)
            return _placed(found, token.span)
        if not key and token.kind == "word":
            self.fail(
                f"A key is missing after {token.value}", (token.end, token.end), hint="Such as metrics.auc."
            )
        return Field(section, key, span=token.span)

    # Conditions

    def condition(self, field: Field) -> Node:
        start = field.span[0]
        token = self.take()
        word = token.value if token.kind == "operator" else _keyword(token)
        negated = word == "NOT"
        if negated:
            word = _keyword(self.take())
        if word == "IS":
            negated = _keyword(self.token) == "NOT"
            if negated:
                self.take()
            if _keyword(self.token) != "NULL":
                self.fail("After IS comes NULL or NOT NULL.", expected=Expected.NULL, field=field)
            return Missing(field, negated, (start, self.take().end))
        if word == "IN":
            values = self.values(field)
            return Among(field, values, negated, (start, self.tokens[self.at - 1].end))
        if word not in ("=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE"):
            self.fail(
                f"{describe(field)} needs a comparison.", token.span, expected=Expected.OPERATOR, field=field
            )
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
        if token.kind not in ("word", "string") or _keyword(token) in ("AND", "OR", "NOT", "NULL"):
            self.fail(
                f"{describe(field)} {operator} needs a value.",
                hint="Use IS NULL." if _keyword(token) == "NULL" else "",
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


def _keyword(token: Token) -> str:
    word = token.value.upper() if token.kind == "word" else ""
    return word if word in KEYWORDS else ""


def _placed(field: Field, span: Span) -> Field:
    return Field(field.section, field.key, field.which, span)
