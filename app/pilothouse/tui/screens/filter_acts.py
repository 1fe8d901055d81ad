"""Saved filters where runs are listed: choose one, save the current search, delete one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.tui.screens.searched import SearchedScreen
from pilothouse.tui.text import line, safe

if TYPE_CHECKING:
    from pilothouse.tracking.search import SavedFilter
    from pilothouse.tui.dialogs.filters import FilterChoice


class FilterActs(SearchedScreen):
    """Each change can be undone with ``z``."""

    def do_saved(self) -> None:
        """Read the saved filters, then show them."""
        workspace = self.workspace
        found: list[SavedFilter] = []

        def read() -> str:
            from pilothouse.tui.snapshots.filters import saved_filters

            found.extend(saved_filters(workspace))
            return ""

        self.deed("Reading the saved filters", read, lambda: self._choose(tuple(found)))

    def _choose(self, saved: tuple[SavedFilter, ...]) -> None:
        from pilothouse.tui.dialogs.filters import FiltersDialog

        if self.is_current:
            self.app.push_screen(FiltersDialog(saved, self.filter_text, self.pilothouse.now()), self._chosen)

    def _chosen(self, choice: FilterChoice | None) -> None:
        from pilothouse.tui.dialogs.base import Ask, Confirm

        if choice is None:
            return
        if choice.act == "use":
            self.put_filter(choice.text)
            self.main_table().focus()
            self.say(f"Filter {choice.name}.")
        elif choice.act == "save":
            words = line(
                ("search     ", "$dim"),
                safe(choice.text),
                "\n",
                "A name that is taken gets this search.",
                "\n",
            )
            ask = Ask("Save this filter", words, "Save", "", "a name")
            self.app.push_screen(ask, lambda name: self._save(name, choice.text) if name else None)
        else:
            words = line((safe(choice.name), "bold"), "\n", safe(choice.text), "\n\n", "z brings it back.")
            self.app.push_screen(
                Confirm("Delete this filter", words, "Delete"),
                lambda yes: self._delete(choice.name) if yes else None,
            )

    def _save(self, name: str, text: str) -> None:
        workspace, undoing, name = self.workspace, self.pilothouse.undoing, name.strip()

        def act() -> str:
            from pilothouse.tui.snapshots.filters import delete, save

            before = save(workspace, name, text)

            def back() -> str:
                if before is None:
                    delete(workspace, name)
                    return f"The filter {name} is gone again."
                save(workspace, name, before.text)
                return f"The filter {name} is as it was."

            undoing.push(f"the saving of filter {name}", back)
            return (
                f"Saved as {name}."
                if before is None
                else f"Saved as {name}, in place of what it was.  z undo"
            )

        self.deed("Saving", act)

    def _delete(self, name: str) -> None:
        workspace, undoing = self.workspace, self.pilothouse.undoing

        def act() -> str:
            from pilothouse.tui.snapshots.filters import delete, save

            gone = delete(workspace, name)

            def back() -> str:
                save(workspace, gone.name, gone.text)
                return f"The filter {gone.name} is back."

            undoing.push(f"the deletion of filter {name}", back)
            return f"Deleted the filter {name}.  z undo"

        self.deed("Deleting", act)
