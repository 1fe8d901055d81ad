"""Drift of many files by column: one cell a file, darker the farther it moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widgets import Static

from pilothouse.tui.text import fit, safe, width

SHADES = ((0.1, "·"), (0.25, "░"), (0.5, "▒"))
"""Below each score its sign; from the last one on ``▓``. A column that the rule calls steady is always
``·``."""


@dataclass(frozen=True, slots=True)
class HeatColumn:
    """One file: its short label, its sign and tone, and the score of each column that moved (0 for steady).
    One file: its short label, its sign and tone, and the score of each column that moved (0 for steady)."""

    label: str
    sign: str
    style: str
    scores: tuple[tuple[str, float], ...]


def shade(score: float) -> tuple[str, str]:
    """Sign and style of a score."""
    for limit, sign in SHADES:
        if score < limit:
            return sign, "$dim" if sign == "·" else "$warning"
    return "▓", "$error"


def draw_heatmap(files: Sequence[HeatColumn], columns: int, rows: int) -> Content:
    """Return files side by side (the newest on the right, as many as fit), columns under each other, the
    worst first."""
    if not files or rows < 2:
        return Content("")
    names: dict[str, float] = {}
    for file in files:
        for name, score in file.scores:
            names[name] = max(names.get(name, 0.0), score)
    ordered = sorted(names, key=lambda name: -names[name])[: rows - 2]
    left = min(12, max([7, *(width(safe(name)) for name in ordered)]))
    each = max(4, min(6, (columns - left) // len(files)))
    shown = list(files)[-max(1, (columns - left) // each) :]
    out = [
        Content.assemble(
            (" " * left + "".join(fit(safe(file.label), each, "right") for file in shown), "$dim")
        )
    ]
    parts: list[str | tuple[str, str]] = [fit("dataset", left)]
    parts += [(fit(file.sign, each, "right"), file.style) for file in shown]
    out.append(Content.assemble(*parts))
    scores = [dict(file.scores) for file in shown]
    for name in ordered:
        cells: list[str | tuple[str, str]] = [(fit(safe(name), left), "$dim")]
        for file_scores in scores:
            sign, style = shade(file_scores[name]) if name in file_scores else (" ", "")
            cells.append((fit(sign, each, "right"), style))
        out.append(Content.assemble(*cells))
    return Content("\n").join(out)


class Heatmap(Static):
    """The map drawn to the size it is given."""

    DEFAULT_CSS = "Heatmap { height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self._files: tuple[HeatColumn, ...] = ()
        self._empty = ""

    def show(self, files: Sequence[HeatColumn], empty: str) -> None:
        """Draw these files, oldest first."""
        if (tuple(files), empty) != (self._files, self._empty):
            self._files, self._empty = tuple(files), empty
            self._draw()

    def on_resize(self) -> None:
        """Draw again to fit."""
        self._draw()

    def _draw(self) -> None:
        drawn = draw_heatmap(self._files, self.content_size.width, self.content_size.height)
        self.update(drawn if drawn.plain else Content.assemble((safe(self._empty), "$dim")))
