"""What `pilothouse.toml` may say, and the words for what it says wrongly."""

from __future__ import annotations

import difflib
import re
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pilothouse.errors import ConfigError

CONFIG_NAME = "pilothouse.toml"
DRIFT_TESTS = ("auto", "psi", "js", "hellinger", "tv", "linf", "chi2", "ks", "wasserstein")
"""What `[drift] test` may name; `monitoring/distances.py` says what each is."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DataConfig:
    """`[data]`: where files land, which columns have a role, and how the bytes of dataset versions are kept.

    `keep` is "copy", or "link" for hard links: no disk and no time, but a file that is edited in place spoils
    the versions it is in, which is found out before anything reads them.
    """

    folder: str = "data"
    time: str | None = None
    id: str | None = None
    exclude: tuple[str, ...] = ()
    keep: Literal["copy", "link"] = "copy"


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """`[training]`: a built-in recipe, or a command of the user's own."""

    recipe: str = "hist_gradient_boosting"
    command: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    holdout: float = 0.2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SweepConfig:
    """`[sweep]`: what `pilothouse sweep` does where it is told nothing else.

    `params` are lists of values, or texts such as "log(0.001..1)"; `workers` is how many trials run at once.
    """

    strategy: Literal["random", "grid", "halving"] = "random"
    params: dict[str, Any] = field(default_factory=dict)
    trials: int | None = None
    workers: int | None = None
    metric: str | None = None
    patience: int | None = None


@dataclass(frozen=True, slots=True)
class GateRule:
    """`[gates]`: what one metric must satisfy before a version may be promoted.

    `min` and `max` bound the value itself. `max_drop`, `max_rise` and `min_gain` compare with the
    champion on the same rows, in the metric's own unit.
    """

    min: float | None = None
    max: float | None = None
    max_drop: float | None = None
    max_rise: float | None = None
    min_gain: float | None = None


@dataclass(frozen=True, slots=True)
class DriftConfig:
    """`[drift]`: the dataset has drifted if at least this share of its feature columns has.

    `test` names the tests, separated by commas; each column gets the first that suits its kind. `auto` is the
    calibrated rule.
    """

    share: float = 0.3
    test: str = "auto"


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """`[features.tables]`: a file of slowly changing facts, and since when each of its rows is so."""

    file: str
    time: str | None = None


@dataclass(frozen=True, slots=True)
class BusinessMetric:
    """`[business]`: what predictions and their labels are worth, as an SQL expression over both."""

    sql: str
    lower_is_better: bool = False


@dataclass(frozen=True, slots=True)
class AlertRule:
    """`[alerts]`: a condition in SQL on the newest figures, such as `cost > 500`."""

    when: str
    severity: Literal["info", "warning", "critical"] = "warning"


