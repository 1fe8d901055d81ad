"""Starting a sweep: which recipe, which space, how it is searched, and what that will cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label

from pilothouse.tui.dialogs.base import Dialog
from pilothouse.tui.snapshots.sweeps import SweepWish
from pilothouse.tui.snapshots.training import Offer
from pilothouse.tui.text import line, safe
from pilothouse.tui.widgets.choice import Choice
from pilothouse.tui.widgets.panel import Words

STRATEGIES = ("random", "grid", "halving")
EXAMPLES = "a=1,2,5  b=log(0.001..1)  c=uniform(0..1)  d=int(2..8)"
_FIELDS = (
    ("space", "space", "learning_rate=log(0.01..0.3) max_leaf_nodes=7,15,31"),
    ("trials", "trials", "20; a grid has as many as it has points"),
    ("jobs", "at once", "as many as there are processors"),
    ("metric", "metric", "roc_auc, log_loss or rmse, by the task"),
    ("patience", "patience", "stop after so many trials without a better one"),
    ("cluster", "cluster", "tcp://HOST:8786, or empty for this machine"),
)


class SweepDialog(Dialog[SweepWish]):
    """The fields, and under them what they come to."""

    ENTER_IS_ENOUGH = True

    def __init__(self, offer: Offer, preview: Callable[[SweepWish], str], declared: SweepWish) -> None:
        super().__init__("Sweep", "Start")
        self._offer = offer
        self._preview = preview
        self._declared = declared

    def body(self) -> Iterable[Widget]:
        """The fields."""
        words = Words(id="dialog-words")
        words.show(line(("No trial sees the holdout: it is kept to judge the winner.", "$dim")))
        yield words
        yield _field("recipe", Choice(self._offer.recipes, self._offer.recipe, id="recipe"))
        yield _field("strategy", Choice(STRATEGIES, self._declared.strategy, id="strategy"))
        for name, label, hint in _FIELDS:
            yield _field(label, Input(getattr(self._declared, name), placeholder=hint, id=name))
        yield Words(id="sweep-preview")
        yield Words(id="sweep-knows")

    def on_mount(self) -> None:
        """Say what there is to fill in."""
        self._look()

    @on(Choice.Changed)
    @on(Input.Changed)
    def _look(self) -> None:
        recipe = self.query_one("#recipe", Choice).value
        self.query_one("#sweep-knows", Words).show(
            line(
                ("values        ", "$dim"), (EXAMPLES, "$dim"), "\n",
                ("knows         ", "$dim"), (safe(self._offer.parameters.get(recipe, "")), "$dim"),
            )
        )  # fmt: skip
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
        typed = {name: self.query_one(f"#{name}", Input).value.strip() for name, _, _ in _FIELDS}
        return SweepWish(
            recipe=self.query_one("#recipe", Choice).value,
            strategy=self.query_one("#strategy", Choice).value,
            **typed,
        )

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


def _field(label: str, widget: Widget) -> Horizontal:
    return Horizontal(Label(label, classes="label"), widget, classes="field")


def _refusal(error: Exception) -> Content:
    """An error with its lines kept: one of them points at the place."""
    shown = [safe(part) for part in str(error).splitlines()]
    parts: list[str | tuple[str, str]] = []
    for part in shown:
        parts += [(part, "$warning"), "\n"]
    return line(*parts[:-1])
