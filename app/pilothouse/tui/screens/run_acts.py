"""What can be done with a run, wherever it is on screen: train, run again, stop, note, delete, details."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.screens.train_acts import TrainActs
from pilothouse.tui.text import line, safe

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run

ON_A_RUN = ("details", "logs", "stop_run", "rerun", "note", "tags", "copy", "delete")


class RunActs(TrainActs, PilothouseScreen):
    """The acts on ``current()``."""

    def current(self) -> Run | None:
        """The run that is acted on."""
        raise NotImplementedError

    def why_not(self, action: str) -> str:
        """What the state of the run forbids."""
        run = self.current()
        if action in ON_A_RUN and run is None:
            return "there is no run under the cursor"
        if run is not None and action == "stop_run" and run.ended:
            return f"{run.name} has ended already ({run.status.lower()})"
        if run is not None and action == "delete" and self.targets() == [run.run_id] and not run.ended:
            return f"{run.name} is running: S stops it first"
        if action == "undo" and self.pilothouse.undoing.last is None:
            return "nothing was changed here"
        if run is not None and action == "rerun" and run.kind == "api":
            return "a script started this run by itself: start that again by hand"
        return super().why_not(action)

    def do_details(self) -> None:
        """Open everything known about the run."""
        from pilothouse.tui.screens.run.screen import RunScreen
        from pilothouse.tui.screens.sweep import SweepScreen

        if (run := self.current()) is not None:
            self.app.push_screen((SweepScreen if run.kind == "sweep" else RunScreen)(run.run_id))

    def do_logs(self) -> None:
        """Open the run's log."""
        from pilothouse.tui.screens.log import LogScreen

        if (run := self.current()) is not None:
            self.app.push_screen(LogScreen(run.run_id, run.name))

    def do_stop_run(self) -> None:
        """Ask, then stop the run."""
        from pilothouse.tui.dialogs.base import Confirm

        run = self.current()
        if run is None:
            return
        words = line(
            (safe(run.name), "bold"),
            " is asked to end; if it has not after 10 seconds, it is killed.",
            "\n\n",
            ("Kept       ", "$dim"),
            "its log, parameters and metrics so far",
            "\n",
            ("Lost       ", "$dim"),
            "the model it was fitting",
        )
        self.app.push_screen(
            Confirm("Stop this run", words, "Stop it"), lambda yes: self._stop(run) if yes else None
        )

    def _stop(self, run: Run) -> None:
        from pilothouse.tui.commands import run_command

        workspace = self.workspace

        def act() -> str:
            run_command(workspace, "stop", run.run_id)
            return f"{run.name} is stopped."

        self.deed(f"Stopping {run.name}", act)

    def change_tags(self, saying: str, run_ids: list[str], tags: dict[str, str | None], said: str) -> None:
        """Set tags of runs (None takes one away) such that ``z`` puts them back; ``said`` tells it done."""
        workspace, undoing = self.workspace, self.pilothouse.undoing

        def act() -> str:
            from pilothouse.tui.snapshots.run_tags import change_tags

            before = change_tags(workspace, dict.fromkeys(run_ids, tags))
            if not before:
                return "Nothing changed: they had that already." if tags else ""
            keys = ", ".join(dict.fromkeys(key for them in before.values() for key in them))
            runs = "1 run" if len(before) == 1 else f"{len(before)} runs"

            def back() -> str:
                change_tags(workspace, before, undoing=True)
                return f"Put back on {runs}: {keys}."

            undoing.push(f"{keys} on {runs}", back)
            return f"{said}  z undo"

        self.deed(saying, act)

    def do_note(self) -> Awaitable[None] | None:
        """Write or change the note."""
        from pilothouse.tui.dialogs.note import NoteDialog

        run = self.current()
        if run is None:
            return None

        def save(note: str | None) -> None:
            if note is not None:
                self.keep_note([run.run_id], note, run.name)

        self.app.push_screen(NoteDialog(f"Note on {run.name}", run.tags.get("note", "")), save)
        return None

    def keep_note(self, run_ids: list[str], note: str, whom: str) -> None:
        """Make this the note of these runs, character by character; one of nothing but blanks is none."""
        kept = note if note.strip() else None
        said = f"Noted on {whom}." if kept else f"The note on {whom} is gone."
        self.change_tags("Noting", run_ids, {"note": kept}, said)

    def do_tags(self) -> None:
        """Set or remove tags."""
        from pilothouse.errors import UsageError
        from pilothouse.tracking.tagging import read_tags
        from pilothouse.tui.dialogs.base import Ask

        run = self.current()
        if run is None:
            return
        now = "  ".join(f"{key}={value}" for key, value in run.tags.items()) or "none"
        words = line(("now  ", "$dim"), safe(now, 300), "\n", ("key= takes one away", "$dim"), "\n")

        def save(text: str | None) -> None:
            try:
                tags = read_tags(text or "")
            except UsageError as error:
                self.say(f"tags: {error.what}", "watch")
                return
            if tags:
                said = f"Tagged {run.name}: {', '.join(safe(key, 30) for key in tags)}."
                self.change_tags("Tagging", [run.run_id], tags, said)

        self.app.push_screen(Ask(f"Tags of {run.name}", words, "Save", "", "key=value key=value"), save)

    def targets(self) -> list[str]:
        """The ids of the runs that an act on several is meant for."""
        run = self.current()
        return [run.run_id] if run is not None else []

    def do_delete(self) -> None:
        """Move runs to the trash, from where ``z`` takes them back."""
        workspace, undoing, run_ids = self.workspace, self.pilothouse.undoing, self.targets()

        def act() -> str:
            from pilothouse.tui.snapshots.trash import delete, restore

            gone, names = delete(workspace, run_ids)
            if gone:
                undoing.push(f"the deletion of {names}", lambda: restore(workspace, gone))
            return f"Moved to the trash: {names}.  z undo" if gone else "They are in the trash already."

        self.deed("Deleting", act, lambda: self.deleted(run_ids))

    def deleted(self, run_ids: list[str]) -> None:
        """These runs are in the trash now."""
        what = "The run is" if len(run_ids) == 1 else f"{len(run_ids)} runs are"
        self.app.notify(f"{what} in the trash.\nz undo   T trash", markup=False, timeout=6)

    def do_trash(self) -> None:
        """Open the trash."""
        from pilothouse.tui.screens.trash import TrashScreen

        self.app.push_screen(TrashScreen())

    def do_undo(self) -> None:
        """Put back the last change, whatever it was."""
        undoing = self.pilothouse.undoing
        if (last := undoing.last) is not None:
            self.deed(f"Putting back {safe(last.what, 60)}", undoing.undo)

    def copied(self) -> str:
        """The run's id."""
        run = self.current()
        return run.run_id if run is not None else ""

    def do_rerun(self) -> None:
        """Start a run with the recipe or command, folder, parameters and data of this one."""
        from pilothouse.tui.dialogs.base import Confirm
        from pilothouse.tui.snapshots.training import again_in

        run = self.current()
        if run is None:
            return
        folder = again_in(self.workspace, run)
        words = line(
            f"A new {'sweep' if run.kind == 'sweep' else 'run'}"
            f" with the {'recipe' if run.recipe else 'command'}, parameters and data of ",
            (safe(run.name), "bold"),
            ".",
            "\n\n",
            (f"{'recipe' if run.recipe else 'command':<11}", "$dim"),
            safe(run.recipe or run.command),
            "\n",
            *((("folder     ", "$dim"), safe(folder, 200), "\n") if folder else ()),
            ("params     ", "$dim"),
            safe(" ".join(f"{k}={v}" for k, v in run.params.items()) or "the defaults"),
            "\n",
            ("data       ", "$dim"),
            safe(run.dataset_version[:12] or "as it is now"),
            "\n",
        )
        self.app.push_screen(
            Confirm("Run again", words, "Run again"), lambda yes: self._rerun(run) if yes else None
        )

    def _rerun(self, run: Run) -> None:
        workspace = self.workspace

        def act() -> str:
            from pilothouse.tui.snapshots.training import run_again

            what = "Sweep" if run.kind == "sweep" else "Run"
            return f"{what} {run_again(workspace, run)[:6]} started: the same as {run.name}."

        self.deed("Starting a run", act)