@dataclass(frozen=True, slots=True)
class FeaturesConfig:
    """`[features]`: SQL views that make features; by default every `.sql` file of the folder."""

    folder: str = "features"
    views: tuple[str, ...] | None = None
    tables: dict[str, FeatureTable] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServingConfig:
    """`[serving]`: where the model server listens."""

    port: int = 8080
    rollout: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AutonomyConfig:
    """`[autonomy]`: 0 manual, 1 pipeline with a person's approval, 2 fully automatic."""

    level: Literal[0, 1, 2] = 0
    retrain_every: str | None = None


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model of the workspace, with its own data, training, gates and drift rules."""

    name: str
    target: str
    task: Literal["classification", "regression"] = "classification"
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    sweep: SweepConfig = field(default_factory=SweepConfig)
    gates: dict[str, GateRule] = field(default_factory=dict)
    drift: DriftConfig = field(default_factory=DriftConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    business: dict[str, BusinessMetric] = field(default_factory=dict)
    alerts: dict[str, AlertRule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """A whole `pilothouse.toml`."""

    models: tuple[ModelConfig, ...]
    serving: ServingConfig = field(default_factory=ServingConfig)
    autonomy: AutonomyConfig = field(default_factory=AutonomyConfig)

    @property
    def directions(self) -> dict[str, bool]:
        """Whether less is better, by the name of each business metric."""
        return {
            name: metric.lower_is_better for model in self.models for name, metric in model.business.items()
        }

    def model(self, name: str | None = None) -> ModelConfig:
        """Return the model of that name, or the only one.

        Raises:
            ConfigError: there is no such model, or several and no name was given.
        """
        names = [model.name for model in self.models]
        if not names:
            raise ConfigError(
                "This workspace only tracks runs: it has no model.",
                next=f"Add [model] with name and target, and [data] with folder, to {CONFIG_NAME}.",
            )
        if name is None:
            if len(self.models) == 1:
                return self.models[0]
            raise ConfigError(
                f"This workspace has {len(names)} models and none was named.",
                next=f"Add --model with one of: {', '.join(names)}.",
            )
        for model in self.models:
            if model.name == name:
                return model
        raise ConfigError(
            f"There is no model {name!r} in {CONFIG_NAME}.", next=f"It has: {', '.join(names)}."
        )

    def shown(self, name: str | None) -> ModelConfig:
        """Return the model of that name, or the first if there is none of it.

        Raises:
            ConfigError: there is no model at all.
        """
        same = [model for model in self.models if model.name == name]
        return (same or self.models or [self.model()])[0]


_TAKEN = frozenset(
    """
    roc_auc pr_auc log_loss brier accuracy f1 precision recall base_rate threshold rmse mae r2 p99_ms
    prediction probability expected change rows labelled drifted harmful
    """.split()
)
"""Names of metrics and figures that have a meaning of their own."""
_SECTIONS = {"data", "training", "sweep", "gates", "drift", "features", "business", "alerts"}
_TOP = {"model", *_SECTIONS, "serving", "autonomy"}


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
    reader = _Reader(text, source)
    reader.only(tree, _TOP, ())
    if "model" not in tree:
        # A workspace that only tracks runs; what needs a model says so.
        if misplaced := next((name for name in tree if name in _SECTIONS), None):
            raise reader.error(
                (misplaced,),
                f"[{misplaced}] belongs to a model, and the table [model] is missing",
                'Add it: [model] with name = "…" and target = "…".',
            )
        models = []
    else:
        models = _models_of(reader, tree)
    return Config(
        models=tuple(models),
        serving=reader.build(ServingConfig, tree.get("serving", {}), ("serving",)),
        autonomy=reader.build(AutonomyConfig, tree.get("autonomy", {}), ("autonomy",)),
    )


def config_error(path: Path, keys: Sequence[tuple[str, ...]], what: str, next: str = "") -> ConfigError:
    """Return an error about something that only a higher room can judge, with the line where it stands.

    `keys` are the places at which it may stand; the first that is in the file is named.
    """
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    found = [(key, line) for key in keys if (line := _line_of(lines, key, whole=True)) is not None]
    where = f"{path}, line {found[0][1]}" if found else str(path)
    return ConfigError(f"{where}: {what}.", next=next)


def _models_of(reader: _Reader, tree: Mapping[str, Any]) -> list[ModelConfig]:
    model_tree = reader.table(tree["model"], ("model",))
    shared = {name: tree[name] for name in _SECTIONS if name in tree}
    scalars = {key for key, value in model_tree.items() if not isinstance(value, Mapping)}
    if scalars or not model_tree:
        return [reader.model(model_tree, shared, ("model",), None)]
    # [model.NAME] tables: each has sections of its own, over the ones at the top.
    return [
        reader.model(reader.table(value, ("model", name)), shared, ("model", name), name)
        for name, value in model_tree.items()
    ]


class _Reader:
    """Turns tables into the dataclasses above; knows the text, so that it can name lines."""

    def __init__(self, text: str, source: str) -> None:
        self._lines = text.splitlines()
        self._source = source

    def error(self, path: tuple[str, ...], what: str, next: str = "") -> ConfigError:
        line = _line_of(self._lines, path)
        where = f"{self._source}, line {line}" if line else self._source
        return ConfigError(f"{where}: {what}.", next=next)

    def table(self, value: object, path: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.error(path, f"{'.'.join(path)} must be a table, not {_describe(value)}")
        return value

    def only(self, table: Mapping[str, Any], allowed: set[str], path: tuple[str, ...]) -> None:
        for key in table:
            if key not in allowed:
                near = difflib.get_close_matches(key, allowed, n=1, cutoff=0.5)
                full = ".".join((*path, key))
                advice = (
                    f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(sorted(allowed))}."
                )
                raise self.error((*path, key), f"{full!r} is not a known key", advice)

    def model(
        self, table: dict[str, Any], shared: dict[str, Any], path: tuple[str, ...], name: str | None
    ) -> ModelConfig:
        if name is not None:
            table = {"name": name, **table}
        hints = get_type_hints(ModelConfig)
        sections = {key: self.convert(hints[key], shared[key], (key,)) for key in shared if key not in table}
        model = replace(self.build(ModelConfig, table, path), **sections)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", model.name):
            raise self.error(
                (*path, "name"),
                f"the model name {model.name[:100]!r} cannot name a folder",
                "Use letters, digits, '.', '_' or '-', starting with a letter or digit.",
            )
        if not 0.0 < model.training.holdout < 1.0:
            raise self.error(
                ("training", "holdout"), "training.holdout must lie between 0 and 1", "A fifth is 0.2."
            )
        for key in ("trials", "workers", "patience"):
            if (count := getattr(model.sweep, key)) is not None and count < 1:
                raise self.error(("sweep", key), f"sweep.{key} must be at least 1, not {count}")
        if not 0.0 < model.drift.share <= 1.0:
            raise self.error(("drift", "share"), "drift.share must be above 0 and at most 1")
        for metric in model.business:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", metric) or metric in _TAKEN:
                raise self.error(
                    ("business", metric),
                    f"business.{metric[:60]} cannot be the name of a metric of your own",
                    "Use letters, digits and '_', and no name that Pilothouse gives itself, such as roc_auc.",
                )
        for test in model.drift.test.split(","):
            if test.strip() not in DRIFT_TESTS:
                near = difflib.get_close_matches(test.strip(), DRIFT_TESTS, n=1, cutoff=0.5)
                raise self.error(
                    ("drift", "test"),
                    f"drift.test names {test.strip()[:40]!r}, which is no test",
                    f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(DRIFT_TESTS)}.",
                )
        return model

    def build(self, kind: type[_T], value: object, path: tuple[str, ...]) -> _T:
        table = self.table(value, path)
        known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
        self.only(table, set(known), path)
        hints = get_type_hints(kind)
        values: dict[str, Any] = {}
        for name, item in known.items():
            if name in table:
                values[name] = self.convert(hints[name], table[name], (*path, name))
            elif item.default is MISSING and item.default_factory is MISSING:
                raise self.error(
                    path, f"the key {'.'.join((*path, name))!r} is missing", f"Add {name} = … there."
                )
        return kind(**values)

    def convert(self, hint: Any, value: Any, path: tuple[str, ...]) -> Any:
        origin, args = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            return self.convert(next(arg for arg in args if arg is not type(None)), value, path)
        if is_dataclass(hint):
            return self.build(cast(type[Any], hint), value, path)
        if origin is dict:
            table = self.table(value, path)
            if is_dataclass(args[1]):
                return {key: self.convert(args[1], item, (*path, key)) for key, item in table.items()}
            return dict(table)
        if origin is Literal:
            if value not in args or isinstance(value, bool):
                allowed = " or ".join(repr(arg) for arg in args)
                raise self.error(path, f"{'.'.join(path)} must be {allowed}, not {value!r}")
            return value
        if origin is tuple:
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise self.error(path, f"{'.'.join(path)} must be a list of texts, not {_describe(value)}")
            return tuple(value)
        accepted = (int, float) if hint is float else (hint,)
        if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
            raise self.error(path, f"{'.'.join(path)} must be {_WORDS[hint]}, not {_describe(value)}")
        return float(value) if hint is float else value


_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _describe(value: object) -> str:
    kinds = {str: "the text", bool: "the truth value", int: "the number", float: "the number"}
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Mapping):
        return "a table"
    return f"{kinds.get(type(value), 'the value')} {str(value)[:60]!r}"


def _line_of(lines: list[str], path: tuple[str, ...], *, whole: bool = False) -> int | None:
    """Find the line (from 1) where the key at `path`, or the nearest table around it, is written.

    TOML's parser keeps no positions; a key that is written in an unusual way falls back to its table,
    with `whole` to no farther one than that it stands in.
    """
    table: tuple[str, ...] = ()
    best: tuple[int, int] | None = None
    for number, line in enumerate(lines, 1):
        header = re.match(r"\s*\[\[?([^\]]+)\]\]?", line)
        if header:
            table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            here = table
        elif pair := re.match(r"\s*([A-Za-z0-9_\-.\"']+)\s*=", line):
            here = (*table, *(part.strip("\"'") for part in pair[1].split(".")))
        else:
            continue
        if here == path[: len(here)] and (best is None or len(here) > best[0]):
            best = (len(here), number)
    if best is None or (whole and best[0] < len(path) - 1):
        return None
    return best[1]
