"""Commands of the registry: models, register, promote, rollback."""

from __future__ import annotations

from typing import Any

import click

from pilothouse.cli.options import (
    confirm,
    emit,
    json_option,
    number,
    printable,
    say,
    table,
    workspace_option,
    yes_option,
)
from pilothouse.errors import NotFoundError
from pilothouse.workspace import Workspace

_model_option = click.option("--model", metavar="NAME", help="The model, where there are several.")
_reason_option = click.option("--reason", default="", metavar="TEXT", help="Why; kept in the history.")


@click.command()
@_model_option
@click.option("--history", "show_history", is_flag=True, help="Show what was live when instead.")
@workspace_option
@json_option
def models(model: str | None, show_history: bool, workspace: Workspace, as_json: bool) -> None:
    """List model versions, newest first, with their aliases."""
    from pilothouse.registry.history import history
    from pilothouse.registry.versions import known_models, list_versions
    from pilothouse.store import open_store
    from pilothouse.tracking.usual import usual_keys

    store = open_store(workspace)
    if model is not None and model not in (known := known_models(store)):
        raise NotFoundError(
            f"There is no model {printable(model, 80)!r} here.", next=f"There is: {', '.join(known)}."
        )
    if show_history:
        changes = history(store, model)

        def show_changes() -> None:
            if not changes:
                say("Nothing was live yet. Make a version live with `pilothouse promote VERSION`.")
                return
            rows = [
                [
                    _time(one.at),
                    one.model,
                    one.kind,
                    f"v{one.from_version}" if one.from_version else "–",
                    f"v{one.to_version}",
                    one.actor,
                    one.reason,
                ]
                for one in changes
            ]
            table(["at", "model", "change", "from", "to", "by", "reason"], rows)

        emit([_deployment(one) for one in changes], as_json, show_changes)
        return
    found = list_versions(store, model)

    def show_versions() -> None:
        from pilothouse.config.next_steps import to_get_a_version

        if not found:
            say(f"No versions yet. {to_get_a_version(workspace.config())}")
            return
        main = usual_keys(one.metrics for one in found)
        rows = [
            [
                one.model,
                f"v{one.version}",
                ", ".join(one.aliases),
                *(number(one.metrics.get(key)) for key in main),
                one.recipe,
                one.run_id[:8],
                one.dataset_version,
                _time(one.created_at),
            ]
            for one in found
        ]
        headers = ["model", "version", "aliases", *main, "recipe", "run", "data", "made"]
        last = len(headers) - 1
        table(headers, rows, right=range(3, 3 + len(main)), leave=(last - 1, last - 2, last, last - 3))

    emit([_version(one) for one in found], as_json, show_versions)


@click.command()
@click.argument("run")
@click.option("--model", metavar="NAME", help="Register it under this name instead of the run's own.")
@workspace_option
@json_option
def register(run: str, model: str | None, workspace: Workspace, as_json: bool) -> None:
    """Register the bundle that RUN made as a model version. Again, it gives the same version."""
    from pilothouse.registry.deployments import only_model
    from pilothouse.registry.versions import register_bundle
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import get_run

    store = open_store(workspace)
    found = get_run(store, run)
    artifacts = workspace.run_dir(found.run_id) / "artifacts"
    bundle = next(iter(sorted(path.parent for path in artifacts.glob("*/manifest.json"))), None)
    if bundle is None:
        raise NotFoundError(
            f"Run {found.run_id} made no bundle.",
            next="Only a run that trained a model has one; see `pilothouse runs`.",
        )
    version = register_bundle(
        workspace,
        store,
        model or found.model or only_model(workspace),
        bundle,
        run_id=found.run_id,
        dataset_version=found.dataset_version or "",
        recipe=found.recipe or "",
        metrics={key: value for key, value in found.metrics.items() if isinstance(value, int | float)},
    )
    emit(
        _version(version),
        as_json,
        lambda: click.echo(f"{version.label} is the version of run {found.run_id}."),
    )


