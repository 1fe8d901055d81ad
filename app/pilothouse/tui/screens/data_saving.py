"""Retraining because a file drifted or does harm, and writing the report of a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pilothouse.tui.screens.data_acts import DataActs
from pilothouse.tui.screens.train_acts import TrainActs
from pilothouse.tui.text import line, safe

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.data import FileVerdict


class FileActs(DataActs, TrainActs):
    """What can be done with the file under the cursor."""

    def why_not(self, action: str) -> str:
        """What the state of the file forbids."""
        file = self.current_file()
        if action in ("retrain", "report") and file is None:
            return "there is no file under the cursor"
        if action == "report" and file is not None and file.report is None and not file.arrival.findings:
            return f"{file.arrival.name} was not compared with anything, and nothing was found in it"
        if action == "retrain" and file is not None:
            if file.arrival.status == "held":
                return f"{file.arrival.name} is held: not compared; t trains without it"
            if not why_retrain(file):
                name = file.arrival.name
                said = "nothing moved in it" if file.report else "it was not compared with anything"
                return f"{name} gives no reason to: {said}, and no harm was found; t trains all the same"
            if self.pilothouse.about is None:
                return "the configuration has not been read yet"
        return super().why_not(action)

    def do_retrain(self) -> None:
        """The training dialog, with all that was taken in as its data, and what moved as its reason."""
        known, file = self.known_data(), self.current_file()
        if known is None or file is None:
            return
        held = sum(one.arrival.status == "held" for one in known.files)
        name = file.arrival.name
        left = f", {held} held file{'' if held == 1 else 's'} left out" if held else ""
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name.split(".")[0])[:30].strip("-")
        self.ask_and_train(
            because=name,
            why=why_retrain(file),
            data=f"everything taken in{left}",
            name=f"after-{stem}" if stem else "",
            title=f"Retrain, since {why_retrain(file)}",
        )

    def do_report(self) -> None:
        """Ask where to, then write the report of the file."""
        from pilothouse.tui.dialogs.base import Ask

        file = self.current_file()
        if file is None:
            return
        stem = re.sub(r"[^A-Za-z0-9._]+", "-", file.arrival.name.split(".")[0])[:40].strip("-.") or "file"
        words = line("A page (.html) that opens offline, or .json for a program. In the workspace's folder.")
        ask = Ask("Write the report", words, "Write", f"report-{stem}.html")
        self.app.push_screen(ask, lambda name: self._write_report(file, name))

    def _write_report(self, file: FileVerdict, name: str | None, *, over: bool = False) -> None:
        from pathlib import Path

        from pilothouse.tui.dialogs.base import Confirm

        if not name or not name.strip():
            return
        target = self.workspace.root / Path(name.strip()).expanduser()
        if not over and target.is_file():
            words = line(f"{safe(target)} exists already. It would be written anew.")
            again = Confirm("Write over it", words, "Write over it")
            self.app.push_screen(
                again, lambda yes: self._write_report(file, name, over=True) if yes else None
            )
            return
        workspace, one = self.workspace, file.arrival
        force = ["--force"] if over else []
        about = file.report.report_id if file.report is not None else one.name

        def act() -> str:
            from pilothouse.tui.commands import Stop, run_errand

            words = ["drift", "--json", "--model", one.model, "--save", str(target), *force, "--", about]
            run_errand(workspace, words, lambda _: None, Stop())
            root = workspace.root.resolve()
            inside = target.resolve().is_relative_to(root)
            return f"Written to {target.resolve().relative_to(root) if inside else target}"

        # The line at the bottom may be too short for the whole path.
        told = f"The report of {safe(one.name, 100)} is in {safe(target)}"
        self.deed("Writing the report", act, lambda: self.app.notify(told, title="Report", markup=False))


def why_retrain(file: FileVerdict) -> str:
    """Say what about a file asks for another model, with its name in it; empty for nothing."""
    from pilothouse.monitoring.verdict_words import of_data

    name = file.arrival.name
    if file.harm is not None and file.harm.verdict == "harmful":
        return f"{name} is harmful"
    word = of_data(file.report)[1] if file.report is not None else ""
    said = {
        "drifted": "{} drifted",
        "some moved": "columns of {} moved",
        "target moved": "the target of {} moved",
    }
    return said[word].format(name) if word in said else ""
