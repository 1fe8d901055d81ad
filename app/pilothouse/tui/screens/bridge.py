"""Bridge: placeholder."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen


class BridgeScreen(PilothouseScreen):
    """Coming."""

    CONTEXT: ClassVar[str] = "bridge"
    AREA: ClassVar[str] = "bridge"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("bridge")]
