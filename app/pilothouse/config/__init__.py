"""What a workspace is told by its `pilothouse.toml`."""

from pilothouse.config.loading import config_error, load_config, parse_config
from pilothouse.config.settings import (
    CONFIG_NAME,
    DRIFT_TESTS,
    AlertRule,
    AutonomyConfig,
    BusinessMetric,
    Config,
    DataConfig,
    DriftConfig,
    FeaturesConfig,
    FeatureTable,
    GateRule,
    ModelConfig,
    ServingConfig,
    SweepConfig,
    TrainingConfig,
)

__all__ = [
    "CONFIG_NAME", "DRIFT_TESTS", "AlertRule", "AutonomyConfig", "BusinessMetric", "Config", "DataConfig",
    "DriftConfig", "FeatureTable", "FeaturesConfig", "GateRule", "ModelConfig", "ServingConfig",
    "SweepConfig", "TrainingConfig", "config_error", "load_config", "parse_config",
]  # fmt: skip
