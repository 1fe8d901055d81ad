"""Starting a training run: which recipe, which parameters."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Label

from pilothouse.tui.dialogs.base import Dialog
from pilothouse.tui.snapshots.training import Offer
from pilothouse.tui.text import line, safe
from pilothouse.tui.widgets.choice import Choice
from pilothouse.tui.widgets.line_input import LineInput
from pilothouse.tui.widgets.panel import Words


@dataclass(frozen=True, slots=True)
class TrainOrder:
    """What was chosen; empty means what the configuration says."""

    recipe: str
    params: dict[str, Any]
    name: str


def parse_params(text: str) -> dict[str, Any]:
    """Read ``max_iter=600 learning_rate=0.05`` into values, by the rules of the command line.

    Raises:
        PilothouseError, ValueError: a word is not KEY=VALUE, or a quote is not closed; the text says which.
    """
    from pilothouse.training.recipes import parse_param

    return dict(parse_param(word) for word in shlex.split(text))


class TrainDialog(Dialog[TrainOrder]):
    """The recipe, its parameters, a name. What is typed at once are parameters."""

    ENTER_IS_ENOUGH = True

    def __init__(self, offer: Offer, *, data: str = "", name: str = "", title: str = "Train") -> None:
        super().__init__(title, "Train")
        self._offered_name = name
        self._recipes, self._recipe, self._defaults, self._data = (
            offer.recipes,
            offer.recipe,
            offer.parameters,
            data or offer.data,
        )
        self._check = offer.check

    def body(self) -> Iterable[Widget]:
        """The fields."""
        words = Words(id="dialog-words")
        words.show(line(("The run is a process of its own: it goes on when this terminal closes.", "$dim")))
        hint = Words(id="train-hint")
        hint.show(self._hint(self._recipe))
        return (
            words,
            Horizontal(
                Label("recipe", classes="label"),
                Choice(self._recipes, self._recipe, id="recipe"),
                classes="field",
            ),
            Horizontal(
                Label("parameters", classes="label"),
                LineInput(placeholder="key=value key=value", id="params"),
                classes="field",
            ),
            Horizontal(
                Label("name", classes="label"),
                LineInput(self._offered_name, placeholder="two words of its own", id="name"),
                classes="field",
            ),
            Horizontal(
                Label("data", classes="label"),
                Label(" " + safe(self._data, 200), markup=False),
                classes="field",
            ),
            hint,
        )

    def _hint(self, recipe: str) -> Any:
        return line("\n", ("knows          ", "$dim"), (self._defaults.get(recipe, ""), "$dim"))

    @on(Choice.Changed)
    def _recipe_changed(self, event: Choice.Changed) -> None:
        self.query_one("#train-hint", Words).show(self._hint(event.value))

    def answer(self) -> TrainOrder | None:
        """The order, if the recipe knows the parameters."""
        from pilothouse.errors import PilothouseError

        recipe = self.query_one("#recipe", Choice).value
        try:
            params = parse_params(self.query_one("#params", Input).value)
            self._check(recipe, params)
        except PilothouseError as error:
            self.refuse(line(f"{error.what} {error.next}"))
            return None
        except ValueError as error:
            self.refuse(line(f"The parameters cannot be read: {error}."))
            return None
        return TrainOrder(recipe, params, self.query_one("#name", Input).value.strip())
