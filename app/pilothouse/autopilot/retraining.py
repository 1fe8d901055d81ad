"""What the watcher may do by itself after a verdict, by the level of autonomy.

0: nothing. 1: a dataset that drifted starts a training; a person approves the promotion. 2: the version
that comes out of it is promoted if it passes every gate.
"""

from __future__ import annotations

from collections.abc import Callable

from pilothouse.config import ModelConfig
from pilothouse.errors import PilothouseError
from pilothouse.monitoring.judging import Verdict
from pilothouse.registry.deployments import promote
from pilothouse.registry.versions import champion, list_versions
from pilothouse.store import Store, open_store, record
from pilothouse.tracking.runs import Run, list_runs
from pilothouse.training.launch import start_training
from pilothouse.workspace import Workspace

ACTOR = "autopilot"
BECAUSE = "because"
"""Tag of a run that the watcher started: the file whose drift was the reason."""


class Retraining:
    """Starts at most one training a model at a time, and sees it through.

    It holds no state of its own: which runs are its own is a tag on the run, so a watcher that was killed
    goes on where it was.
    """

    def __init__(self, workspace: Workspace, tell: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._store: Store = open_store(workspace)
        self._tell = tell

    def consider(self, model: ModelConfig, file: str, verdict: Verdict) -> None:
        """Start a training if this verdict calls for one and the level allows it."""
        level = self._workspace.config().autonomy.level
        if level == 0 or verdict.report is None or not verdict.report.dataset_drift:
            return
        if champion(self._store, model.name) is None or self._running(model):
            return
        run_id = start_training(self._workspace, model=model.name, tags={BECAUSE: file})
        with self._store.transaction() as tx:
            record(
                tx,
                "autopilot",
                run_id,
                f"Training started because {file} drifted.",
                {"file": file, "share_drifted": verdict.report.share_drifted, "level": level},
                actor=ACTOR,
            )
        self._tell(f"▶ training {run_id[:8]} started because {file} drifted")

    def advance(self, model: ModelConfig) -> None:
        """At level 2, promote the newest version that a training of ours made, if it passes its gates."""
        if self._workspace.config().autonomy.level < 2:
            return
        live = champion(self._store, model.name)
        newest = max(list_versions(self._store, model.name), key=lambda item: item.version, default=None)
        if live is None or newest is None or newest.version <= live.version:
            return
        mine = [run for run in self._ours(model) if run.run_id == newest.run_id and run.status == "FINISHED"]
        if not mine or self._was_decided(model, newest.version):
            return
        subject = f"{model.name}/{newest.version}"
        try:
            promote(
                self._workspace, self._store, subject, reason=f"{mine[0].tags[BECAUSE]} drifted", actor=ACTOR
            )
            message = f"v{newest.version} passed its gates and is live."
        except PilothouseError as error:
            message = f"v{newest.version} was not promoted: {error.what}"
        with self._store.transaction() as tx:
            record(tx, "autopilot", subject, message, actor=ACTOR)
        self._tell(message)

    def _ours(self, model: ModelConfig) -> list[Run]:
        return [run for run in list_runs(self._store, model=model.name, limit=50) if BECAUSE in run.tags]

    def _running(self, model: ModelConfig) -> bool:
        return any(not run.ended for run in list_runs(self._store, model=model.name, limit=50))

    def _was_decided(self, model: ModelConfig, version: int) -> bool:
        return bool(
            self._store.query(
                "SELECT 1 FROM events WHERE kind = 'autopilot' AND subject = ?", [f"{model.name}/{version}"]
            )
        )
