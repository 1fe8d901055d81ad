"""The rules of one column, as a line that is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from pilothouse.errors import PilothouseError
from pilothouse.tui.dialogs.base import Ask
from pilothouse.tui.text import line, safe

if TYPE_CHECKING:
    from pilothouse.monitoring.quality.rules import FileRules

_OF_COLUMNS = (
    "type   max_missing, max_new: shares from 0 to 1   min, max   categories",
    'unique, varies, leak_check: true or false   on_fail: "hold" or "warn"',
)
_OF_FILES = (
    "min_rows, max_rows   max_duplicates: a share from 0 to 1",
    'max_age: "7d", "36h" of the newest time   on_fail: "hold" or "warn"',
)


class RuleDialog(Ask):
    """Answers with the line once it can be read as rules; `column` is empty for those of a whole file."""

    def __init__(self, rules: FileRules, column: str) -> None:
        from pilothouse.monitoring.quality.rules_text import rule_line

        self._rules, self._column = rules, column
        known = _OF_COLUMNS if column else _OF_FILES
        parts: list[str | tuple[str, str]] = [
            (safe(column, 60) if column else "a file as a whole", "bold"), "\n",
            (known[0], "$dim"), "\n", (known[1], "$dim"), "\n",
            ("What is left out is not asked.", "$dim"), "\n",
        ]  # fmt: skip
        if rules.accepted is None:
            parts += [
                ("▲ ", "$warning"),
                "Nobody has accepted a schema yet: this accepts the whole of it.",
                "\n",
            ]
        super().__init__("Change the rules", line(*parts), "Accept", value=rule_line(rules, column))
        self.add_class("-broad")

    def answer(self) -> str | None:  # type: ignore[override]
        """The line, if it can be read; else it stays open and says what is wrong."""
        from pilothouse.monitoring.quality.rules_text import with_rule_line

        text = self.query_one("#ask", Input).value
        try:
            with_rule_line(self._rules, self._column, text)
        except PilothouseError as error:
            hint = f"  {error.next}" if error.next else ""
            self.refuse(line(("■ ", "$error"), safe(error.what, 200), (safe(hint, 160), "$dim")))
            return None
        return text
