"""What is live, and every change of it: promote, rollback, and the history of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.errors import ConfigError, PilothouseError
from pilothouse.jsontext import dumps
from pilothouse.registry.gates import GateResult, run_gates
from pilothouse.registry.generation import announce
from pilothouse.registry.history import (
    Deployment,
    deployment_of,
    rollback_target,
)
from pilothouse.registry.manifest import verify_bundle
from pilothouse.registry.versions import (
    CHALLENGER,
    CHAMPION,
    ModelVersion,
    find_version,
    get_version,
    parse_ref,
)
from pilothouse.store import Store, Transaction, record
from pilothouse.store.events import current_actor
from pilothouse.workspace import Workspace


class GateRefusedError(PilothouseError):
    """A candidate did not pass its gates; nothing changed. `results` has the verdict of every rule."""

    def __init__(self, version: ModelVersion, results: Sequence[GateResult]) -> None:
        failed = [one for one in results if not one.passed]
        super().__init__(
            f"{version.label} did not pass {len(failed)} of {len(results)} gates: "
            + "; ".join(f"{one.rule} ({one.why})" for one in failed)
            + ".",
            untouched="What is live was not changed.",
            next="Train a better version, or promote it all the same with --force and a --reason.",
        )
        self.results = tuple(results)


def meant_version(workspace: Workspace, store: Store, ref: str, model: str | None = None) -> ModelVersion:
    """Find a version; of the workspace's only model, where neither `ref` nor `model` says which."""
    return get_version(store, ref, model or _only_model(workspace, ref))


def check_gates(
    workspace: Workspace, store: Store, ref: str, *, model: str | None = None
) -> list[GateResult]:
    """Judge a version by the gates of its model, scoring it and the champion on the version's own holdout.

    Takes as long as loading and scoring two models. An evaluation that fails is no evidence, and so no pass.
    A model that `pilothouse.toml` does not know has no gates; `why_no_gates` says so.
    """
    version = meant_version(workspace, store, ref, model)
    return _judge(workspace, store, version, _champion_of(store, version.model))


def promote(
    workspace: Workspace,
    store: Store,
    ref: str,
    *,
    model: str | None = None,
    reason: str = "",
    actor: str | None = None,
    force: bool = False,
) -> Deployment:
    """Make a version the champion, if it passes its gates.

    Args:
        workspace: where.
        store: its store.
        ref: the version, in any form `get_version` takes.
        model: the model, where `ref` does not name it and there are several.
        reason: why, for the history.
        actor: who or what decided; the current user unless given.
        force: promote even if a gate fails; the failed gates are kept in the history.

    Raises:
        GateRefusedError: a gate failed and `force` is not set.
        BundleError: the bundle is incomplete or changed.
        PilothouseError: it is live already, or something else went live meanwhile.
    """
    version = meant_version(workspace, store, ref, model)
    live = _champion_of(store, version.model)
    if live is not None and live.version == version.version:
        raise PilothouseError(f"{version.label} is live already.", untouched="Nothing was changed.")
    verify_bundle(version.path, version.manifest_sha256)
    results = _judge(workspace, store, version, live)
    failed = [one for one in results if not one.passed]
    if failed and not force:
        refusal = GateRefusedError(version, results)
        with store.transaction() as tx:
            data = {"gates": [one.as_dict() for one in results], "reason": reason}
            record(tx, "gate", f"{version.model}/{version.version}", refusal.what, data, actor)
        raise refusal
    words = f"{version.label} is live" + (f", after v{live.version}" if live else "")
    if failed:
        words += f"; forced past {len(failed)} failed gate{'s' if len(failed) > 1 else ''}"
    return _go_live(workspace, store, "promote", version, live, words, reason, actor, results)


def rollback(
    workspace: Workspace,
    store: Store,
    *,
    model: str | None = None,
    to: str | None = None,
    reason: str = "",
    actor: str | None = None,
) -> Deployment:
    """Make live again what was live before, or the version `to`. No gates: it is the way out of trouble.

    Raises:
        BundleError: the bundle of that version is incomplete or changed.
        PilothouseError: nothing is live, or nothing was live before.
    """
    name = (
        model or (parse_ref(to)[0] if to else None) or _only_model(workspace, to or "") or _only_live(store)
    )
    live = _champion_of(store, name)
    if live is None:
        raise PilothouseError(
            f"Nothing of {name} is live, so there is nothing to roll back.",
            next="Use `pilothouse promote VERSION`.",
        )
    if to is None:
        target = rollback_target(store, name)
        if target is None:
            raise PilothouseError(
                f"{live.label} is the first version that went live; there is none before it.",
                untouched="It stays live.",
                next="Name another version with --to.",
            )
        version = get_version(store, str(target), name)
    else:
        version = get_version(store, to, name)
    if version.version == live.version:
        raise PilothouseError(f"{version.label} is live already.", untouched="Nothing was changed.")
    verify_bundle(version.path, version.manifest_sha256)
    words = f"Rolled {name} back from v{live.version} to v{version.version}"
    return _go_live(workspace, store, "rollback", version, live, words, reason, actor, ())


def _judge(
    workspace: Workspace, store: Store, version: ModelVersion, live: ModelVersion | None
) -> list[GateResult]:
    model_cfg = _config_of(workspace, version.model)
    if model_cfg is None or not model_cfg.gates:
        return []
    holdout = workspace.run_dir(version.run_id) / "artifacts" / "holdout.parquet"
    # What a recipe made has such rows; if they are gone, that is no evidence.
    if not version.recipe and not holdout.is_file():
        return _judge_without_rows(version, live, model_cfg)
    ours, trouble, wrong = _scores(store, version, holdout, model_cfg)
    theirs: dict[str, float] | None = None
    if live is not None:
        theirs, more, also = _scores(store, live, holdout, model_cfg)
        trouble = trouble or more
        wrong = {**also, **wrong}
    results = run_gates(model_cfg, ours, theirs)
    return [
        replace(one, passed=False, why=f"{one.why}: {why}")
        if "no evidence" in one.why and (why := trouble or wrong.get(one.gate, ""))
        else one
        for one in results
    ]


