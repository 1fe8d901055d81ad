"""What can be done about the schema: edit a rule, accept what is suggested, allow the newest file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.text import line, safe

if TYPE_CHECKING:
    from pilothouse.monitoring.quality.beside import RuleLine
    from pilothouse.tui.snapshots.schema import SchemaNow


class SchemaActs(PilothouseScreen):
    """The acts on the rules."""

    def known_schema(self) -> SchemaNow | None:
        """What is known of the rules."""
        raise NotImplementedError

    @property
    def current(self) -> RuleLine | None:
        """The column under the cursor; None for the file as a whole."""
        raise NotImplementedError

    def named(self) -> str:
        """The file that stands beside the rules, in words."""
        raise NotImplementedError

    def keeps_all(self) -> bool:
        """Whether the file beside the rules is known to keep them all."""
        raise NotImplementedError

    def do_edit_rule(self) -> None:
        """Edit what is asked of the column under the cursor; what was edited is accepted."""
        from pilothouse.monitoring.quality.rules_text import with_rule_line
        from pilothouse.tui.dialogs.rule import RuleDialog
        from pilothouse.tui.snapshots.schema import accept

        known, one, workspace = self.known_schema(), self.current, self.workspace
        if known is None:
            return
        column = one.column if one else ""

        def edited(text: str | None) -> None:
            if text is not None:
                rules = with_rule_line(known.rules, column, text)
                self.deed("Accepting the schema", lambda: accept(workspace, known, rules))

        self.app.push_screen(RuleDialog(known.rules, column), edited)

    def do_accept_schema(self) -> None:
        """Accept what is suggested, after saying what that means."""
        from pilothouse.tui.dialogs.base import Confirm
        from pilothouse.tui.snapshots.schema import accept

        known, workspace = self.known_schema(), self.workspace
        if known is None:
            return
        words = line(
            f"{len(known.rules.columns)} columns have rules, suggested from {safe(known.suggested_from)}.",
            "\n", "\n",
            ("From now on ", "$dim"), "a file that breaks one is held back: no training uses it.", "\n",
            ("Unchanged   ", "$dim"), "files that were judged already; `check` judges them again.", "\n",
            ("Remembered  ", "$dim"), "who accepted it and when. Each rule can be changed: e.", "\n",
        )  # fmt: skip
        self.app.push_screen(
            Confirm("Accept the schema", words, "Accept"),
            lambda yes: (
                self.deed("Accepting the schema", lambda: accept(workspace, known, known.rules))
                if yes
                else None
            ),
        )

    def do_adapt_schema(self) -> None:
        """Widen the schema to the file beside it, after saying what it breaks now."""
        from pilothouse.tui.dialogs.base import Confirm
        from pilothouse.tui.snapshots.schema import adapt

        known, workspace = self.known_schema(), self.workspace
        if known is None or known.newest is None:
            return
        words = line(
            safe(f"Files may be like {Path(known.newest[0]).name} from now on."), "\n", "\n",
            ("Changed     ", "$dim"), "what it breaks is widened just so far; new columns get rules.", "\n",
            ("Unchanged   ", "$dim"), "what is asked besides; the file stays as it was judged.", "\n",
        )  # fmt: skip
        self.app.push_screen(
            Confirm(f"Allow files like {Path(known.newest[0]).name}", words, "Allow"),
            lambda yes: self.deed("Widening the schema", lambda: adapt(workspace, known)) if yes else None,
        )

    def why_not(self, action: str) -> str:
        """What is missing."""
        known = self.known_schema()
        if action in ("edit_rule", "accept_schema", "adapt_schema") and known is None:
            return "the rules have not been read yet"
        if action == "accept_schema" and known is not None and known.rules.accepted is not None:
            return f"version {known.rules.accepted} is accepted already; e changes a rule"
        if action == "adapt_schema":
            if known is not None and known.newest is None:
                return "there is no file in the data folder"
            if self.keeps_all():
                return f"{self.named()} keeps all rules"
        return super().why_not(action)
