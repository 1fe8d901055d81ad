"""What a run is to do, written beside its journal before it starts and never changed after."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pilothouse.config import (
    AlertRule,
    BusinessMetric,
    DataConfig,
    DriftConfig,
    FeaturesConfig,
    FeatureTable,
    GateRule,
    ModelConfig,
    SweepConfig,
    TrainingConfig,
)
from pilothouse.errors import PilothouseError
from pilothouse.processes import write_atomic
from pilothouse.tracking.origin.thread_settings import THREAD_COUNTS
from pilothouse.workspace import Workspace

SPEC_NAME = "run.json"
STOP_NAME = "stop"
PID_NAME = "pid"
METRICS_NAME = "metrics.jsonl"
DATA_NAME = "data"
GRACE = 10.0  # seconds between TERM and KILL


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run's orders.

    Attributes:
        model: the model's configuration as it was when the run was asked for; None for a command outside any.
        recipe: name of a built-in recipe, or empty for a command.
        command: the words of a command, or empty for a recipe.
        params: checked hyperparameters of the recipe, or the flags of the command.
        folder: where the command runs, as `Workspace.place_of` tells it.
        dataset_version: what it learns from; empty if there is none.
        seed: of everything random.
        threads: how many threads numerical libraries may use.
        sweep: whether it is a sweep over the recipe or the command; its plan lies beside.
    """

    model: ModelConfig | None
    recipe: str = ""
    command: tuple[str, ...] = ()
    folder: str = "."
    params: dict[str, Any] = field(default_factory=dict)
    dataset_version: str = ""
    seed: int = 0
    threads: int = 1
    sweep: bool = False

    @property
    def ours(self) -> bool:
        """Whether its child is a module of ours, and not a command of the user's."""
        return bool(self.recipe) or self.sweep


def folder_of(workspace: Workspace, spec: RunSpec) -> Path:
    """Return the folder that a command runs in.

    Raises:
        PilothouseError: it is not there any more.
    """
    folder = workspace.folder_at(spec.folder)
    if not folder.is_dir():
        raise PilothouseError(
            f"The folder {spec.folder} that the command runs in is not there, seen from {workspace.root}.",
            untouched="Nothing was started.",
            next="Put it back, or give the command anew in the folder where its files are now.",
        )
    return folder


def write_spec(run_dir: Path, spec: RunSpec) -> None:
    """Write `run.json` in the run's folder."""
    write_atomic(run_dir / SPEC_NAME, json.dumps(asdict(spec), indent=1, ensure_ascii=True))


def read_spec(run_dir: Path) -> RunSpec:
    """Read `run.json`.

    Raises:
        PilothouseError: it is missing or is not what `write_spec` wrote.
    """
    path = run_dir / SPEC_NAME
    try:
        raw = json.loads(path.read_bytes())
        model = raw.pop("model")
        raw["command"] = tuple(raw["command"])
        return RunSpec(model=_model(model) if model else None, **raw)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PilothouseError(f"{path} cannot be read: {error}.", next="Start the run again.") from None


def workspace_of(run_dir: Path) -> Workspace:
    """The workspace that a run's folder lies in, wherever it was moved to."""
    return Workspace(run_dir.absolute().parents[2])


def available_threads() -> int:
    """How many processors this process may use, at most 16."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return max(1, min(16, len(usable)))


def thread_environment(threads: int) -> dict[str, str]:
    """Variables that pin the threads of numerical libraries; they are read when those load.

    Threads that wait let go of the processor: spinning, boosting took five times as long on a busy machine.
    """
    return {**dict.fromkeys(THREAD_COUNTS, str(threads)), "OMP_WAIT_POLICY": "PASSIVE"}


def _model(raw: dict[str, Any]) -> ModelConfig:
    data = {**raw.pop("data")}
    data["exclude"] = tuple(data["exclude"])
    # Runs that were started before there were feature views have none.
    features = {**raw.pop("features", {})}
    if features:
        features["views"] = None if features["views"] is None else tuple(features["views"])
        features["tables"] = {name: FeatureTable(**table) for name, table in features["tables"].items()}
    known = {item.name for item in fields(ModelConfig)}
    return ModelConfig(
        data=DataConfig(**data),
        training=TrainingConfig(**raw.pop("training")),
        sweep=SweepConfig(**raw.pop("sweep", {})),
        gates={name: GateRule(**rule) for name, rule in raw.pop("gates").items()},
        drift=DriftConfig(**raw.pop("drift")),
        features=FeaturesConfig(**features),
        alerts={name: AlertRule(**one) for name, one in raw.pop("alerts", {}).items()},
        business={name: BusinessMetric(**one) for name, one in raw.pop("business", {}).items()},
        **{key: value for key, value in raw.items() if key in known},
    )
