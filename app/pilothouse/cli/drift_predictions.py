"""Drift of the answers that the live version gave, from the prediction log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.cli.drift_alone import DRIFTED
from pilothouse.cli.drift_report import show_report, write_html
from pilothouse.cli.options import emit
from pilothouse.cli.waiting import progress_line
from pilothouse.errors import NotFoundError

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig
    from pilothouse.store import Store
    from pilothouse.workspace import Workspace


def drift_of_predictions(
    workspace: Workspace, store: Store, config: ModelConfig, html: str | None, exit_code: bool, as_json: bool
) -> int:
    """Compare the champion's answers in the prediction log with those on its holdout; nothing is stored."""
    from pilothouse.monitoring.prediction_drift import FEW_ANSWERS, compare_predictions
    from pilothouse.serving.predictions import predictions_folder
    from pilothouse.store import loads

    found = store.query(
        "SELECT v.version, v.run_id, v.metrics FROM aliases AS a JOIN model_versions AS v "
        "ON v.model = a.model AND v.version = a.version WHERE a.model = ? AND a.alias = 'champion'",
        [config.name],
    )
    if not found:
        raise NotFoundError("No version is live.", next="Promote one: `pilothouse promote VERSION`.")
    version, run_id = int(found[0]["version"]), str(found[0]["run_id"])
    threshold = (loads(found[0]["metrics"]) or {}).get("threshold")
    holdout = workspace.run_dir(run_id) / "artifacts" / "holdout.parquet"
    if not holdout.is_file():
        raise NotFoundError(
            f"{config.name} v{version} has no predictions on a holdout to compare with.",
            next="A version that a recipe trained has.",
        )
    segments = sorted(predictions_folder(workspace).glob("*.jsonl"))
    with progress_line() as progress:
        report = compare_predictions(
            holdout, segments, model=config.name, version=version, share=config.drift.share,
            classification=config.task == "classification", threshold=threshold,
            row_id=config.data.id, progress=progress,
        )  # fmt: skip
    names = f"predictions of {config.name} v{version}", "its predictions on the holdout"
    if html is not None:
        write_html(html, [(names[0], report, "")], *names)
    fields = {"subject": names[0], "reference": names[1], **report.to_dict()}
    few = report.n_current < FEW_ANSWERS
    emit(fields, as_json, lambda: show_report(report, *names, verdict="– too few to tell" if few else ""))
    return DRIFTED if exit_code and report.dataset_drift and not few else 0
