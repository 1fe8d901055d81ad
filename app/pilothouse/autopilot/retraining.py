"""What the watcher may do by itself after a verdict, by the level of autonomy.

0: nothing. 1: a dataset that drifted starts a training; a person approves the promotion. 2: the version
that comes out of it is promoted if it passes every gate.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pilothouse.config import ModelConfig
from pilothouse.errors import PilothouseError
from pilothouse.registry.deployments import promote
from pilothouse.registry.versions import champion, list_versions
from pilothouse.store import Store, loads, open_store, record
from pilothouse.store.connection import Row
from pilothouse.tracking.beginnings import tags_at_start
from pilothouse.tracking.runs import Run, list_runs
from pilothouse.training.launch import start_training
from pilothouse.workspace import Workspace

ACTOR = "autopilot"
PAUSE = 60.0
"""Seconds before a training that could not be started is tried again."""
BECAUSE = "because"
"""Tag of a run that the watcher started: the file whose drift was the reason."""
_TRAININGS = ("recipe", "script")
"""Kinds of runs that `start_training` starts."""


class Retraining:
    """Starts at most one training a model at a time, and sees it through.

    It goes by what the store says: which files drifted, and what the runs learned from. So a watcher that was
    killed between a verdict and its consequence goes on where it was.
    """

    def __init__(self, workspace: Workspace, tell: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._store: Store = open_store(workspace)
        self._tell = tell
        self._not_before = 0.0

    def advance(self, model: ModelConfig) -> None:
        """Do the next thing that the level of autonomy allows, if there is one.

        Raises:
            PilothouseError: a training could not be started.
        """
        level = self._workspace.config().autonomy.level
        if level == 0:
            return
        if level == 2:
            self._promote(model)
        if time.monotonic() < self._not_before or champion(self._store, model.name) is None:
            return
        runs = list_runs(self._store, model=model.name, limit=50)
        cause = self._cause(model)
        if cause is None or any(not run.ended for run in runs):
            return
        try:
            run_id = start_training(self._workspace, model=model.name, tags={BECAUSE: cause["subject"]})
        except PilothouseError:
            self._not_before = time.monotonic() + PAUSE
            raise
        self._say_started(run_id, cause, level)

    def _cause(self, model: ModelConfig) -> Row | None:
        """Return the latest file in the folder that drifted, that has labels to learn from, and that no run
        has learned from yet."""
        rows = self._store.query(
            "SELECT subject, share_drifted FROM drift_reports AS report WHERE model = ? AND dataset_drift"
            # The file's bytes as they were judged last, whatever a file of that name held before.
            " AND sha256 = (SELECT arg_max(sha256, recorded_at) FROM arrivals"
            "     WHERE arrivals.model = report.model AND name = report.subject)"
            " AND NOT EXISTS (SELECT 1 FROM runs JOIN dataset_files ON version = dataset_version"
            "     WHERE runs.model = report.model AND dataset_files.sha256 = report.sha256)"
            " AND NOT EXISTS (SELECT 1 FROM runs JOIN tags USING (run_id)"
            "     WHERE runs.model = report.model AND key = ? AND value = report.subject"
            "     AND started_at > report.recorded_at)"
            " ORDER BY recorded_at DESC",
            [model.name, BECAUSE],
        )
        folder = self._workspace.data_folder(model)
        return next(
            (
                row
                for row in rows
                if (folder / row["subject"]).is_file() and not self._unlabelled(model, row["subject"])
            ),
            None,
        )

    def _unlabelled(self, model: ModelConfig, name: str) -> bool:
        rows = self._store.query(
            "SELECT findings FROM arrivals WHERE model = ? AND name = ? ORDER BY recorded_at DESC LIMIT 1",
            [model.name, name],
        )
        return any(one.get("rule") == "labels" for row in rows for one in loads(row["findings"]) or ())

    def _say_started(self, run_id: str, cause: Row, level: int) -> None:
        with self._store.transaction() as tx:
            record(
                tx,
                "autopilot",
                run_id,
                f"Training started because {cause['subject']} drifted.",
                {"file": cause["subject"], "share_drifted": cause["share_drifted"], "level": level},
                actor=ACTOR,
            )
        self._tell(f"▶ training {run_id[:8]} started because {cause['subject']} drifted")

    def _promote(self, model: ModelConfig) -> None:
        """Promote the newest version if a training of ours made it and it passes its gates."""
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
                self._workspace,
                self._store,
                subject,
                reason=f"{self._cause_of(mine[0])} drifted",
                actor=ACTOR,
            )
            message = f"v{newest.version} passed its gates and is live."
        except PilothouseError as error:
            message = f"v{newest.version} was not promoted: {error.what}"
        with self._store.transaction() as tx:
            record(tx, "autopilot", subject, message, actor=ACTOR)
        self._tell(message)

    def _ours(self, model: ModelConfig) -> list[Run]:
        """Return the trainings for a file that drifted; who gives a run such a tag makes it none of them."""
        found = list_runs(self._store, model=model.name, limit=50)
        return [run for run in found if run.kind in _TRAININGS and self._cause_of(run)]

    def _cause_of(self, run: Run) -> str:
        return tags_at_start(self._workspace, run).get(BECAUSE, "")

    def _was_decided(self, model: ModelConfig, version: int) -> bool:
        return bool(
            self._store.query(
                "SELECT 1 FROM events WHERE kind = 'autopilot' AND subject = ?", [f"{model.name}/{version}"]
            )
        )
