"""What an action is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do: ``keys`` as Textual names them (empty: only by its name in the palette),
    ``where`` the screens it exists on (empty: all of them)."""

    id: str
    keys: str
    shown: str
    label: str
    help: str
    where: tuple[str, ...] = ()
    footer: bool = True
    command: str = ""
