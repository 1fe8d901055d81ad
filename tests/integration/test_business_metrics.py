"""A business metric from the configuration to runs, versions, gates and searches."""

from __future__ import annotations

from pilothouse.workspace import Workspace
from steering import pilothouse_each


def test_it_is_a_metric_like_any_other(fresh: Workspace) -> None:
    root = fresh.root
    config = fresh.config_path
    config.write_text(
        config.read_text()
        + '[business]\ncost = { sql = "5 * sum((prediction <> y)::INT)", lower_is_better = true }\n'
        'odd = { sql = "sum(nope)" }\n[gates]\ncost = { max = 100000 }\n'
    )
    trained, runs, models, logs, live = pilothouse_each(
        ["train"],
        ["runs", "--filter", "metrics.cost > 0", "--json"],
        ["models", "--json"],
        ["logs", "latest"],
        ["promote", "1", "--yes"],
        cwd=root,
    )
    assert trained.code == 0, trained
    (run,) = runs.json()
    (version,) = models.json()
    assert run["metrics"]["cost"] == version["metrics"]["cost"] > 0
    assert "odd" not in run["metrics"]
    assert "'odd'" in logs.out
    assert live.code == 0 and "cost" in live.out + live.err, live
