"""Drift of many files by column: one cell a file, darker the farther it moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widgets import Static

from pilothouse.tui.text import fit, safe, width
from pilothouse.tui.widgets.drift_shades import sign_of

_STYLES = {"": "", "dim": "$dim", "weak": "$warning 70%", "watch": "$warning", "bad": "$error"}


@dataclass(frozen=True, slots=True)
class HeatColumn:
    """One file: a short label, its sign and style, and the score of each column that moved (0 for steady)."""

    label: str
    sign: str
    style: str
    scores: tuple[tuple[str, float], ...]


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
    # A label is as wide as its cell but for the gap to the one before it.
    widest = max(width(safe(file.label)) for file in files)
    each = max(min(6, widest + 1), 4, min(6, (columns - left) // len(files)))
    shown = list(files)[-max(1, (columns - left) // each) :]
    out = [
        Content.assemble(
            (" " * left + "".join(" " + fit(safe(file.label), each - 1, "right") for file in shown), "$dim")
        )
    ]
    parts: list[str | tuple[str, str]] = [fit("dataset", left)]
    parts += [(fit(file.sign, each, "right"), file.style) for file in shown]
    out.append(Content.assemble(*parts))
    scores = [dict(file.scores) for file in shown]
    for name in ordered:
        cells: list[str | tuple[str, str]] = [(fit(safe(name), left), "$dim")]
        for file_scores in scores:
            far = file_scores.get(name)
            sign, tone = sign_of(far, far > 0) if far is not None else (" ", "")
            cells.append((fit(sign, each, "right"), _STYLES[tone]))
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
