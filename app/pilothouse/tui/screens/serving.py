"""Serving: placeholder."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen


class ServingScreen(PilothouseScreen):
    """Coming."""

    CONTEXT: ClassVar[str] = "serving"
    AREA: ClassVar[str] = "serving"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("serving")]
