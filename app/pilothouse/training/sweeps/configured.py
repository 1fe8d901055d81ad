"""What `[sweep]` in `pilothouse.toml` declares, as a sweep takes it."""

from __future__ import annotations

from typing import Any

from pilothouse.config import ModelConfig, config_error
from pilothouse.errors import UsageError
from pilothouse.training.sweeps.space import SpaceError, parse_dimension
from pilothouse.workspace import Workspace


def configured_space(workspace: Workspace, model: ModelConfig) -> tuple[str, ...]:
    """Return the parameters of `[sweep.params]` as `NAME=VALUES`, each read once.

    Raises:
        ConfigError: one cannot be read; it names the line.
    """
    texts = []
    for name, given in model.sweep.params.items():
        values = given if isinstance(given, list) else [given]
        text = f"{name}={given if isinstance(given, str) else ','.join(map(_written, values))}"
        try:
            found = parse_dimension(text)
        except UsageError as error:
            at = f" (column {error.column} of {text[:80]!r})" if isinstance(error, SpaceError) else ""
            raise _refusal(workspace, model, name, f"{error.what.rstrip('.')}{at}") from None
        if not isinstance(given, str) and list(found.values) != values:
            what = "its values cannot be told apart from others when they are written out"
            raise _refusal(workspace, model, name, what)
        texts.append(text)
    return tuple(texts)


def _refusal(workspace: Workspace, model: ModelConfig, name: str, what: str) -> Exception:
    return config_error(
        workspace.config_path,
        [
            ("model", model.name, "sweep", "params", name),
            ("model", "sweep", "params", name),
            ("sweep", "params", name),
        ],
        f"sweep.params.{name}: {what}",
        'Write name = [1, 2, 5] or name = "log(0.001..1)", "uniform(0..1)", "int(2..8)".',
    )


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return f'"{text}"' if isinstance(value, str) and any(c in text for c in ",()= ") else text
