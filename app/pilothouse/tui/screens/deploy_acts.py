"""Promoting and rolling back, from every screen that offers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.tui.screens.base import PilothouseScreen

if TYPE_CHECKING:
    from pilothouse.tui.dialogs.promote import PromoteOrder
    from pilothouse.tui.dialogs.rollback import RollbackOrder
    from pilothouse.tui.snapshots.models import Models


class DeployActs(PilothouseScreen):
    """The two dialogs and what follows them."""

    def known_models(self) -> Models | None:
        """What is known of versions and deployments."""
        raise NotImplementedError

    def candidate(self) -> int | None:
        """The version that ``P`` would promote."""
        raise NotImplementedError

    def served(self, to: int) -> str:
        """A sentence on the server, for the rollback dialog."""
        from pilothouse.serving.status import server_status

        server = server_status(self.workspace)
        if server is None:
            return "No server is running now."
        return "It is loaded and warm." if server.previous == to else "The server loads it, then swaps."

    def why_not(self, action: str) -> str:
        """What the registry forbids."""
        known = self.known_models()
        if action == "promote":
            if known is None or not known.versions:
                return "there is no version yet; train one with t"
            number = self.candidate()
            if number is None:
                return "no version waits to be promoted"
            if number == known.live:
                return f"v{number} is live already"
        if action == "rollback":
            if known is None or known.live is None:
                return "nothing is live"
            if known.back_to is None:
                return f"v{known.live} is the first version that went live"
        return super().why_not(action)

    def do_promote(self) -> None:
        """Show the gates, then promote."""
        from pilothouse.tui.dialogs.promote import PromoteDialog
        from pilothouse.tui.snapshots.models import kept_gates

        known, number = self.known_models(), self.candidate()
        version = known.version(number) if known is not None else None
        if known is None or version is None:
            return
        kept = kept_gates(self.workspace, version.run_id) if version.run_id else []
        dialog = PromoteDialog(self.workspace, version, known.version(known.live), kept)
        self.app.push_screen(dialog, lambda order: self._promote(order) if order is not None else None)

    def _promote(self, order: PromoteOrder) -> None:
        workspace = self.workspace

        def act() -> str:
            from pilothouse.tui.commands import run_command

            words = ["promote", f"{order.model}/{order.version}", "--yes", f"--reason={order.reason}"]
            run_command(workspace, *words, *(["--force"] if order.force else []))
            return f"v{order.version} is live."

        self.deed(f"Promoting v{order.version}", act)

    def do_rollback(self) -> None:
        """Say what a rollback does, then do it."""
        from pilothouse.tui.dialogs.rollback import RollbackDialog

        known = self.known_models()
        if known is None or known.back_to is None:
            return
        dialog = RollbackDialog(known, known.back_to, self.pilothouse.now(), self.served(known.back_to))
        self.app.push_screen(dialog, lambda order: self._rollback(order) if order is not None else None)

    def _rollback(self, order: RollbackOrder) -> None:
        from pilothouse.tui.snapshots.models import roll_back

        workspace = self.workspace
        self.deed(
            f"Rolling back to v{order.to}", lambda: roll_back(workspace, order.model, order.to, order.reason)
        )
