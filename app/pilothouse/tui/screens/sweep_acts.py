"""Starting a sweep from the runs, and opening one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.tui.screens.base import PilothouseScreen

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.sweeps import SweepWish


class SweepActs(PilothouseScreen):
    """The dialog and what follows it."""

    def do_sweep(self) -> None:
        """Ask what to search, then start and open the sweep."""
        from pilothouse.tui.dialogs.sweep import SweepDialog
        from pilothouse.tui.snapshots.sweeps import Past, declared, may_sweep, past, preview

        about, workspace = self.pilothouse.about, self.workspace
        if about is None:
            return
        model = about.model
        try:
            offer = may_sweep(workspace, model)
            wish = declared(workspace, model, offer.recipe)
        except Exception as error:  # noqa: BLE001 - told in words
            self.complain(error)
            return
        known = Past({})

        def ask() -> str:
            # How long runs took is asked of the store, so not while keys wait.
            known.took.update(past(workspace, model).took)
            return ""

        def look(wish: SweepWish) -> str:
            return preview(workspace, model, wish, known)

        self.deed("Looking how long runs take", ask)
        self.app.push_screen(
            SweepDialog(offer, look, wish),
            lambda asked: self._sweep(asked, model) if asked is not None else None,
        )

    def _sweep(self, wish: SweepWish, model: str) -> None:
        workspace, made = self.workspace, []

        def act() -> str:
            from pilothouse.tui.snapshots.sweeps import start

            made.append(start(workspace, model, wish))
            return f"Sweep {made[0][:6]} started."

        def then() -> None:
            from pilothouse.tui.screens.sweep import SweepScreen

            if self.is_current:
                self.app.push_screen(SweepScreen(made[0]))

        self.deed("Starting a sweep" if not model else "Taking the data and starting a sweep", act, then)
