"""A person takes a held file in, unless no training could read it then; and it is compared like any other."""

from __future__ import annotations

from pilothouse.config import ModelConfig
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import DataError, data_files
from pilothouse.errors import PilothouseError
from pilothouse.monitoring.checks import ERROR
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.verdicts import HELD, Arrival, accept_arrival, bar_of, list_arrivals
from pilothouse.store import Store
from pilothouse.workspace import Workspace

_DOUBTFUL = ("readable", "named-twice", "type")
"""Rules whose breach may keep the whole folder from being read as one table."""


def accept_file(
    workspace: Workspace, store: Store, model: ModelConfig, name: str, *, reason: str = ""
) -> Arrival:
    """Take a held file in as it is, from now on, and compare it with the reference.

    Raises:
        NotFoundError: no file of that name is held.
        PilothouseError: with it the files of the folder cannot be read as one table, and no training could.
    """
    held = [arrival for arrival in list_arrivals(store, model.name) if arrival.status == HELD]
    mine = next((arrival for arrival in held if arrival.name == name), None)
    if mine is not None and (bar := bar_of(mine)) is not None and bar.rule == "rows":
        raise PilothouseError(
            f"{name} cannot be taken in, since there is nothing to learn from. {bar.message}",
            untouched="It stays held.",
            next="Write the file again, with its rows; or take it out of the folder.",
        )
    doubts = [one for one in mine.findings if one.severity == ERROR and one.rule in _DOUBTFUL] if mine else []
    if doubts:
        left_out = {arrival.name for arrival in held} - {name}
        files = [path for path in data_files(workspace.data_folder(model)) if path.name not in left_out]
        try:
            infer_schema(files, target=model.target)
        except DataError:
            raise PilothouseError(
                f"{name} cannot be taken in, since no training could read it. {doubts[0].message}",
                untouched="It stays held.",
                next="Correct the file, and it is judged again; or take it out of the folder.",
            ) from None
    accepted = accept_arrival(store, model.name, name, reason=reason)
    path = workspace.data_folder(model) / name
    if path.is_file():
        judge_file(workspace, store, model, path)
    return accepted
