"""What trials learn from: a recipe's training rows and their division, or a script's files."""

from __future__ import annotations

from pathlib import Path

from pilothouse.errors import PilothouseError, UsageError
from pilothouse.tracking.origin.code import is_everythings
from pilothouse.training.room import require_room
from pilothouse.training.spec import DATA_NAME, RunSpec, folder_of
from pilothouse.training.sweeps.plan import SweepPlan
from pilothouse.training.sweeps.trial import RecipeData, ScriptData
from pilothouse.workspace import CONFIG_NAME, Workspace

MOST_FILES = 2_000
MOST_BYTES = 50 * 2**20
_CODE = {".py", ".sh", ".json", ".toml", ".yaml", ".yml", ".cfg", ".ini", ".txt"}
_SMALL = 2**20


def recipe_data(workspace: Workspace, spec: RunSpec, plan: SweepPlan) -> tuple[RecipeData, str]:
    """The training side of a dataset version, divided once more, and a sentence that says how.

    The holdout is left out: no trial sees it. The validation rows are the latest of the training rows where
    there is a time, else drawn class by class.

    Raises:
        PilothouseError: the data, the target or the columns do not allow it.
    """
    from pilothouse.data.features.opening import open_features
    from pilothouse.data.versions import dataset_paths, get_dataset_version
    from pilothouse.store import open_store
    from pilothouse.training.examples import load_examples
    from pilothouse.training.split import split_rows

    assert spec.model is not None
    dataset = get_dataset_version(open_store(workspace), spec.dataset_version)
    require_room(dataset.rows, len(dataset.schema.columns))
    examples = load_examples(
        dataset_paths(workspace, dataset),
        dataset.schema,
        spec.model,
        holdout=spec.model.training.holdout,
        seed=spec.seed,
        views=open_features(workspace, spec.model, dataset.schema),
    )
    rows, by_time = examples.split.train, examples.split.by_time
    target = examples.target[rows]
    inner = split_rows(
        times=range(len(rows)) if by_time else None,
        labels=target if examples.classes else None,
        n_rows=len(rows),
        holdout=plan.validation,
        seed=spec.seed,
    )
    data = RecipeData(
        inputs=examples.inputs.iloc[rows].reset_index(drop=True),
        target=target,
        fit=inner.train,
        validation=inner.holdout,
        by_time=by_time,
        recipe=spec.recipe,
        task=spec.model.task,
        features=examples.features,
        classes=examples.classes,
        threads=plan.threads,
        seed=spec.seed,
    )
    return data, (
        f"{len(inner.train):,} rows to fit, scored on {inner.how} of the training side;"
        f" the holdout ({len(examples.split.holdout):,} rows) is kept for the winner."
    )


def script_data(workspace: Workspace, spec: RunSpec, plan: SweepPlan, run_dir: Path) -> ScriptData:
    """A command with what it needs: on this machine the folders, for a cluster the bytes.

    Raises:
        PilothouseError: a file of the code or of the data is gone.
    """
    shown = run_dir / DATA_NAME
    if not plan.cluster:
        data = str(shown) if shown.is_dir() else ""
        if not data and spec.model is not None:
            data = str(workspace.data_folder(spec.model))
        cwd = str(folder_of(workspace, spec))
        return ScriptData(spec.command, {}, str(workspace.root), data, {}, plan.threads, spec.seed, cwd)
    base, below = _sent_from(workspace, spec.folder)
    try:
        code = {name: (base / name).read_bytes() for name in plan.code}
        # By it `import pilothouse` there knows the workspace.
        code.setdefault(CONFIG_NAME, workspace.config_path.read_bytes())
        files = {path.name: path.read_bytes() for path in sorted(shown.iterdir())} if shown.is_dir() else {}
    except OSError as error:
        raise PilothouseError(
            f"{error.filename}: {error.strerror}, and the trials need it.", untouched="No trial was started."
        ) from None
    return ScriptData(spec.command, code, "", "", files, plan.threads, spec.seed, below)


def _sent_from(workspace: Workspace, folder: str) -> tuple[Path, str]:
    """The folder whose code is sent, and where below it the command runs.

    That of the workspace, or where the command runs outside of it, the command's own.
    """
    if folder.startswith(".."):
        return workspace.folder_at(folder), "."
    return workspace.root, folder


def code_files(workspace: Workspace, command: tuple[str, ...], folder: str = ".") -> tuple[str, ...]:
    """The files that a command may need elsewhere: small texts, scripts, what it names.

    They are looked for in the workspace, or where the command runs in a folder outside of it, in that one.
    Hidden folders, environments and the models' data folders are passed over.

    Raises:
        PilothouseError: there are too many, they are too large to be sent, or one that is named is elsewhere.
    """
    base, below = _sent_from(workspace, folder)
    root = base.resolve()
    skipped = {workspace.data_folder(model).resolve() for model in workspace.config().models}
    words = [word for word in command if word and "\0" not in word]
    named = {(root / below / word).resolve() for word in words}
    for word in words:
        path = root / below / word
        if not Path(word).is_absolute() and path.is_file() and not path.resolve().is_relative_to(root):
            raise UsageError(
                f"{word} lies outside of {base}, of which the code is sent to the cluster.",
                next="Start the sweep in the folder of the script, with --workspace where it is another.",
            )
    found: list[Path] = []
    waiting = [root]
    if is_everythings(root):
        found, waiting = [path for path in sorted(named) if path.is_file() and path.parent == root], []
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.name.startswith(".") or path.name in ("__pycache__", "node_modules") or path.is_symlink():
                continue
            if path.is_dir():
                if path.resolve() not in skipped and not (path / "pyvenv.cfg").exists():
                    waiting.append(path)
            elif path in named or (path.suffix in _CODE and path.stat().st_size <= _SMALL):
                found.append(path)
        if len(found) > MOST_FILES:
            break
    size = sum(path.stat().st_size for path in found)
    if len(found) > MOST_FILES or size > MOST_BYTES:
        raise PilothouseError(
            f"The code in {base} is too much to send to a cluster: more than {MOST_FILES:,} files or"
            f" {MOST_BYTES >> 20} MB.",
            untouched="Nothing was started.",
            next="Move what the script does not need into a folder whose name begins with a dot.",
        )
    return tuple(sorted(path.relative_to(root).as_posix() for path in found))


def data_kind(data: RecipeData) -> str:
    """The kind of target, for the default metric."""
    if data.task == "regression":
        return "regression"
    return "classification" if len(data.classes) == 2 else "multiclass"