@click.command()
@click.argument("version")
@_model_option
@_reason_option
@click.option("--force", is_flag=True, help="Promote even if a gate fails.")
@click.option("--check", is_flag=True, help="Only judge the gates: nothing goes live.")
@yes_option
@workspace_option
@json_option
def promote(
    version: str,
    model: str | None,
    reason: str,
    force: bool,
    check: bool,
    yes: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Make VERSION live if it passes its gates: 3, v3, NAME/3 or NAME@ALIAS."""
    from pilothouse.registry import deployments
    from pilothouse.registry.suspects import leak_suspects, warning
    from pilothouse.store import open_store

    if check:
        gates = [
            one.as_dict()
            for one in deployments.check_gates(workspace, open_store(workspace), version, model=model)
        ]
        emit(gates, as_json, lambda: _show_gates(gates))
        if not gates:
            meant = deployments.meant_version(workspace, open_store(workspace), version, model)
            say(deployments.why_no_gates(workspace, meant.model))
        if not all(gate["passed"] for gate in gates):
            raise click.exceptions.Exit(1)
        return
    store = open_store(workspace)
    suspects = leak_suspects(deployments.meant_version(workspace, store, version, model))
    if suspects:
        say(f"▲ {warning(suspects)}")
    all_the_same = " all the same" if suspects else ""
    confirm(f"Make {printable(version, 80)} live{all_the_same}?", yes)
    try:
        done = deployments.promote(
            workspace, open_store(workspace), version, model=model, reason=reason, force=force
        )
    except deployments.GateRefusedError as refusal:
        if as_json:
            emit({"promoted": False, "gates": [one.as_dict() for one in refusal.results]}, True, lambda: None)
        else:
            _show_gates([one.as_dict() for one in refusal.results])
        raise

    def show() -> None:
        _show_gates(done.gates)
        after = f", after v{done.from_version}" if done.from_version else ""
        click.echo(f"{done.model} v{done.to_version} is live{after}.")

    warnings = [warning(suspects)] if suspects else []
    emit({"promoted": True, **_deployment(done), "warnings": warnings}, as_json, show)
    if not done.gates:
        say(deployments.why_no_gates(workspace, done.model))
    _say_what_answers(workspace, done)


@click.command()
@click.option("--to", metavar="VERSION", help="Roll back to this version instead of the one live before.")
@_model_option
@_reason_option
@yes_option
@workspace_option
@json_option
def rollback(
    to: str | None, model: str | None, reason: str, yes: bool, workspace: Workspace, as_json: bool
) -> None:
    """Make live again what was live before. No gates: it is the way out of trouble."""
    from pilothouse.registry import deployments
    from pilothouse.store import open_store

    confirm(f"Roll back to {printable(to, 80) if to else 'the version that was live before'}?", yes)
    done = deployments.rollback(workspace, open_store(workspace), model=model, to=to, reason=reason)
    emit(
        _deployment(done),
        as_json,
        lambda: click.echo(f"{done.model} v{done.to_version} is live again, after v{done.from_version}."),
    )
    _say_what_answers(workspace, done)


def _say_what_answers(workspace: Workspace, done: Any) -> None:
    """Say whether the server, if one runs, has taken the change up."""
    from pilothouse.serving.status import server_status

    status = server_status(workspace)
    if status is None or status.model != done.model or status.version is None:
        return
    if status.version == done.to_version:
        say(f"The server at {status.url} answers with it.")
    else:
        why = status.last_error or "It is loading the other."
        say(f"The server still answers with v{status.version}. {why}")


def _show_gates(gates: Any) -> None:
    for one in gates:
        click.echo(f"{'✓' if one['passed'] else '✗'} {printable(one['rule'])}: {printable(one['why'])}")


def _time(at: Any) -> str:
    return str(at.astimezone().strftime("%Y-%m-%d %H:%M"))


def _version(version: Any) -> dict[str, Any]:
    return {
        "model": version.model,
        "version": version.version,
        "run_id": version.run_id,
        "aliases": list(version.aliases),
        "metrics": version.metrics,
        "dataset_version": version.dataset_version,
        "recipe": version.recipe,
        "created_at": version.created_at.isoformat(),
        "manifest_sha256": version.manifest_sha256,
    }


def _deployment(one: Any) -> dict[str, Any]:
    return {
        "deployment_id": one.deployment_id,
        "model": one.model,
        "at": one.at.isoformat(),
        "kind": one.kind,
        "from_version": one.from_version,
        "to_version": one.to_version,
        "actor": one.actor,
        "reason": one.reason,
        "gates": list(one.gates),
    }


COMMANDS = [models, register, promote, rollback]
