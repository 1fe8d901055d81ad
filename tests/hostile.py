"""A small configuration, and strings from hell."""

from __future__ import annotations

CONFIG = """
[model]
name = "late"
target = "y"

[data]
folder = "data"
"""

HOSTILE = [
    "model [/foo]",
    "[bold red]x[/]",
    "\x1b[31mred\x1b[0m\x07",
    "a\nb\tc\r",
    "../../etc/passwd",
    "'; DROP TABLE runs; --",
    '"quoted" $name {x} %s',
    "\u202eright-to-left\u202c",
    "x" * 10_000,
    "naïve 🚢 表",
    "",
    " ",
    "\x00nul",
]
