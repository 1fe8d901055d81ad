"""Making a workspace: a `pilothouse.toml` judged from the data, for a person to correct."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pilothouse.data.engine import connect
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import identifier, require_data_files, scan_sql
from pilothouse.data.schema import Schema
from pilothouse.errors import ConfigError, UsageError
from pilothouse.workspace import Workspace, init_workspace


@dataclass(frozen=True, slots=True)
class MadeWorkspace:
    """A new workspace and what was judged from its data."""

    workspace: Workspace
    model: str
    task: str
    summary: str

    @property
    def config_path(self) -> Path:
        """The file that was written."""
        return self.workspace.config_path


def make_workspace(
    root: Path,
    data: str,
    target: str,
    *,
    name: str | None = None,
    task: str | None = None,
    time: str | None = None,
    id: str | None = None,
) -> MadeWorkspace:
    """Write a configuration for `root` that fits the data.

    Args:
        root: the folder; made if it is missing.
        data: the data folder, from the current folder, or from `root` if it is not there.
        target: the column to predict.
        name: the model's name; by default the folder's.
        task: classification or regression; by default classification if the target has few values.
        time: a column that orders rows; none by default.
        id: a column that names rows; none by default.

    Raises:
        UsageError: a named column is not in the data.
        DataError: the folder is empty, or a file in it cannot be read.
        ConfigError: `root` is a workspace already.
    """
    root = root.absolute()
    _refuse_workspace(root)
    folder = Path(data).absolute() if Path(data).is_dir() else root / data
    files = require_data_files(folder)
    schema = infer_schema(files)
    for column in filter(None, (target, time, id)):
        if schema.column(column) is None:
            raise UsageError(
                f"The data has no column {column!r}.", next=f"It has: {', '.join(schema.names())}."
            )
    chosen = task or _task_of(files, schema, target)
    model = name or re.sub(r"[^A-Za-z0-9._-]+", "-", root.name).strip("-._") or "model"
    root.mkdir(parents=True, exist_ok=True)
    text = config_text(
        model=model,
        task=chosen,
        target=target,
        folder=os.path.relpath(folder, root) if folder.is_relative_to(root) else str(folder),
        time=time,
        id=id,
        exclude=tuple(
            column.name
            for column in schema.columns
            if column.kind == "text" and column.name not in (target, time, id)
        ),
    )
    workspace = init_workspace(root, text)
    columns = _counted(Counter(column.kind for column in schema.columns))
    found = f"{'1 file' if len(files) == 1 else f'{len(files)} files'}, {columns}, {chosen} of {target!r}."
    return MadeWorkspace(workspace, model, chosen, found)


def _counted(kinds: Counter[str]) -> str:
    """Say how many columns there are, and of what kinds: each counts once."""
    one = {"numeric": "numeric", "category": "category", "boolean": "yes/no", "time": "time", "text": "text"}
    many = {"category": "categories", "time": "times", "text": "texts"}
    told = [
        f"{kinds[kind]} {many.get(kind, one.get(kind, kind)) if kinds[kind] > 1 else one.get(kind, kind)}"
        for kind in dict.fromkeys([*one, *kinds])
        if kinds[kind]
    ]
    count = kinds.total()
    return f"{'1 column' if count == 1 else f'{count} columns'} ({', '.join(told)})"


TRACKING_ONLY = """\
# A workspace that tracks runs. For a model that is trained, served and watched here, add:
#
# [model]
# name = "my-model"
# target = "the column to predict"
#
# [data]
# folder = "data"
"""


def make_tracking_workspace(root: Path) -> Workspace:
    """Make a workspace without a model.

    Raises:
        ConfigError: `root` is a workspace already.
    """
    root = root.absolute()
    _refuse_workspace(root)
    root.mkdir(parents=True, exist_ok=True)
    return init_workspace(root, TRACKING_ONLY)


def _refuse_workspace(root: Path) -> None:
    if (root / "pilothouse.toml").exists():
        raise ConfigError(f"{root} is a workspace already.", untouched="Its pilothouse.toml was not changed.")


def _task_of(files: list[Path], schema: Schema, target: str) -> str:
    column = schema.column(target)
    if column is not None and column.kind in ("category", "boolean", "text"):
        return "classification"
    with connect() as con:
        relation = scan_sql(files[0])
        count = con.execute(f"SELECT count(DISTINCT {identifier(target)}) FROM {relation}").fetchall()[0][0]
    return "classification" if count <= 2 else "regression"


def config_text(
    *,
    model: str,
    task: str,
    target: str,
    folder: str,
    time: str | None = None,
    id: str | None = None,
    exclude: tuple[str, ...] = (),
    extra: str = "",
) -> str:
    """Return the text of a `pilothouse.toml`, with a comment where a person may want to change something."""

    def text(value: str) -> str:
        # JSON's escapes are TOML's too, but for characters beyond 16 bits, and TOML wants DEL escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

    lines = ["[model]", f"name = {text(model)}", f'task = "{task}"', f"target = {text(target)}", "", "[data]"]
    lines.append(f"folder = {text(folder)}")
    lines.append(
        f"time = {text(time)}" if time else '# time = "…"             orders rows, splits and charts'
    )
    lines.append(
        f"id = {text(id)}" if id else '# id = "…"               joins predictions with labels that come later'
    )
    lines.append(f"exclude = [{', '.join(text(name) for name in exclude)}]")
    lines.append(
        '# keep = "link"          hard links in place of copies: no disk, but do not edit files in place'
    )
    lines += ["", "[training]", 'recipe = "hist_gradient_boosting"', "holdout = 0.2", "seed = 7", ""]
    metric = "roc_auc = { max_drop = 0.005 }" if task == "classification" else "rmse = { max_rise = 0.0 }"
    lines += ["[gates]", f"{metric}     # against the champion, on the same rows", ""]
    lines += ["[drift]", "share = 0.3              # of the columns", "", "[serving]", "port = 8080", ""]
    lines += [
        "[autonomy]",
        "level = 0                # 0 manual, 1 retrain on drift, 2 promote by itself",
        "",
    ]
    return "\n".join(lines) + extra
