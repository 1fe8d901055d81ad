"""Reading a field of a search: an attribute, a key with its prefix, or a function of a metric.

Whether a word is a field shows in what follows it: `model` alone is searched for, `model = late` is a
condition.
"""

from __future__ import annotations

from typing import NoReturn

from pilothouse.tracking.search.errors import Expected, nearest
from pilothouse.tracking.search.fields import (
    ATTRIBUTE_NAMES,
    DATASET_KEYS,
    FUNCTIONS,
    PREFIXES,
    attribute_field,
)
from pilothouse.tracking.search.nodes import Field, Span
from pilothouse.tracking.search.reading import TokenReader, keyword
from pilothouse.tracking.search.tokens import Token
from pilothouse.tracking.search.values import describe


class FieldReader(TokenReader):
    """Takes a field off the tokens, or says what is wrong with it."""

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
        word = keyword(after)
        if word == "NOT":
            word = keyword(then)
            then = self.ahead(3)
            return word in ("IN", "LIKE", "ILIKE") and (certain or then.kind in ("(", "string"))
        if word not in ("IN", "LIKE", "ILIKE", "IS"):
            return False
        whole = then.kind in ("(", "string") or (word == "IS" and keyword(then) in ("NULL", "NOT"))
        return certain or whole

    def glued(self) -> bool:
        """Tell whether the word goes on as in `lr=0.1`, which is searched for as it stands."""
        sign, value = self.ahead(), self.ahead(2)
        if self.text[sign.start : sign.end] != "=" or sign.start != self.token.end:
            return False
        if value.kind in ("end", ")") or keyword(value) in ("AND", "OR"):
            return True
        return value.kind == "word" and value.start == sign.end

    def unknown(self, token: Token) -> NoReturn:
        """Refuse a word that stands where a field must, and say which is near.

        Raises:
            SearchError: always.
        """
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
        """Return the field of a prefix and a key.

        Raises:
            SearchError: there is no such attribute, or the key is missing.
        """
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


def _placed(field: Field, span: Span) -> Field:
    return Field(field.section, field.key, field.which, span)
