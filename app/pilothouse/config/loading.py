"""From the text of `pilothouse.toml` to the settings in it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pilothouse.config.converting import TABLES_OF_A_MODEL, Reader, line_of
from pilothouse.config.settings import (
    CONFIG_NAME,
    AutonomyConfig,
    Config,
    ModelConfig,
    ServingConfig,
    SweepConfig,
)
from pilothouse.errors import ConfigError

_TOP = {"model", *TABLES_OF_A_MODEL, "serving", "autonomy"}


def load_config(path: Path) -> Config:
    """Read and check a `pilothouse.toml`.

    Raises:
        ConfigError: the file is missing, is not TOML, or has a key that is missing, misspelt or of the
            wrong type; the message names the line, the key, what was expected and the nearest valid key.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist.", next="Make one with `pilothouse init`.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 text (byte {error.start}).", next="Save it as UTF-8."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    return parse_config(text, str(path))


def parse_config(text: str, source: str = CONFIG_NAME) -> Config:
    """Check the text of a configuration; see `load_config`."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not valid TOML: {error}.") from None
    reader = Reader(text, source)
    reader.only(tree, _TOP, ())
    if "model" not in tree:
        # A workspace that only tracks runs; what needs a model says so.
        if misplaced := next((name for name in tree if name in TABLES_OF_A_MODEL - {"sweep"}), None):
            raise reader.error(
                (misplaced,),
                f"[{misplaced}] belongs to a model, and the table [model] is missing",
                'Add it: [model] with name = "…" and target = "…".',
            )
        models = []
        sweep = reader.build(SweepConfig, tree.get("sweep", {}), ("sweep",))
        reader.check_sweep(sweep)
    else:
        sweep = SweepConfig()
        models = _models_of(reader, tree)
    return Config(
        models=tuple(models),
        serving=reader.build(ServingConfig, tree.get("serving", {}), ("serving",)),
        autonomy=reader.build(AutonomyConfig, tree.get("autonomy", {}), ("autonomy",)),
        sweep=sweep,
    )


def config_error(path: Path, keys: Sequence[tuple[str, ...]], what: str, next: str = "") -> ConfigError:
    """Return an error about something that only a higher room can judge, with the line where it stands.

    `keys` are the places at which it may stand; the first that is in the file is named.
    """
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    found = [(key, line) for key in keys if (line := line_of(lines, key, whole=True)) is not None]
    where = f"{path}, line {found[0][1]}" if found else str(path)
    return ConfigError(f"{where}: {what}.", next=next)


def _models_of(reader: Reader, tree: Mapping[str, Any]) -> list[ModelConfig]:
    model_tree = reader.table(tree["model"], ("model",))
    shared = {name: tree[name] for name in TABLES_OF_A_MODEL if name in tree}
    scalars = {key for key, value in model_tree.items() if not isinstance(value, Mapping)}
    if scalars or not model_tree:
        return [reader.model(model_tree, shared, ("model",), None)]
    # [model.NAME] tables: each has sections of its own, over the ones at the top.
    return [
        reader.model(reader.table(value, ("model", name)), shared, ("model", name), name)
        for name, value in model_tree.items()
    ]
