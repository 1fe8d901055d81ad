"""What moves runs in and out and keeps the workspace in order: import, export, clean up, back up, restore.

Each is the command that a person types, in a process of its own, with how far it is on screen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.worker import get_current_worker

from pilothouse.tui.screens.base import PilothouseScreen


class UpkeepActs(PilothouseScreen):
    """Palette commands with small dialogs."""

    def errand(
        self, title: str, words: list[str], done: Callable[[Any], str], *, quietly: float = 0.0
    ) -> None:
        """Run ``pilothouse WORDS`` behind a dialog that tells how far it is.

        Args:
            title: what it is, over the dialog and in the messages.
            words: the command, without ``--json``.
            done: from its answer to the sentence that says what happened; empty for none.
            quietly: seconds before the dialog comes up, for what is mostly done by then.
        """
        from pilothouse.tui.commands import Stop, run_errand
        from pilothouse.tui.dialogs.working import Working

        app, workspace, stop = self.app, self.workspace, Stop()
        working = Working(title, stop)

        def finish(answer: Any, error: Exception | None) -> None:
            working.close()
            if error is not None:
                self.complain(error)
            elif sentence := done(answer):
                self.say(sentence, "good")
                app.notify(sentence, title=title, markup=False)
            self.poll(now=True)

        def work() -> None:
            worker = get_current_worker()
            answer, problem = None, None
            try:
                answer = run_errand(workspace, words, working.told, stop)
            except Exception as error:  # noqa: BLE001 - told in words
                problem = error
            if not worker.is_cancelled:
                app.call_from_thread(finish, answer, problem)

        def late() -> None:
            if self.is_current and not working.over:
                app.push_screen(working)

        if quietly:
            self.say(f"{title} …")
            self.set_timer(quietly, late)
        else:
            app.push_screen(working)
        app.run_worker(work, thread=True, group="errand", exit_on_error=False)

    def do_import_runs(self) -> None:
        """Ask for the store, then take its runs over."""
        from pilothouse.tui.dialogs.moving import ImportDialog, imported

        def start(path: str | None) -> None:
            if path is not None:
                self.errand("Import", ["import", "--json", "--", path], imported)

        self.app.push_screen(ImportDialog(), start)

    def do_export_runs(self) -> None:
        """Ask where to and as what, then write the runs of the current filter."""
        from pilothouse.tui.dialogs.moving import ExportDialog, ExportOrder, exported

        search = str(getattr(self, "filter_text", ""))

        def start(order: ExportOrder | None) -> None:
            if order is not None:
                narrowed = ["--filter", search] if search.strip() else []
                words = ["export", "--json", "--format", order.format, *narrowed, "--", order.path]
                self.errand("Export", words, exported)

        self.app.push_screen(ExportDialog(search), start)

    def do_clean_up(self) -> None:
        """Look for what nothing needs, show it, and remove it when told to."""
        self.errand("Looking for leftovers", ["gc", "--json"], self._found_leftovers)

    def _found_leftovers(self, answer: Any) -> str:
        from pilothouse.tui.dialogs.base import Confirm
        from pilothouse.tui.dialogs.moving import cleaned, leftover_words

        leftovers = (answer or {}).get("leftovers", [])
        if not leftovers:
            return "There is nothing to clean up."

        def start(yes: bool | None) -> None:
            if yes:
                self.errand("Cleaning up", ["gc", "--yes", "--json"], cleaned)

        self.app.push_screen(Confirm("Clean up", leftover_words(leftovers), "Remove them"), start)
        return ""

    def do_back_up(self) -> None:
        """Ask for the file, then write the workspace into it."""
        from pilothouse.tui.dialogs.moving import BackupDialog, backed_up

        def start(path: str | None) -> None:
            if path is not None:
                self.errand("Backup", ["backup", "--json", "--", path], backed_up)

        self.app.push_screen(BackupDialog(self.workspace.root, self.pilothouse.now()), start)

    def do_restore(self) -> None:
        """Ask for a backup and a new folder, make a workspace there, and say how it is opened."""
        from pilothouse.tui.dialogs.restoring import RestoreDialog, RestoreOrder

        def start(order: RestoreOrder | None) -> None:
            if order is not None:
                words = ["backup", "--restore", "--json", "--", order.file, order.folder]
                self.errand("Restore", words, self._restored)

        self.app.push_screen(RestoreDialog(self.workspace.root), start)

    def _restored(self, answer: Any) -> str:
        from pilothouse.tui.dialogs.base import Confirm
        from pilothouse.tui.dialogs.restoring import opening, restored

        command = opening(str(answer["path"]))

        def copy(yes: bool | None) -> None:
            if yes:
                self.app.copy_to_clipboard(command)
                self.say("Copied the command", "good")

        self.app.push_screen(Confirm("Restored", restored(answer), "Copy the command"), copy)
        return ""
