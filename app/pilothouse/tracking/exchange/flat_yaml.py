"""The little YAML that MLflow's `meta.yaml` files are written in: one mapping of names to scalars.

Scalars may be plain or quoted and may go on over several lines, as PyYAML writes long ones. Whatever is
nested comes back as its text; aliases, tags and literal blocks are refused.
"""

from __future__ import annotations

import re

_KEY = re.compile(r"([A-Za-z_][\w.-]*):(?: +(.*))?")
_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)


def read_flat_yaml(text: str) -> dict[str, str | None]:
    """Return the mapping; an absent value or `null` is None, every other scalar its text.

    Raises:
        ValueError: a line is not of this kind.
    """
    values: dict[str, str | None] = {}
    key, lines = "", list[str]()
    # Only \n ends a line here: PyYAML escapes or quotes the other breaks.
    for line in [*text.replace("\r\n", "\n").split("\n"), "\0"]:
        inside = key and (not line.strip() or line[0] in " \t-")
        if inside and line != "\0":
            lines.append(line)
            continue
        if key:
            values[key] = _scalar(lines)
        if line == "\0" or not line.strip() or line.startswith(("#", "---", "...", "%")):
            key = ""
            continue
        found = _KEY.fullmatch(line)
        if found is None:
            raise ValueError(f"{line[:60]!r} is no line of the form `name: value`")
        key, lines = found[1], [found[2] or ""]
    return values


def _scalar(lines: list[str]) -> str | None:
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        return None
    first = lines[0].lstrip()
    if first[:1] in ("|", ">", "&", "*", "!", "%", "@", "`"):
        raise ValueError(f"{first[:60]!r} is not a plain or quoted value")
    if first.startswith('"'):
        return _double_quoted(lines)
    if first.startswith("'"):
        folded = _fold(lines).strip()
        if len(folded) < 2 or not folded.endswith("'"):
            raise ValueError(f"{first[:60]!r} has no closing quotation mark")
        return folded[1:-1].replace("''", "'")
    folded = _fold(lines).strip()
    return None if folded in ("", "null", "~") else folded


def _fold(lines: list[str]) -> str:
    """Join lines: a break is a space, an empty line a break."""
    text, breaks = lines[0], 0
    for line in lines[1:]:
        if not line.strip():
            breaks += 1
            continue
        text += ("\n" * breaks or " ") + line.strip(" \t")
        breaks = 0
    return text


def _double_quoted(lines: list[str]) -> str:
    text, breaks = lines[0].strip(), 0
    for line in lines[1:]:
        if not line.strip():
            breaks += 1
            continue
        trailing = len(text) - len(text.rstrip("\\"))
        # An escaped break joins without a space.
        text = text[:-1] if trailing % 2 and not breaks else text + ("\n" * breaks or " ")
        text += line.strip(" \t")
        breaks = 0
    if len(text) < 2 or not text.endswith('"'):
        raise ValueError(f"{text[:60]!r} has no closing quotation mark")
    return _ESCAPE.sub(_unescape, text[1:-1])


def _unescape(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    return chr(int(digits, 16)) if digits else _ESCAPES.get(found[4], found[4])
