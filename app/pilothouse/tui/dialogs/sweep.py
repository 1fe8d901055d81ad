"""Starting a sweep: what is run, which space, how it is searched, and what that will cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label

from pilothouse.tui.dialogs.base import Dialog
from pilothouse.tui.snapshots.sweeps import BETTER, SweepWish
from pilothouse.tui.snapshots.training import OWN_COMMAND, Offer
from pilothouse.tui.text import line, safe
from pilothouse.tui.widgets.choice import Choice
from pilothouse.tui.widgets.line_input import LineInput
from pilothouse.tui.widgets.panel import Words

STRATEGIES = ("random", "grid", "halving")
EXAMPLES = "a=1,2,5  b=log(0.001..1)  c=uniform(0..1)  d=int(2..8)"
_LABELS = {
    "recipe": "recipe",
    "command": "command",
    "strategy": "strategy",
    "space": "space",
    "fixed": "fixed",
    "trials": "trials",
    "jobs": "at once",
    "resource": "resource",
    "most": "at most",
    "metric": "metric",
    "better": "better",
    "patience": "patience",
    "cluster": "cluster",
}
_TYPED = tuple(name for name in _LABELS if name not in ("recipe", "strategy", "better"))
_ROWS = (
    ("recipe",),
    ("command",),
    ("strategy",),
    ("space",),
    ("fixed",),
    ("trials", "jobs"),
    ("resource", "most"),
    ("metric", "better"),
    ("patience", "cluster"),
)
"""Those beside each other belong together, so that all of them find room on a small terminal."""
_HINTS = {
    "command": "python train.py",
    "space": "learning_rate=log(0.01..0.3) max_leaf_nodes=7,15,31",
    "fixed": "what all trials share: name=value name=value",
    "trials": "20",
    "jobs": "all processors",
    "resource": "rows or iterations",
    "metric": "as the task has it",
    "patience": "trials without gain",
    "cluster": "tcp://HOST:8786",
}
_HINTS_OF_A_SCRIPT = {
    "space": "lr=log(0.001..1) layers=1,2,3",
    "resource": "epochs",
    "most": "81",
    "metric": "loss",
}


class SweepDialog(Dialog[SweepWish]):
    """The fields that matter for what is run and how it is searched, and under them what they come to."""

    ENTER_IS_ENOUGH = True
    AUTO_FOCUS: ClassVar[str] = ""

    def __init__(self, offer: Offer, preview: Callable[[SweepWish], str], declared: SweepWish) -> None:
        super().__init__("Sweep", "Start")
        self._offer = offer
        self._preview = preview
        self._declared = declared

    def body(self) -> Iterable[Widget]:
        """The fields."""
        yield Words(id="dialog-words")
        for row in _ROWS:
            parts: list[Widget] = []
            for at, name in enumerate(row):
                label = Label(_LABELS[name], classes="label second" if at else "label", id=f"{name}-label")
                parts += [label, self._field(name)]
            yield Horizontal(*parts, classes="field", id=f"{row[0]}-row")
        yield Words(id="sweep-preview")
        yield Words(id="sweep-knows")

    def _field(self, name: str) -> Widget:
        if name == "recipe":
            return Choice(self._offer.recipes, self._offer.recipe, id=name)
        if name == "strategy":
            return Choice(STRATEGIES, self._declared.strategy, id=name)
        if name == "better":
            return Choice(BETTER, self._declared.better, id=name)
        return LineInput(getattr(self._declared, name), id=name)

    def on_mount(self) -> None:
        """Say what there is to fill in, and begin with it."""
        self._look()
        first = "command" if self._own and not self._declared.command else "space"
        self.query_one(f"#{first}", Input).focus()

    @property
    def _own(self) -> bool:
        return self.query_one("#recipe", Choice).value == OWN_COMMAND

    def _show_what_matters(self) -> None:
        own, strategy = self._own, self.query_one("#strategy", Choice).value
        matters = {
            "recipe": len(self._offer.recipes) > 1,
            "command": own,
            "trials": strategy != "grid",
            "resource": strategy == "halving",
            "most": own and strategy == "halving",
            "better": own,
        }
        for row in _ROWS:
            for name in row:
                there = matters.get(name, True)
                self.query_one(f"#{name}").display = there
                label = self.query_one(f"#{name}-label", Label)
                label.display = there
                label.set_class(name != row[0] and matters.get(row[0], True), "second")
            self.query_one(f"#{row[0]}-row").display = any(matters.get(name, True) for name in row)
        for name in _TYPED:
            hint = _HINTS_OF_A_SCRIPT.get(name) if own else None
            self.query_one(f"#{name}", Input).placeholder = hint or _HINTS.get(name, "")
        words = (
            "A trial is the command with its parameters behind it, as --name value."
            if own
            else "No trial sees the holdout: it is kept to judge the winner."
        )
        self.query_one("#dialog-words", Words).show(line((words, "$dim")))

    @on(Choice.Changed)
    @on(Input.Changed)
    def _look(self) -> None:
        self._show_what_matters()
        knows = self._offer.parameters.get(self.query_one("#recipe", Choice).value, "")
        told: list[str | tuple[str, str]] = [("values        ", "$dim"), (EXAMPLES, "$dim")]
        if knows and not self._own:
            told += ["\n", ("knows         ", "$dim"), (safe(knows), "$dim")]
        self.query_one("#sweep-knows", Words).show(line(*told))
        wish = self.wish()
        if not wish.space:
            self._told(line(("Say which parameters to search.", "$dim")))
            return
        from pilothouse.errors import PilothouseError

        try:
            self._told(line((safe(self._preview(wish)), "bold")))
        except PilothouseError as error:
            self._told(_refusal(error))

    def _told(self, words: Content) -> None:
        self.query_one("#sweep-preview", Words).show(words)

    def wish(self) -> SweepWish:
        """What the fields say."""
        typed = {name: self.query_one(f"#{name}", Input).value.strip() for name in _TYPED}
        chosen = {name: self.query_one(f"#{name}", Choice).value for name in _LABELS if name not in _TYPED}
        return SweepWish(**typed, **chosen)

    def answer(self) -> SweepWish | None:
        """The wish, if it can be done."""
        from pilothouse.errors import PilothouseError

        wish = self.wish()
        try:
            self._preview(wish)
        except PilothouseError as error:
            self._told(_refusal(error))
            return None
        return wish


def _refusal(error: Exception) -> Content:
    """An error with its lines kept: one of them points at the place."""
    shown = [safe(part) for part in str(error).splitlines()]
    parts: list[str | tuple[str, str]] = []
    for part in shown:
        parts += [(part, "$warning"), "\n"]
    return line(*parts[:-1])
