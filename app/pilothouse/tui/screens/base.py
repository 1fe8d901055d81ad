"""What every screen shares: the frame, the polling of its snapshot off-thread, actions, and errors in
words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.reactive import var
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import get_current_worker

from pilothouse.tui.actions import BY_ID
from pilothouse.tui.messages import DeedDone, DeedFailed, SnapshotFailed, SnapshotReady
from pilothouse.tui.text import safe
from pilothouse.tui.widgets.frame import Header, KeyBar, StatusLine

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel
    from textual.timer import Timer

    from pilothouse.tui.app import PilothouseApp
    from pilothouse.workspace import Workspace


FIRST_LOOK = 0.03
"""Seconds from a screen's coming up to its first read: time for it to be painted."""


WHOLE = 2_000
"""Characters of a message that are told where there is room."""
SEVERITIES: dict[str, SeverityLevel] = {
    "": "information", "good": "information", "watch": "warning", "bad": "error",
}  # fmt: skip


class PilothouseScreen(Screen[None]):
    """A screen with a header, a body, a status line and keys. Subclasses say what to fetch and how to show
    it."""

    CONTEXT: ClassVar[str] = ""
    AREA: ClassVar[str] = ""
    POLL: ClassVar[float] = 1.0
    ALLOW_IN_MAXIMIZED_VIEW: ClassVar[str] = "Header, StatusLine, KeyBar"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-narrow"),
        (110, "-wide"),
        (170, "-vast"),
    ]
    # What has the focus draws itself: as Textual declares it, a change of focus draws the whole screen anew.
    focused: var[Widget | None] = var(None)

    def __init__(self) -> None:
        # Given with the first layout, the breakpoint's class costs no second styling of every widget.
        across, steps = self.app.size.width, reversed(self.HORIZONTAL_BREAKPOINTS)
        super().__init__(classes=next(name for least, name in steps if across >= least))
        # The styles were read with the theme's colours just now: reading them again would change nothing.
        self._css_update_count = self.app._css_update_count
        self._turn = 0
        self._polling = False
        self._again = False
        self._timer: Timer | None = None
        self._seen = False
        self._trouble = ""

    # ------------------------------------------------------------ the frame

    def body(self) -> Iterable[Widget]:
        """The widgets between header and status line."""
        return ()

    def compose(self) -> ComposeResult:
        """Frame and body."""
        yield Header(self.AREA)
        yield from self.body()
        yield StatusLine()
        yield KeyBar(self.CONTEXT)

    @property
    def pilothouse(self) -> PilothouseApp:
        """The app, as what it is."""
        return cast("PilothouseApp", self.app)

    @property
    def workspace(self) -> Workspace:
        """The workspace on screen."""
        return self.pilothouse.workspace

    def say(self, text: str, level: str = "") -> None:
        """Put a sentence into the status line; one that is longer than it is told beside it in whole."""
        if self._say(text, level):
            self.app.notify(safe(text, WHOLE), severity=SEVERITIES[level], timeout=12, markup=False)

    def _say(self, text: str, level: str) -> bool:
        """Whether there was more to say than fits."""
        if not self.is_mounted:
            return False
        status = self.query_one(StatusLine)
        status.say(text, level)
        return not status.fits

    def complain(self, error: BaseException) -> None:
        """Tell an error: the sentence in the status line, what is untouched and what to do in a toast."""
        from pilothouse.errors import PilothouseError

        if isinstance(error, PilothouseError):
            whole = error.what if self._say(error.what, "bad") else ""
            if said := "\n".join(safe(part, WHOLE) for part in (whole, error.untouched, error.next) if part):
                self.app.notify(said, severity="error", timeout=12, markup=False)
        else:
            self.log.error(repr(error))
            self.say(f"{type(error).__name__}: {error}", "bad")

    def refresh_keys(self) -> None:
        """Draw the keys again: what can be done has changed."""
        if self.is_mounted:
            self.query_one(KeyBar).renew()

    # ------------------------------------------------------------ reading

    def job(self) -> Callable[[], object] | None:
        """What to compute in the thread for this screen, closing over what the person chose; None for
        nothing."""
        return None

    def show_snapshot(self, snapshot: object) -> None:
        """Update the widgets from what ``job`` returned."""

    def on_screen_resume(self) -> None:
        """Read when the screen comes up, and then each second."""
        self._tell_header()
        if self._timer is None:
            self._timer = self.set_interval(self.POLL, self.poll)
        else:
            self._timer.resume()
        if self._seen:
            self.poll()
        else:  # the first paint comes before the first import of the store
            self._seen = True
            self.set_timer(FIRST_LOOK, self.poll)

    def on_screen_suspend(self) -> None:
        """A screen that nobody sees reads nothing."""
        if self._timer is not None:
            self._timer.pause()

    def poll(self, *, now: bool = False) -> None:
        """Ask for a snapshot unless one is on its way; ``now`` asks for another right after that."""
        if self._polling:
            self._again = self._again or now
            return
        job = self.job()
        if job is None:
            return
        self._polling = True
        self._turn += 1
        turn, about = self._turn, self.pilothouse.about_job()

        def work() -> None:
            worker = get_current_worker()
            try:
                about()
                message: SnapshotReady | SnapshotFailed = SnapshotReady(turn, job())
            except Exception as error:  # noqa: BLE001 - told in the status line
                message = SnapshotFailed(turn, error)
            if not worker.is_cancelled:
                self.post_message(message)

        self.run_worker(work, thread=True, group="poll", exit_on_error=False)

    @on(SnapshotReady)
    def _snapshot_ready(self, message: SnapshotReady) -> None:
        self._polled()
        if message.turn == self._turn:
            if self._trouble:
                self._trouble = ""
                self.query_one(StatusLine).say("")
            self._tell_header()
            self.show_snapshot(message.snapshot)
            self.refresh_keys()

    @on(SnapshotFailed)
    def _snapshot_failed(self, message: SnapshotFailed) -> None:
        self._polled()
        self._tell_header()
        for rows in self.query("PagedRows, DriftMap"):
            rows.say_failed(_why(message.error))  # type: ignore[attr-defined]
        if str(message.error) != self._trouble:  # say it once, not every second
            self._trouble = str(message.error)
            self.complain(message.error)

    def _polled(self) -> None:
        self._polling = False
        if self._again:
            self._again = False
            self.call_next(self.poll)

    def _tell_header(self) -> None:
        about = self.pilothouse.about
        if about is not None:
            self.query_one(Header).tell(about.model, about.mode)

    # ------------------------------------------------------------ acting

    def why_not(self, action: str) -> str:
        """Why this action cannot be done now, in a sentence; empty when it can."""
        return ""

    def action_act(self, action: str) -> Awaitable[None] | None:
        """Carry out one action of the table, or say why not. What it returns has to be waited for before
        the next key: Textual does so."""
        if reason := self.why_not(action):
            self.say(f"{BY_ID[action].label}: {reason}", "watch")
            return None
        if action == "back" and self.maximized is not None:
            action = "zoom"
        # What the screen itself does not do is for the part in focus, such as a chart.
        method = getattr(self, f"do_{action}", None) or getattr(self.focused, f"do_{action}", None)
        if method is None and action.startswith("go_"):
            return self._go(action.removeprefix("go_"))
        elif method is not None:
            return cast("Awaitable[None] | None", method())
        return None

    def _go(self, area: str) -> Awaitable[None]:
        """Go to an area as it was left; from within it, to its first screen."""

        async def go() -> None:
            if area != self.app.current_mode:
                await self.app.switch_mode(area)
                return
            while len(self.app.screen_stack) > 1:
                await self.app.pop_screen()

        return go()

    async def action_in_area(self, action: str) -> None:
        """Go to the list of this screen's area, and carry out an action of it there."""
        app, area = self.app, self.AREA
        if area != app.current_mode:
            await app.switch_mode(area)
        while len(app.screen_stack) > 1:
            await app.pop_screen()
        done = cast("PilothouseScreen", app.screen).action_act(action)
        if done is not None:
            await done

    def action_part(self, part: str, action: str) -> None:
        """Carry out an action of a part that is on screen, in focus or not."""
        for widget in self.query("*"):
            if getattr(widget, "CONTEXT", "") == part and widget.display and widget.is_on_screen:
                widget.focus()
                getattr(widget, f"do_{action}")()
                return
        self.say(f"{BY_ID[action].label}: there is no {part} on the screen now", "watch")

    def deed(self, saying: str, act: Callable[[], str], then: Callable[[], None] | None = None) -> None:
        """Do what a person asked for in a thread; ``act`` returns the sentence that says what happened."""
        self.say(f"{saying} …")

        def work() -> None:
            worker = get_current_worker()
            try:
                message: DeedDone | DeedFailed = DeedDone(act(), then)
            except Exception as error:  # noqa: BLE001 - told in words
                message = DeedFailed(error)
            if not worker.is_cancelled:
                self.post_message(message)

        self.run_worker(work, thread=True, group="deed", exit_on_error=False)

    @on(DeedDone)
    def _deed_done(self, message: DeedDone) -> None:
        self.say(message.sentence, "good" if message.sentence else "")
        if message.then is not None:
            message.then()
        self.poll(now=True)

    @on(DeedFailed)
    def _deed_failed(self, message: DeedFailed) -> None:
        self.complain(message.error)
        self.poll(now=True)

    def do_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    def do_help(self) -> None:
        """Show the keys of this screen."""
        from pilothouse.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.CONTEXT))

    def do_performance(self) -> None:
        """Show whether what landed hurts."""
        from pilothouse.tui.screens.performance import PerformanceScreen

        self.app.push_screen(PerformanceScreen())

    def do_next_model(self) -> None:
        """Steer the next of several models."""
        about = self.pilothouse.about
        if about is None or len(about.models) < 2:
            self.say("next model: this workspace has only one", "watch")
            return
        at = about.models.index(about.model)
        self.pilothouse.model = about.models[(at + 1) % len(about.models)]
        self.say(f"Steering {self.pilothouse.model}.")
        self.poll(now=True)

    def do_refresh(self) -> None:
        """Read again now."""
        self.poll(now=True)

    def do_quit(self) -> None:
        """Leave. Runs, server and watcher are processes of their own and go on."""
        self.app.exit()

    def do_back(self) -> None:
        """Close a screen that was opened over an area's first; never quits."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def do_zoom(self) -> None:
        """Give the panel in focus the whole screen, or take it back."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused)
        else:
            self.say("zoom: no panel here has the focus", "watch")

    def do_copy(self) -> None:
        """Copy what the cursor is on."""
        text = self.copied()
        if text:
            self.app.copy_to_clipboard(text)
            self.say(f"Copied {text}", "good")
        else:
            self.say("copy: nothing here to copy", "watch")

    def copied(self) -> str:
        """The text that ``y`` copies."""
        return ""


def _why(error: BaseException) -> str:
    """An error as lines: what is the case, and what to do about it."""
    from pilothouse.errors import PilothouseError

    if isinstance(error, PilothouseError):
        return "\n".join(safe(part) for part in (error.what, error.next) if part)
    return safe(f"{type(error).__name__}: {error}")