def _judge_without_rows(
    version: ModelVersion, live: ModelVersion | None, model_cfg: ModelConfig
) -> list[GateResult]:
    """Judge a version whose run kept no rows to score it on, as a script's: by what the run logged.

    That is enough for a limit, and for a first version; against a champion it is no evidence, since the two
    were not measured on the same rows.
    """
    advice = "its run kept no artifact holdout.parquet, rows with the target that it did not learn from"
    judged = []
    for one in run_gates(model_cfg, version.metrics, None if live is None else {}, rows=False):
        why = one.why
        if "no evidence" in why:
            why = f"{why}: {advice}"
        elif one.value is not None and "champion" not in why:
            why = f"{why}, as its run logged it"
        judged.append(replace(one, why=why))
    return judged


def _scores(
    store: Store, version: ModelVersion, holdout: Path, model_cfg: ModelConfig
) -> tuple[dict[str, float], str, dict[str, str]]:
    """Return scores, why there are none, and what is wrong with a business metric by its name."""
    # Loads pandas and scikit-learn, which the commands that only look must not.
    from pilothouse.registry.evaluation import evaluate

    wrong: dict[str, str] = {}
    try:
        return evaluate(store, version, holdout, model_cfg, model_cfg.gates, wrong), "", wrong
    except PilothouseError as error:
        return {}, error.what.rstrip("."), wrong


def _go_live(
    workspace: Workspace,
    store: Store,
    kind: str,
    version: ModelVersion,
    live: ModelVersion | None,
    words: str,
    reason: str,
    actor: str | None,
    gates: Sequence[GateResult],
) -> Deployment:
    who = actor or current_actor()
    verdicts = [one.as_dict() for one in gates]
    with store.transaction() as tx:
        now_live = _champion_number(tx, version.model)
        if now_live != (live.version if live else None):
            raise PilothouseError(
                f"Meanwhile {version.model} v{now_live} went live.",
                untouched="It stays live.",
                next="Look at `pilothouse models` and try again.",
            )
        row: dict[str, Any] = {
            "deployment_id": int(tx.value("SELECT max(deployment_id) FROM deployments") or 0) + 1,
            "model": version.model,
            "recorded_at": datetime.now(UTC),
            "kind": kind,
            "from_version": live.version if live else None,
            "to_version": version.version,
            "actor": who,
            "reason": reason,
            "gates": dumps(verdicts),
        }
        tx.insert("deployments", [row])
        tx.execute(
            "INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", [version.model, CHAMPION, version.version]
        )
        # What is live no longer waits to become so.
        tx.execute(
            "DELETE FROM aliases WHERE model = ? AND alias = ? AND version = ?",
            [version.model, CHALLENGER, version.version],
        )
        data = {"from": row["from_version"], "to": version.version, "reason": reason, "gates": verdicts}
        message = words + (f": {reason}" if reason else "") + "."
        record(tx, kind, f"{version.model}/{version.version}", message, data, who)
    announce(workspace, row["deployment_id"])
    at = row.pop("recorded_at")
    return deployment_of({**row, "at": at})


def _champion_number(tx: Transaction, model: str) -> int | None:
    found = tx.value("SELECT version FROM aliases WHERE model = ? AND alias = ?", [model, CHAMPION])
    return None if found is None else int(found)


def _champion_of(store: Store, model: str) -> ModelVersion | None:
    with store.reading() as tx:
        number = _champion_number(tx, model)
        return None if number is None else find_version(store, tx, str(number), model)


def _config_of(workspace: Workspace, model: str) -> ModelConfig | None:
    config = workspace.config()
    return next((one for one in config.models if one.name == model), None)


def _only_model(workspace: Workspace, ref: str) -> str | None:
    """Return the workspace's only model, for references that name none."""
    if ref and parse_ref(ref)[0] is not None:
        return None
    models = workspace.config().models
    return models[0].name if len(models) == 1 else None


def why_no_gates(workspace: Workspace, model: str) -> str:
    """Say why no gate was judged for a model."""
    if _config_of(workspace, model) is None:
        return f"No gate was judged: pilothouse.toml says nothing of a model {model}."
    return f"No gate was judged: pilothouse.toml has no [gates] for {model}."


def only_model(workspace: Workspace) -> str:
    """Return the name of the workspace's only model.

    Raises:
        ConfigError: it has several, or none.
    """
    models = workspace.config().models
    if len(models) == 1:
        return models[0].name
    some = f": {', '.join(model.name for model in models)}, or a new one" if models else ""
    raise ConfigError(
        f"The run belongs to no model, and the workspace has {'several' if models else 'none'}.",
        untouched="Nothing was registered.",
        next=f"Add --model NAME{some}.",
    )


def _only_live(store: Store) -> str:
    live = store.query("SELECT model FROM aliases WHERE alias = ? ORDER BY model", [CHAMPION])
    if len(live) == 1:
        return str(live[0]["model"])
    raise ConfigError(
        "Nothing is live, so there is nothing to roll back."
        if not live
        else "Several models are live and none was named.",
        next="Add --model NAME." if live else "Use `pilothouse promote VERSION`.",
    )
