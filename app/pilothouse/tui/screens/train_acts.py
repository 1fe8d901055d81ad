"""Starting a training run from any screen that offers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.tui.screens.base import PilothouseScreen

if TYPE_CHECKING:
    from pilothouse.tui.dialogs.train import TrainOrder


class TrainActs(PilothouseScreen):
    """The dialog and what follows it."""

    def why_not(self, action: str) -> str:
        """Training needs a configuration that can be read."""
        if action == "train" and self.pilothouse.about is None:
            return "the configuration has not been read yet"
        return super().why_not(action)

    def do_train(self) -> None:
        """Ask for recipe and parameters, then start."""
        self.ask_and_train()

    def ask_and_train(
        self, *, because: str = "", why: str = "", data: str = "", name: str = "", title: str = "Train"
    ) -> None:
        """Ask for recipe and parameters, then start.

        ``because`` is the file that is the reason, ``why`` says it in words; ``data`` says what is learned
        from; ``name`` is offered for the run.
        """
        from pilothouse.tui.dialogs.train import TrainDialog
        from pilothouse.tui.snapshots.training import offers

        about = self.pilothouse.about
        if about is None:
            return
        try:
            offer = offers(self.workspace, about.model)
        except Exception as error:  # noqa: BLE001 - told in words
            self.complain(error)
            return
        self.app.push_screen(
            TrainDialog(offer, data=data, name=name, title=title),
            lambda order: self._train(order, about.model, because, why) if order is not None else None,
        )

    def _train(self, order: TrainOrder, model: str, because: str = "", why: str = "") -> None:
        workspace = self.workspace

        def act() -> str:
            from pilothouse.tui.snapshots.training import start

            run_id = start(workspace, model, order.recipe, order.params, order.name, because, why)
            return f"Run {run_id[:6]} started with {order.recipe}; 2 shows it."

        self.deed("Taking the data and starting a run", act)
