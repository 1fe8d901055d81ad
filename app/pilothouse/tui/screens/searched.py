"""A screen whose table is narrowed by a search: read at each key, put to the store when the typing rests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from pilothouse.tui.screens.filtered import FilteredScreen
from pilothouse.tui.widgets.filter_box import FilterBox

if TYPE_CHECKING:
    from textual.timer import Timer

    from pilothouse.tracking.search import Keys

REST = 0.06
"""Seconds without a key before a search is put; while one is on its way the next waits for it."""


class SearchedScreen(FilteredScreen):
    """``filter_text`` is always a search that can be read: of what cannot, the part before the mistake, and
    where there is none the last result stands."""

    @dataclass
    class KeysRead(Message):
        """What the store knows arrived for the proposals; None if it could not be read."""

        change: Callable[[Keys], Keys]

    def __init__(self) -> None:
        super().__init__()
        self._resting: Timer | None = None
        self._put_text = ""
        """What the rows that are shown were searched by."""
        self.read_in_part = False
        """Whether ``filter_text`` is only the part before a mistake."""
        self._values_asked: dict[str, str] = {}

    def filter_widgets(self) -> Iterable[Widget]:
        """The box with its proposals."""
        yield FilterBox(self.PLACEHOLDER)

    @property
    def box(self) -> FilterBox:
        """The filter box."""
        return self.query_one(FilterBox)

    # ------------------------------------------------------------ the search

    def typed(self, text: str) -> None:
        """Read the search; only one that can be read is put to the store."""
        from pilothouse.tracking.search import SearchError, parse, readable_before

        try:
            parse(text)
        except SearchError as error:
            self.box.tell(error)
            # What was typed on the way to the mistake is no search that anybody meant: `an` before `and` was
            # a word that no run has.
            before = readable_before(error)
            self.read_in_part = bool(before)
            self._search(before or (self._put_text if self.main_table().total else ""))
            self.filter_read()
            return
        self.read_in_part = False
        was_broken = self.box.error is not None
        self.box.tell(None)
        if was_broken:
            self.filter_read()
        self._search(text)

    def _search(self, text: str) -> None:
        if text != self.filter_text:
            self.filter_text = text
            self._put_soon()

    def filter_read(self) -> None:
        """What is typed can be read again, or cannot any more: ``self.box.error``."""

    def put_filter(self, text: str) -> None:
        """Put a search into the box as if it had been typed."""
        line = self.box.line
        line.set_class(bool(text), "-shown")
        line.value = text
        line.cursor_position = len(text)

    def _put_soon(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST, self._put)

    def _put(self) -> None:
        self._resting = None
        if self.main_table().busy:
            self._put_soon()
        else:
            self._put_text = self.filter_text
            self.filter_changed()

    # ------------------------------------------------------------ what may be proposed

    async def do_filter(self) -> None:
        """Open the box, and read what its proposals are made of."""
        self.box.say_keys(True)
        await super().do_filter()
        workspace = self.workspace
        self._values_asked.clear()

        def read() -> Callable[[Keys], Keys]:
            from pilothouse.store import open_store
            from pilothouse.tracking.search import read_keys

            keys = read_keys(open_store(workspace))
            return lambda before: keys

        self._read_keys(read, "keys")

    @on(FilterBox.ValuesWanted)
    def _values_wanted(self, message: FilterBox.ValuesWanted) -> None:
        from pilothouse.tracking.search import MOST_VALUES, render_field, value_wanted

        wanted = value_wanted(message.text, message.cursor)
        if wanted is None:
            return
        named, typed = wanted
        name, keys = render_field(named), self.box.keys
        known = keys.values.get(name) if keys is not None else None
        asked = self._values_asked.get(name)
        if asked == typed or (asked == "" and known is not None and len(known) < MOST_VALUES):
            return
        # All of them when there are few; of very many, those that have what was typed in them.
        self._values_asked[name] = wants = typed if asked is not None else ""
        workspace = self.workspace

        def read() -> Callable[[Keys], Keys]:
            from pilothouse.store import open_store
            from pilothouse.tracking.search import read_values

            values = read_values(open_store(workspace), named, wants)
            return lambda before: before.having(named, values)

        self._read_keys(read, "values")

    def _read_keys(self, read: Callable[[], Callable[[Keys], Keys]], group: str) -> None:
        def work() -> None:
            worker = get_current_worker()
            try:
                change = read()
            except Exception as error:  # noqa: BLE001 - without proposals the box works as well
                self.log.error(repr(error))
                return
            if not worker.is_cancelled:
                self.post_message(self.KeysRead(change))

        self.run_worker(work, thread=True, group=group, exclusive=True, exit_on_error=False)

    @on(KeysRead)
    def _keys_read(self, message: KeysRead) -> None:
        from pilothouse.tracking.search import Keys

        self.box.know(message.change(self.box.keys or Keys()))

    def close_filter(self) -> bool:
        """Put the proposals away first, then clear and hide the box."""
        if self.box.close_list():
            return True
        closed = super().close_filter()
        if closed:
            self.box.say_keys(False)
        return closed
