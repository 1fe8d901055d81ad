"""What `[sweep]` in `pilothouse.toml` declares, as a sweep takes it."""

from __future__ import annotations

from typing import Any

from pilothouse.config import Config, ModelConfig, SweepConfig, config_error
from pilothouse.errors import UsageError
from pilothouse.training.launch import split_command
from pilothouse.training.sweeps.space import SpaceError, parse_dimension
from pilothouse.workspace import Workspace


def configured_sweep(config: Config, model: str | None) -> tuple[SweepConfig, ModelConfig | None]:
    """Return the `[sweep]` that counts and the model it belongs to.

    Where there is no model it is the workspace's own; where several could be meant, nothing is declared.

    Raises:
        ConfigError: there is no model of that name.
    """
    if model is None and len(config.models) != 1:
        return (SweepConfig() if config.models else config.sweep), None
    found = config.model(model)
    return found.sweep, found


def configured_command(config: Config, model: str | None) -> tuple[str, ...]:
    """Return the words of the command that a sweep runs where none is given; none means the model's recipe.

    Raises:
        ConfigError: several models could be meant, or there is none of that name.
        UsageError: it cannot be read, or there is neither a command nor a model.
    """
    sweep, found = configured_sweep(config, model)
    if sweep.command is not None:
        return tuple(split_command(sweep.command, "sweep.command"))
    if not config.models:
        raise UsageError(
            "This workspace has no model, so a sweep needs a command to run.",
            next="Write it behind --: `pilothouse sweep -p lr=0.1,0.2 --metric loss -- python train.py`,"
            " or as command in [sweep].",
        )
    command = (found or config.model(model)).training.command
    return tuple(split_command(command)) if command is not None else ()


def configured_space(workspace: Workspace, sweep: SweepConfig, model: ModelConfig | None) -> tuple[str, ...]:
    """Return the parameters of `[sweep.params]` as `NAME=VALUES`, each read once.

    Raises:
        ConfigError: one cannot be read; it names the line.
    """
    texts = []
    for name, given in sweep.params.items():
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


def _refusal(workspace: Workspace, model: ModelConfig | None, name: str, what: str) -> Exception:
    return config_error(
        workspace.config_path,
        [
            *([("model", model.name, "sweep", "params", name)] if model is not None else []),
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
