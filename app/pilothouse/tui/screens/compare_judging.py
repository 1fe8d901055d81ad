"""What a comparison finds beyond the facts: told by a process that ends when the screen is left."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.worker import get_current_worker

from pilothouse.comparing.findings import Findings, section_from
from pilothouse.tui.screens.base import PilothouseScreen

if TYPE_CHECKING:
    import subprocess


class Judging(PilothouseScreen):
    """Starts the process, and keeps what it found for each order of what is compared."""

    @dataclass
    class Told(Message):
        """The process told something."""

        asked: tuple[tuple[str, ...], tuple[str, ...]]
        line: dict[str, Any]

    def __init__(self, refs: tuple[str, ...]) -> None:
        super().__init__()
        self.refs = refs
        self.by: tuple[str, ...] = ()
        self.saying = ""
        self._kept: dict[tuple[tuple[str, ...], tuple[str, ...]], Findings] = {}
        self._done: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def asked(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What is compared, the baseline first, and the columns to slice by."""
        return self.refs, self.by

    @property
    def findings(self) -> Findings:
        """What is known so far."""
        return self._kept.get(self.asked, Findings(untold={}))

    @property
    def complete(self) -> bool:
        """Whether nothing more will come."""
        return self.asked in self._done

    def news(self) -> None:
        """Draw what came."""

    def start_judging(self) -> None:
        """Start the process, unless what it would find is known."""
        self.stop_judging()
        if self.complete:
            self.saying = ""
            self.news()
            return
        from tempfile import TemporaryFile

        from pilothouse.tui.snapshots.comparing import start_judging, told_by

        asked = self.asked
        self.saying = "starting"
        said = TemporaryFile()  # noqa: SIM115 - the worker closes it
        process = self._process = start_judging(self.workspace, *asked, said)

        def work() -> None:
            worker = get_current_worker()
            with said:
                for line in told_by(process, said):
                    if worker.is_cancelled:
                        return
                    self.post_message(self.Told(asked, line))

        self.run_worker(work, thread=True, group="judging", exclusive=True, exit_on_error=False)
        self.news()

    def forget(self) -> None:
        """What was found about this order is old: a run of it has ended since."""
        self._kept.pop(self.asked, None)
        self._done.discard(self.asked)

    def stop_judging(self) -> None:
        """End the process that runs, if any."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            with contextlib.suppress(OSError):
                process.kill()

    def on_unmount(self) -> None:
        """Nobody waits for it any more."""
        self.stop_judging()

    def on_judging_told(self, message: Told) -> None:
        """Keep what was found; what was asked before says nothing any more."""
        line, asked = message.line, message.asked
        if "error" in line and (self._process is None or asked != self.asked):
            return  # it was stopped
        found = self._kept.get(asked, Findings(untold={}))
        if "section" in line:
            try:
                section = section_from(str(line["section"]), line["tree"])
            except (ValueError, KeyError) as error:
                line = {"untold": str(line["section"]), "why": f"It cannot be read: {error}"}
            else:
                self._kept[asked] = replace(found, **{str(line["section"]): section})
        if "untold" in line:
            untold = {**(found.untold or {}), str(line["untold"]): str(line["why"])}
            self._kept[asked] = replace(found, untold=untold)
        if line.get("done"):
            self._done.add(asked)
        if asked != self.asked:
            return
        if "saying" in line:
            share = line.get("share")
            self.saying = str(line["saying"]) + (f" {share:.0%}" if isinstance(share, float) else "")
        if "error" in line:
            self.saying = ""
            self._done.add(asked)
            untold = dict.fromkeys(("judgement", "slices", "data"), str(line["error"]))
            self._kept[asked] = replace(found, untold={**untold, **(found.untold or {})})
            self.say(str(line["error"]), "bad")
        if line.get("done"):
            self.saying = ""
        self.news()
