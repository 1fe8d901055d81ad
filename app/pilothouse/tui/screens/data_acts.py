"""What can be done about data: watch the folder, judge it now, take in a held file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pilothouse.tui.screens.upkeep_acts import UpkeepActs
from pilothouse.tui.snapshots.arrival_names import without_name
from pilothouse.tui.text import line, safe

if TYPE_CHECKING:
    from pilothouse.monitoring.verdicts import Arrival
    from pilothouse.tui.snapshots.data import Data, FileVerdict


UNREADABLE = ("readable", "named-twice", "column", "type")
"""Rules whose breach training cannot read over either, whoever accepts the file."""


class DataActs(UpkeepActs):
    """The acts on the data folder."""

    def known_data(self) -> Data | None:
        """What is known of the data."""
        raise NotImplementedError

    def current_file(self) -> FileVerdict | None:
        """The file that is acted on."""
        raise NotImplementedError

    def why_not(self, action: str) -> str:
        """What the state of the folder forbids."""
        known = self.known_data()
        if action in ("watch", "check") and known is None:
            return "the workspace has not been read yet"
        if action in ("watch", "check") and known is not None and not known.model:
            return "this workspace has no model, and so no data folder"
        if action == "check" and known is not None and known.watcher is not None:
            return "the watcher judges each file as it lands"
        if action == "deliver" and known is not None and not known.coming:
            return "no month waits to be delivered; only a demo has some"
        if action == "accept":
            file = self.current_file()
            if file is None:
                return "no file is held back"
            if file.gone:
                return f"{file.arrival.name} is no longer in the folder"
            if file.arrival.status not in ("held", "accepted"):
                return f"{file.arrival.name} is not held back"
            # Not before there is a file: it loads what the first paint would wait for.
            from pilothouse.monitoring.verdicts import bar_of

            if (bar := bar_of(file.arrival)) is not None:
                name = file.arrival.name
                return f"no training could read {name}: {without_name(bar.message, name)}"
        return super().why_not(action)

    def open_column(self, name: str) -> None:
        """Show a column as it was in the reference, and as it is in the file that is acted on."""
        from pilothouse.tui.screens.data_column import ColumnScreen

        known, file = self.known_data(), self.current_file()
        if known is None or file is None or file.report is None:
            return
        report = file.report
        columns = sorted(report.columns, key=lambda one: (not one.drifted, -one.score))
        names = [one.column for one in ([report.target] if report.target else []) + columns]
        if name in names:
            self.app.push_screen(ColumnScreen(known.model, report, names, name))

    def do_watch(self) -> None:
        """Start the watcher, or stop it."""
        known, workspace = self.known_data(), self.workspace
        watching = known is not None and known.watcher is not None

        def act() -> str:
            from pilothouse.tui.commands import run_command

            run_command(workspace, "watch", "--stop" if watching else "--detach")
            return (
                "The folder is no longer watched."
                if watching
                else "Watching; it goes on when this terminal closes."
            )

        self.deed("Stopping the watcher" if watching else "Starting the watcher", act)

    def do_check(self) -> None:
        """Judge what lies in the folder now."""

        def done(answer: Any) -> str:
            count = answer.get("judged", 0) if isinstance(answer, dict) else 0
            if not count:
                return "No file waits: each has its verdict, or the model learned from it."
            return f"{count} file{'' if count == 1 else 's'} judged."

        self.errand("Judging the files of the folder", ["watch", "--once", "--json"], done, quietly=3.0)

    def do_deliver(self) -> None:
        """Let the demo's next file land."""
        workspace = self.workspace

        def act() -> str:
            from pilothouse.demo.workspace import deliver

            return f"{deliver(workspace).name} landed in the data folder."

        self.deed("Delivering the next month", act)

    def do_accept(self) -> None:
        """Say what taking the file in means, ask why, then do it; one that was taken in is held again."""
        from pilothouse.tui.dialogs.base import Ask
        from pilothouse.tui.snapshots.data import accept

        file, workspace = self.current_file(), self.workspace
        if file is None:
            return
        one = file.arrival
        if one.status == "accepted":
            self._hold_again(one)
            return
        errors = [found for found in one.findings if found.severity == "error"]
        parts: list[str | tuple[str, str]] = [(safe(one.name), "bold"), " is held back:", "\n"]
        for found in errors[:3]:
            parts += [("■ ", "$error"), safe(found.message, 200), "\n"]
        if len(errors) > 3:
            parts += [(f"… and {len(errors) - 3} more", "$dim"), "\n"]
        parts += [part for found in one.findings if found.rule == "drift"
                  for part in (("○ ", "$dim"), safe(found.message, 200), "\n")]  # fmt: skip
        parts += [
            "\n",
            ("Accepted    ", "$dim"),
            "the next training and dataset version take it in as it is.",
            "\n",
        ]
        if any(found.rule in UNREADABLE for found in errors):
            parts += [("Beware      ", "$warning"), "training fails where a value cannot be read.", "\n"]
        parts += [
            ("Unchanged   ", "$dim"),
            "the file, the rules, and the versions that exist.",
            "\n",
            ("Remembered  ", "$dim"),
            "who accepted it and why, in Events. Other bytes are judged anew.",
            "\n",
            ("Taken back  ", "$dim"),
            "by a again.",
            "\n",
        ]
        ask = Ask("Accept a held file", line(*parts), "Accept", placeholder="why, for the history")
        self.app.push_screen(
            ask,
            lambda why: (
                None
                if why is None
                else self.deed("Accepting", lambda: accept(workspace, one.model, one.name, why))
            ),
        )

    def _hold_again(self, one: Arrival) -> None:
        from pilothouse.tui.dialogs.base import Ask
        from pilothouse.tui.snapshots.data import hold

        workspace = self.workspace
        words = line(
            (safe(one.name), "bold"), " was accepted in spite of its checks.", "\n\n",
            ("Held again  ", "$dim"), "the next training and dataset version leave it out.", "\n",
            ("Unchanged   ", "$dim"), "the file, and the versions that were made with it.", "\n",
            ("Remembered  ", "$dim"), "who took the acceptance back and why, in Events.", "\n",
        )  # fmt: skip
        ask = Ask("Take the acceptance back", words, "Hold it again", placeholder="why, for the history")
        self.app.push_screen(
            ask,
            lambda why: (
                None
                if why is None
                else self.deed("Holding it again", lambda: hold(workspace, one.model, one.name, why))
            ),
        )
