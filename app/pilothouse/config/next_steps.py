"""What can be done next where nothing is yet: said in one place, for commands and screens alike.

A workspace may have no model. Then nothing in it trains, watches or makes versions, and nobody is told to.
"""

from __future__ import annotations

from pilothouse.config.settings import ADD_A_MODEL, Config

RUN_A_SCRIPT = "pilothouse run -- python train.py"


def to_get_a_run(config: Config) -> str:
    """How a first run is made."""
    if config.models:
        return "Start one with `pilothouse train`."
    return f"Start one with `{RUN_A_SCRIPT}`, or `import pilothouse as ph` in a script."


def to_get_a_version(config: Config) -> str:
    """How a first version of a model is made."""
    return "Make one with `pilothouse train`." if config.models else f"There is no model. {ADD_A_MODEL}"


def without_a_model(what: str) -> str:
    """Say on a screen why it is empty and will stay so: `what` is not there, for there is no model."""
    return f"No {what}: this workspace only tracks runs.\n{ADD_A_MODEL}"
