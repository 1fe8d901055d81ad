"""What the dialogs share: a box over the screen, its first field focused or else Cancel; esc means no."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input

from pilothouse.tui.text import safe
from pilothouse.tui.widgets.choice import Choice
from pilothouse.tui.widgets.line_input import LineInput
from pilothouse.tui.widgets.panel import Words

T = TypeVar("T")


class Dialog(ModalScreen[T | None], Generic[T]):
    """A question. ``answer`` is what the button that does it returns; Cancel and esc return None."""

    CSS_PATH = "dialog.tcss"
    AUTO_FOCUS = "#dialog-body Input, #dialog-body NoteField, #cancel"
    """The first field, so that what is typed arrives; where there is none, what does nothing."""
    ENTER_IS_ENOUGH: ClassVar[bool] = False
    """Whether enter in a field does it; where much depends on it, enter goes on to the button instead."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", show=False),
        Binding("right,l", "app.focus_next", show=False),
        Binding("left,h", "app.focus_previous", show=False),
        Binding("down,j", "app.focus_next", show=False),
        Binding("up,k", "app.focus_previous", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, title: str, do: str) -> None:
        super().__init__()
        self._title_words = title
        self._do = do
        self._entered = False

    def body(self) -> Iterable[Widget]:
        """What the dialog says and asks."""
        return ()

    def compose(self) -> ComposeResult:
        """The box with its two buttons."""
        with Vertical(id="dialog") as box:
            box.border_title = Content(safe(self._title_words))
            with VerticalScroll(id="dialog-body", can_focus=False):
                yield from self.body()
            yield Words(hides=True, id="dialog-error")
            with Horizontal(id="dialog-buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(Content(safe(self._do)), id="do")

    def allow(self, allowed: bool, label: str | None = None) -> None:
        """Let the button be pressed or not, and say other words on it."""
        button = self.query_one("#do", Button)
        button.disabled = not allowed
        if label is not None:
            button.label = Content(safe(label))
        if allowed and self._entered:
            button.focus()

    def refuse(self, words: Content) -> None:
        """Say in the dialog what is wrong with what was typed."""
        self.query_one("#dialog-error", Words).show(words)

    def answer(self) -> T | None:
        """What was chosen; None keeps the dialog open."""
        raise NotImplementedError

    def action_cancel(self) -> None:
        """Close without doing anything."""
        self.dismiss(None)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#do")
    def _pressed(self) -> None:
        self._finish()

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _submitted(self) -> None:
        if self.ENTER_IS_ENOUGH:
            self._finish()
        else:
            # A button that cannot be pressed yet gets the keys as soon as it can.
            self._entered = True
            self.query_one("#do", Button).focus()

    @on(Input.Changed)
    def _typed_on(self) -> None:
        self._entered = False

    def _finish(self) -> None:
        chosen = self.answer()
        if chosen is not None:
            self.dismiss(chosen)


class Confirm(Dialog[bool]):
    """Yes or no, after saying what yes does."""

    def __init__(self, title: str, words: Content, do: str) -> None:
        super().__init__(title, do)
        self._words = words

    def body(self) -> Iterable[Widget]:
        """What will happen."""
        words = Words(id="dialog-words")
        words.show(self._words)
        return (words,)

    def answer(self) -> bool:
        """Yes."""
        return True


class Ask(Dialog[str]):
    """One line of text; enter in it is enough."""

    ENTER_IS_ENOUGH = True

    def __init__(self, title: str, words: Content, do: str, value: str = "", placeholder: str = "") -> None:
        super().__init__(title, do)
        self._words, self._value, self._placeholder = words, value, placeholder

    def body(self) -> Iterable[Widget]:
        """What for, and the line."""
        words = Words(id="dialog-words")
        words.show(self._words)
        return (words, LineInput(self._value, placeholder=self._placeholder, id="ask"))

    def answer(self) -> str:
        """The text."""
        return self.query_one("#ask", Input).value
