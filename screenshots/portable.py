"""Makes a picture of the screen look the same wherever it is opened: a browser, offline, a converter."""

from __future__ import annotations

import re

CELL = 12.2
"""Width of a character in the picture, in its own units."""
FONTS = '"Fira Code", "DejaVu Sans Mono", Menlo, Consolas, monospace'
# At this size the usual monospaced fonts are exactly one cell wide, also for what ignores `textLength`.
FONT_SIZE = "20.27px"

_FONT_FACE = re.compile(r"\s*@font-face \{.*?\n    \}", re.S)
_LINE_CLIP = re.compile(r'<clipPath id="[^"]*-line-\d+">.*?</clipPath>\s*', re.S)
_TEXT = re.compile(r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"[^>]*>([^<]*)</text>')
_NAME = re.compile(r"terminal-\d+")
_SPACE = "&#160;"
_ENTITY = re.compile(r"&#?\w+;")
_BRAILLE = re.compile("([\u2800-\u28ff]+)")
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dot that each bit of a braille character stands for."""


def portable(svg: str) -> str:
    """Return the picture without fonts from the network, and without text that begins or ends in spaces.

    Some programs drop spaces at the edge of a text, and then what follows stands in the wrong place; so each
    text begins at its first visible character.
    """
    svg = _LINE_CLIP.sub("", _FONT_FACE.sub("", svg))
    svg = svg.replace("font-family: Fira Code, monospace;", f"font-family: {FONTS};")
    svg = svg.replace("font-size: 20px;", f"font-size: {FONT_SIZE};")
    colours = dict(re.findall(r"\.(terminal-\d+-r\d+) \{ fill: (#\w+)", svg))
    svg = _NAME.sub("t", _TEXT.sub(lambda found: _text(found, colours), svg))
    return "\n".join(line.rstrip() for line in svg.split("\n") if line.strip()) + "\n"


def _text(found: re.Match[str], colours: dict[str, str]) -> str:
    style, x, y, words = found.groups()
    at, drawn = float(x), []
    for part in _BRAILLE.split(words):
        if _BRAILLE.match(part):
            drawn.append(_dotted(part, at, float(y), colours[style]))
            at += len(part) * CELL
            continue
        for piece in re.split(rf"((?:{_SPACE}|\s){{2,}})", part):
            bare = piece.strip()
            while bare.startswith(_SPACE):
                bare, at = bare.removeprefix(_SPACE), at + CELL
            after = 0.0
            while bare.endswith(_SPACE):
                bare, after = bare.removesuffix(_SPACE), after + CELL
            length = _cells(bare) * CELL
            if bare:
                where = f'x="{round(at, 1):g}" y="{y}" textLength="{round(length, 1):g}"'
                drawn.append(f'<text class="{style}" {where}>{bare}</text>')
            at += length + after
    return "".join(drawn)


def _dotted(braille: str, x: float, y: float, colour: str) -> str:
    """Curves, dot by dot: few fonts have braille as wide as their letters."""
    quarter = CELL / 4
    dots = [
        f"M{x + n * CELL + (1 + 2 * column) * quarter:.1f} {y - 18.5 + (1 + 2 * row) * quarter:.1f}h.01"
        for n, character in enumerate(braille)
        for bit, (column, row) in enumerate(_DOTS)
        if (ord(character) - 0x2800) >> bit & 1
    ]
    if not dots:
        return ""
    return f'<path d="{"".join(dots)}" stroke="{colour}" stroke-width="3.6" stroke-linecap="round"/>'


def _cells(words: str) -> int:
    return len(_ENTITY.sub("x", words))
