"""Data: placeholder."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen


class DataScreen(PilothouseScreen):
    """Coming."""

    CONTEXT: ClassVar[str] = "data"
    AREA: ClassVar[str] = "data"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("data")]
