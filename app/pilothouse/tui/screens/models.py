"""Models: placeholder."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen


class ModelsScreen(PilothouseScreen):
    """Coming."""

    CONTEXT: ClassVar[str] = "models"
    AREA: ClassVar[str] = "models"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("models")]
