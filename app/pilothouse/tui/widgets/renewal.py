"""Fetching again what a table shows: the new pages are shown together, when the last of them is here."""

from __future__ import annotations

from dataclasses import dataclass, field

from pilothouse.tui.widgets.rows import Page

PAGE = 128
"""Rows fetched at a time."""


@dataclass(slots=True)
class Renewal:
    """Pages on their way to take the place of those that are shown.

    `replaced` says that they come from another source: the pages shown are of no use beside them.
    """

    replaced: bool
    wanted: set[int]
    arrived: dict[int, Page] = field(default_factory=dict)
    again: bool = False
    _looked_around: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing is on its way any more."""
        return self.wanted <= self.arrived.keys()

    def where_else(self, held: str, number: int, total: int) -> set[int]:
        """Return the pages beside ``number`` if the row that is held is on none of those that came.

        New rows may have pushed it over the edge of its page; the pages beside are asked for once.
        """
        if self._looked_around or not held or self._holds(held):
            return set()
        self._looked_around = True
        beside = {n for n in (number - 1, number + 1) if n >= 0 and n * PAGE < total} - self.arrived.keys()
        self.wanted |= beside
        return beside

    def _holds(self, key: str) -> bool:
        return any(row.key == key for page in self.arrived.values() for row in page.rows)
