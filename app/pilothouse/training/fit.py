"""The child of a recipe's run: fits, judges, and registers a version.

`python -m pilothouse.training.fit <run_dir>`, started by the supervisor.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.processes import collect_seldom
from pilothouse.tracking.writer import RunWriter, attach_run
from pilothouse.training.room import FEWER, require_room
from pilothouse.training.spec import RunSpec, read_spec, workspace_of

# Shares of the whole that the bar shows, set by how long each takes on tens of thousands of rows.
_READ, _PREPARED, _THRESHOLD, _FITTED, _JUDGED = 0.02, 0.06, 0.40, 0.85, 0.92
_BUNDLE = "model"
LEAK_TAG = "leak"
"""Tag of a run whose features include some that give the target away: which, and how well."""


class _Told:
    """Says what happens in the log, and in the journal as progress."""

    def __init__(self, writer: RunWriter) -> None:
        self.writer = writer
        self._began = time.monotonic()

    def __call__(self, fraction: float, text: str, *, quiet: bool = False) -> None:
        self.writer.progress(fraction, text)
        if not quiet:
            print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)  # noqa: T201


def fit_run(run_dir: Path) -> None:
    """Do what the run's `run.json` says, and register the version it makes.

    Raises:
        PilothouseError: the data, the target or the parameters do not allow it.
    """
    spec = read_spec(run_dir)
    writer = attach_run(run_dir)
    tell = _Told(writer)
    tell(_READ, "Loading libraries and data.")
    from pilothouse.data.features.opening import open_features
    from pilothouse.data.versions import dataset_paths, get_dataset_version
    from pilothouse.store import open_store
    from pilothouse.training.examples import load_examples
    from pilothouse.training.judging import business_on_holdout, judge, write_holdout
    from pilothouse.training.preprocessing import EMPTY
    from pilothouse.training.recipes import find_recipe

    assert spec.model is not None
    workspace = workspace_of(run_dir)
    store = open_store(workspace)
    dataset = get_dataset_version(store, spec.dataset_version)
    sources = dataset_paths(workspace, dataset)
    require_room(dataset.rows, len(dataset.schema.columns))
    examples = load_examples(
        sources,
        dataset.schema,
        spec.model,
        holdout=spec.model.training.holdout,
        seed=spec.seed,
        views=open_features(workspace, spec.model, dataset.schema),
    )
    left_out = ", ".join(f"{name} ({why})" for name, why in examples.features.left_out.items())
    gaps = (
        f" {examples.without_target:,} rows without a target are left out." if examples.without_target else ""
    )
    tell(
        _PREPARED,
        f"{len(examples.target):,} rows; held out: {examples.split.how}.{gaps} Left out: {left_out}.",
    )
    for name, why in examples.features.left_out.items():
        if why == EMPTY:
            tell(_PREPARED, f"`{name}` is {why}: left out.")
    suspects = _suspects(store, spec, examples, writer, tell)

    recipe = find_recipe(spec.recipe, spec.model.task)
    pipeline, threshold = _fit(spec, recipe, examples, tell)
    tell(_FITTED, "Judging it on the holdout.")
    metrics, curves = judge(pipeline, threshold, examples)
    troubles: dict[str, str] = {}
    metrics = business_on_holdout(pipeline, threshold, examples, spec.model.business, troubles) | metrics
    for trouble in troubles.values():
        # A version is a version without what it is worth in money, too; a gate on that will not pass.
        tell(_FITTED, trouble)
    writer.log_metrics(metrics)
    print("  ".join(f"{key} {value:.4g}" for key, value in metrics.items()), flush=True)  # noqa: T201
    _write_json(writer.artifacts / "curves.json", curves)
    write_holdout(writer.artifacts / "holdout.parquet", pipeline, threshold, examples)

    tell(_JUDGED, "Writing the bundle.")
    from pilothouse.monitoring.profile import FINE_BINS, profile_files
    from pilothouse.registry.bundle import write_bundle
    from pilothouse.registry.model import output_fields
    from pilothouse.registry.signature import Signature, infer_type
    from pilothouse.registry.versions import register_bundle

    kind = infer_type(examples.classes) if examples.classes else "double"
    signature = Signature(examples.signature.inputs, output_fields(pipeline, kind))
    profile = profile_files(sources, dataset.schema, fine=FINE_BINS)
    profile = replace(profile, made=_made_by_views(examples.views, sources, dataset.schema))
    _require_unchanged(workspace, dataset)
    bundle = writer.artifacts / _BUNDLE
    write_bundle(
        bundle,
        model=pipeline,
        signature=signature,
        profile_json=profile.to_json(),
        probe=examples.requests.iloc[examples.split.holdout],
        metrics=metrics,
        lineage={**_lineage(run_dir, spec, examples, dataset), "leak_suspects": list(map(asdict, suspects))},
        features=examples.views,
    )
    version = register_bundle(
        workspace,
        store,
        spec.model.name,
        bundle,
        run_id=run_dir.name,
        dataset_version=dataset.version,
        recipe=spec.recipe,
        metrics=metrics,
    )
    writer.set_tags({"version": str(version.version)})
    tell(0.97, f"Registered {version.model} v{version.version}. Checking the gates.")
    _gates(workspace, store, version, writer, tell)


def _suspects(store: Any, spec: RunSpec, examples: Any, writer: RunWriter, tell: _Told) -> list[Any]:
    """Look for features that give the target away; they are told and kept, and learned from all the same."""
    from pilothouse.monitoring.quality.rules_kept import current_rules
    from pilothouse.registry.suspects import LeakSuspect, warning
    from pilothouse.training.suspects import find_suspects

    assert spec.model is not None
    rules = current_rules(store, spec.model.name)
    found = find_suspects(examples, str(spec.model.target), rules, seed=spec.seed)
    suspects = [LeakSuspect(one.column, one.measure, one.score) for one in found]
    if suspects:
        writer.set_tags({LEAK_TAG: ", ".join(f"{one.column} ({one.score:.3f})" for one in suspects)[:500]})
        tell(_PREPARED, f"Warning: {warning(tuple(suspects))}")
    return suspects


def _made_by_views(views: Any, sources: Any, schema: Any) -> Any:
    """Profile what the feature views make of the data, with their tables as they were read for this run."""
    if views is None:
        return ()
    from pilothouse.data.reading import DataFile
    from pilothouse.monitoring.profile import FINE_BINS
    from pilothouse.monitoring.view_columns import profile_views

    with tempfile.TemporaryDirectory() as folder:
        tables = {}
        for number, name in enumerate(views.definition.tables, 1):
            tables[name] = DataFile(f"table-{number}.parquet", Path(folder) / f"table-{number}.parquet")
            views.copy_table(name, tables[name].path)
        return profile_views(views.definition, tables, sources, schema, fine=FINE_BINS)


def _require_unchanged(workspace: Any, dataset: Any) -> None:
    """A linked file may have been edited since it was read: then the model is not of this dataset version."""
    from pilothouse.data.reading import DataError
    from pilothouse.data.versions import dataset_paths

    try:
        dataset_paths(workspace, dataset)
    except DataError as error:
        raise DataError(
            f"The data changed while this run read them. {error.what}",
            untouched="No model version was made.",
            next=error.next,
        ) from None


def _fit(spec: RunSpec, recipe: Any, examples: Any, tell: _Told) -> tuple[Any, float | None]:
    """The fitted pipeline, and the threshold of a two-class model."""
    from sklearn.pipeline import Pipeline

    from pilothouse.training.curve import Curve
    from pilothouse.training.estimators import build_estimator, grow
    from pilothouse.training.preprocessing import build_preprocessor

    task = spec.model.task if spec.model else ""

    def build(features: Any) -> Any:
        return build_estimator(recipe, task, spec.params, features, seed=spec.seed, threads=spec.threads)

    threshold = None
    if len(examples.classes) == 2:
        threshold = _threshold(recipe, build, examples, spec, tell)
    split, target = examples.split, examples.target
    prepare = build_preprocessor(examples.features, recipe.name)
    train = prepare.fit_transform(examples.inputs.iloc[split.train])
    held = prepare.transform(examples.inputs.iloc[split.holdout])
    estimator = build(examples.features)
    curve = Curve(
        {"train": (train, target[split.train]), "holdout": (held, target[split.holdout])},
        examples.classes,
        spec.seed,
    )
    tell(_THRESHOLD, f"Fitting {recipe.title.lower()} on {len(split.train):,} rows, {spec.threads} threads.")

    def on_step(done: int, total: int, losses: dict[str, float]) -> None:
        tell.writer.log_metrics(losses, step=done)
        share = _THRESHOLD + (_FITTED - _THRESHOLD) * done / total
        tell(share, f"Fitting: {done} of {total} iterations.", quiet=True)

    grow(estimator, recipe, train, target[split.train], curve, on_step)
    if recipe.name == "random_forest":
        # For one row, starting threads takes longer than walking the trees.
        estimator.set_params(n_jobs=1)
    return Pipeline([("prepare", prepare), ("model", estimator)]), threshold


def _threshold(recipe: Any, build: Any, examples: Any, spec: RunSpec, tell: _Told) -> float:
    from pilothouse.training.threshold import choose_threshold

    rows = "the newest rows of" if examples.split.by_time else "rows drawn from"
    tell(_PREPARED, f"Choosing the threshold on {rows} the training side, by a model of the others.")

    def on_step(done: int, total: int, losses: dict[str, float]) -> None:
        share = _PREPARED + (_THRESHOLD - _PREPARED) * done / total
        tell(share, f"Choosing the threshold: {done} of {total} iterations.", quiet=True)

    threshold, why = choose_threshold(recipe, build, examples, spec.seed, on_step)
    if why:
        tell(_PREPARED, f"The threshold is {threshold:g}, since none could be chosen: {why}.")
    return threshold


def _lineage(run_dir: Path, spec: RunSpec, examples: Any, dataset: Any) -> dict[str, Any]:
    packages = ("pilothouse", "scikit-learn", "pandas", "numpy", "scipy", "joblib", "duckdb")
    return {
        "run_id": run_dir.name,
        "recipe": spec.recipe,
        "params": dict(spec.params),
        "seed": spec.seed,
        "threads": spec.threads,
        "dataset_version": dataset.version,
        "files": [asdict(file) for file in dataset.files],
        "model": asdict(spec.model) if spec.model else {},
        "rows": {
            "train": len(examples.split.train),
            "holdout": len(examples.split.holdout),
            "without_target": examples.without_target,
            "split": examples.split.how,
        },
        "features": examples.features.names,
        "left_out": examples.features.left_out,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "code": {name: _version_of(name) for name in packages},
    }


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _gates(workspace: Any, store: Any, version: Any, writer: RunWriter, tell: _Told) -> None:
    """Judge the version by its gates and keep the verdicts; a version that fails is still a version."""
    from pilothouse.registry.deployments import check_gates

    results = check_gates(workspace, store, str(version.version), model=version.model)
    _write_json(writer.artifacts / "gates.json", [result.as_dict() for result in results])
    failed = [result for result in results if not result.passed]
    if results:
        writer.set_tags({"gates": "passed" if not failed else f"failed {len(failed)} of {len(results)}"})
    words = "; ".join(f"{result.rule}: {result.why}" for result in failed)
    tell(
        1.0,
        f"{version.model} v{version.version} is ready." + (f" Gates not passed: {words}." if failed else ""),
    )


def _write_json(path: Path, content: Any) -> None:
    from pilothouse.jsontext import dumps

    path.write_text(json.dumps(json.loads(dumps(content)), indent=1), encoding="utf-8")


def main() -> int:
    """Entry of the child's process; an error that a person can read ends it with 1."""
    collect_seldom()
    try:
        fit_run(Path(sys.argv[1]))
    except PilothouseError as error:
        if os.environ.get("PILOTHOUSE_DEBUG"):
            raise
        print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"error: {what}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    except MemoryError:
        what = f"There is not enough memory for this training. {FEWER}"
        print(f"error: {what}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
