"""What can be done with a comparison: pin, slice, copy, save."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textual import on

from pilothouse.tui.screens.compare_judging import Judging
from pilothouse.tui.text import line, safe
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.comparing import Compared


class CompareActs(Judging):
    """The actions; the screen itself draws."""

    def __init__(self, refs: tuple[str, ...]) -> None:
        super().__init__(refs)
        self.chosen = 1
        self.only_differences = True
        self.known: Compared | None = None

    @property
    def labels(self) -> list[str]:
        """What each of them is called, the baseline first."""
        return [one.label for one in self.known.comparison.subjects] if self.known is not None else []

    @property
    def unread(self) -> bool:
        """Whether what is known is not of this order: labels and findings would be of different ones."""
        return self.known is None or self.known.refs != self.refs

    def draw(self) -> None:
        """Draw the part that is shown."""

    def show_part(self, name: str) -> None:
        """Show another part."""

    def step_part(self, by: int) -> None:
        """Show the next part, or the one before."""

    def why_not(self, action: str) -> str:
        """Nothing can be saved or pinned before it is there."""
        if self.unread and action in ("save", "copy", "pin", "slice_by"):
            return "the comparison is still being read"
        if action == "save" and not self.complete:
            return f"the comparison is not complete yet: {self.saying or 'it is being made'}"
        return super().why_not(action)

    def do_differences(self) -> None:
        """Only what differs, or everything."""
        self.only_differences = not self.only_differences
        self.draw()

    def do_pin(self) -> None:
        """Make the chosen one the baseline; every change follows."""
        if not 0 < self.chosen < len(self.refs):
            return
        refs = list(self.refs)
        refs.insert(0, refs.pop(self.chosen))
        self.say(f"◆ {self.labels[self.chosen]} is the baseline")
        self.refs, self.chosen = tuple(refs), 1
        self.poll(now=True)

    def do_slice_by(self) -> None:
        """Ask which column to measure by."""
        from pilothouse.tui.dialogs.base import Ask

        words = line("Measure by the values of which column? Empty: the categories of the schema.")
        ask = Ask("Slice by", words, "Slice", ", ".join(self.by), placeholder="carrier, temp")
        self.app.push_screen(ask, self._slice_by)

    def _slice_by(self, answer: str | None) -> None:
        if answer is None:
            return
        self.by = tuple(name for part in answer.split(",") if (name := part.strip()))
        self.show_part("slices")
        self.start_judging()

    @on(Table.Opened)
    def _opened(self, message: Table.Opened) -> None:
        """Copy the line under the cursor."""
        text = "  ".join(cell.strip() for cell in message.row.cells if cell.strip())
        self.app.copy_to_clipboard(text)
        self.say(f"Copied {text}", "good")

    def do_copy(self) -> None:
        """Copy all that is known so far as Markdown."""
        from pilothouse.comparing.document import to_markdown

        assert self.known is not None
        text = to_markdown(self.known.comparison, self.findings)
        self.app.copy_to_clipboard(text)
        short = "" if self.complete else ", as far as it is known"
        self.say(f"Copied {len(text.splitlines()):,} lines of Markdown{short}", "good")

    def do_save(self) -> None:
        """Ask for a name, then write it."""
        from pilothouse.tui.dialogs.base import Ask

        stem = "-".join(re.sub(r"[^A-Za-z0-9._]+", "-", label)[:20].strip("-.") for label in self.labels[:3])
        words = line("The ending says what it will be: .md, .csv or .json. In the workspace's folder.")
        ask = Ask("Save the comparison", words, "Save", f"compare-{stem}.md")
        self.app.push_screen(ask, self._save)

    def _save(self, name: str | None, *, over: bool = False) -> None:
        from pathlib import Path

        from pilothouse.comparing.saving import check_target
        from pilothouse.errors import PilothouseError
        from pilothouse.tui.dialogs.base import Confirm
        from pilothouse.tui.snapshots.comparing import save_document

        if not name or not name.strip() or self.known is None:
            return
        name = name.strip()
        try:
            # What lies there is asked about below.
            check_target(self.workspace.root / Path(name).expanduser(), force=True)
        except PilothouseError as error:
            self.complain(error)
            return
        if not over and (self.workspace.root / Path(name).expanduser()).is_file():
            words = line(f"{safe(name)} exists already. It would be written anew.")
            dialog = Confirm("Write over it", words, "Write over it")
            self.app.push_screen(dialog, lambda yes: self._save(name, over=True) if yes else None)
            return
        comparison, findings, workspace = self.known.comparison, self.findings, self.workspace
        self.deed(f"Saving {name}", lambda: save_document(name, workspace, comparison, findings, over=over))

    def do_part_facts(self) -> None:
        """Show the facts."""
        self.show_part("facts")

    def do_part_curves(self) -> None:
        """Show the curves."""
        self.show_part("curves")

    def do_part_slices(self) -> None:
        """Show the slices."""
        self.show_part("slices")

    def do_part_code(self) -> None:
        """Show the code."""
        self.show_part("code")

    def do_part_environment(self) -> None:
        """Show the environments."""
        self.show_part("environment")

    def do_part_data(self) -> None:
        """Show the data."""
        self.show_part("data")

    def do_next_part(self) -> None:
        """Show the next part."""
        self.step_part(1)

    def do_previous_part(self) -> None:
        """Show the part before."""
        self.step_part(-1)
