"""What the dialogs that pick from all fields of runs share: reading them, naming them, searching them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from textual.screen import Screen
from textual.widgets import Input
from textual.worker import get_current_worker

from pilothouse.tracking.search.nodes import Field
from pilothouse.tui.screens.runs.columns import label_of

if TYPE_CHECKING:
    from pilothouse.workspace import Workspace

_KINDS = {"attributes": "the run", "metrics": "metric", "params": "param", "tags": "tag"}


class SearchInput(Input):
    """A part of a name; hidden until it is opened."""

    DEFAULT_CSS = """
    SearchInput { display: none; height: 1; border: none; padding: 0 1; background: $boost;
        &:focus { border: none; background: $accent 20%; }
        &.-shown { display: block; }
    }
    """

    def open(self) -> None:
        """Show it and take the keys."""
        self.add_class("-shown")
        self.focus()

    def shut(self) -> bool:
        """Empty and hide it; False if it was not open."""
        if not self.has_class("-shown"):
            return False
        self.value = ""
        self.remove_class("-shown")
        return True


def kind_of_field(field: Field) -> str:
    """What a field belongs to, in a word."""
    return _KINDS[field.section]


def matching(fields: Iterable[Field], text: str) -> list[Field]:
    """Return the fields in whose name or kind every word of ``text`` occurs."""
    words = text.lower().split()
    return [
        field
        for field in fields
        if all(word in f"{kind_of_field(field)} {label_of(field)} {field.key}".lower() for word in words)
    ]


def read_fields(screen: Screen[Any], workspace: Workspace, then: Callable[[list[Field]], None]) -> None:
    """Read every field there is in a thread; ``then`` gets them on the screen's own."""

    def work() -> None:
        from pilothouse.tui.snapshots.run_list import all_fields

        worker = get_current_worker()
        found = all_fields(workspace)
        if not worker.is_cancelled:
            screen.call_later(then, found)

    screen.run_worker(work, thread=True, group="fields", exit_on_error=False)
