"""What `pilothouse.toml` may say, table by table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pilothouse.errors import ConfigError

CONFIG_NAME = "pilothouse.toml"
ADD_A_MODEL = f"Add [model] with name and target, and [data] with folder, to {CONFIG_NAME}."
DRIFT_TESTS = ("auto", "psi", "js", "hellinger", "tv", "linf", "chi2", "ks", "wasserstein")
"""What `[drift] test` may name; `monitoring/distances.py` says what each is."""


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
    `command` is a script's, instead of a recipe; `fix` is what all trials share; `minimize` says whether less
    of the metric is better, where its name does not; halving gives a script more of `resource`, up to
    `max_resource`. In a workspace without a model it stands by itself, and needs the command.
    """

    strategy: Literal["random", "grid", "halving"] = "random"
    params: dict[str, Any] = field(default_factory=dict)
    trials: int | None = None
    workers: int | None = None
    metric: str | None = None
    patience: int | None = None
    command: str | None = None
    fix: dict[str, Any] = field(default_factory=dict)
    minimize: bool | None = None
    resource: str | None = None
    max_resource: float | None = None


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
    sweep: SweepConfig = field(default_factory=SweepConfig)
    """Of a workspace without a model; each model has its own."""

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
                next=ADD_A_MODEL,
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
