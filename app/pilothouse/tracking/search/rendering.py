"""From tree to text, such that reading the text gives the tree again."""

from __future__ import annotations

import math
import re

from pilothouse.tracking.search.fields import KEYWORDS
from pilothouse.tracking.search.nodes import (
    Among,
    And,
    Compare,
    Field,
    Missing,
    Moment,
    Node,
    Not,
    Number,
    Or,
    Text,
    Value,
    Word,
)

_PLAIN = re.compile(r"[A-Za-z0-9_]+", re.ASCII)


def render(node: Node | None) -> str:
    """Write a tree as a search: keywords in capitals, texts in quotes, an AND between any two conditions."""
    if node is None:
        return ""
    match node:
        case Word(value):
            plain = _PLAIN.fullmatch(value) and value.upper() not in KEYWORDS
            return value if plain else quoted(value, '"')
        case Not(item):
            return f"NOT {_inside(item)}"
        case And(items):
            return " AND ".join(map(_inside, items))
        case Or(items):
            return " OR ".join(_alternative(item) for item in items)
        case Missing(field, negated):
            return f"{render_field(field)} IS {'NOT ' if negated else ''}NULL"
        case Among(field, values, negated):
            listed = ", ".join(map(render_value, values))
            return f"{render_field(field)} {'NOT ' if negated else ''}IN ({listed})"
        case Compare(field, operator, value):
            return f"{render_field(field)} {operator} {render_value(value)}"


def _alternative(item: Node) -> str:
    """Write an item of an OR: only another OR needs parentheses."""
    return f"({render(item)})" if isinstance(item, Or) else render(item)


def _inside(item: Node) -> str:
    return f"({render(item)})" if isinstance(item, And | Or) else render(item)


def render_field(field: Field) -> str:
    """Write a field as a search names it."""
    if field.section == "attributes":
        return field.key
    key = field.key if _PLAIN.fullmatch(field.key) else quoted(field.key, "`")
    name = f"{field.section}.{key}"
    return name if field.which == "last" else f"{field.which}({name})"


def render_value(value: Value) -> str:
    """Write a value: numbers plainly, everything else in quotes."""
    match value:
        case Text(text) | Moment(text):
            return quoted(text, "'")
        case Number(number):
            whole = math.isfinite(number) and number == int(number) and abs(number) < 1e15
            return str(int(number)) if whole else repr(number)


def quoted(text: str, quote: str) -> str:
    """Put a text in quotes, writing each such quote inside twice."""
    return quote + text.replace(quote, quote * 2) + quote
