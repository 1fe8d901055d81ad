"""What happened to one column of one file, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from pilothouse.tui.signs import SIGN_TONES, TONE_STYLES
from pilothouse.tui.text import line, safe

if TYPE_CHECKING:
    from pilothouse.monitoring.reports import ColumnDrift


def column_words(one: ColumnDrift) -> Content:
    """Verdict and sentence, and under them the score with what it needed."""
    from pilothouse.monitoring.story import told
    from pilothouse.monitoring.verdict_words import of_column

    sign, word = of_column(one)
    said = told(one)
    what = (safe(said, 500), "bold" if one.drifted else "") if said else ("nothing worth a word", "$dim")
    score = f"{safe(one.test).upper()} {one.score:.3f}, counts from {one.threshold:.3f}   {safe(one.kind)}"
    return Content("\n").join(
        [
            line((f"{sign} {word}  ", TONE_STYLES[SIGN_TONES[sign]]), what),
            line((score, "$dim")),
        ]
    )
