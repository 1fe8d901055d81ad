"""Commands that look at runs: runs, show, compare, tag."""

from __future__ import annotations

import click

from pilothouse.cli.options import emit, json_option, number, printable, say, table, workspace_option
from pilothouse.errors import UsageError
from pilothouse.workspace import Workspace


@click.command()
@click.argument("words", nargs=-1, metavar="[WORDS | SEARCH]...")
@click.option("--filter", "searched", default="", metavar="SEARCH", help='Such as "metrics.auc > 0.9".')
@click.option("--status", help="Only runs of this status.")
@click.option("--model", help="Only runs of this model.")
@click.option(
    "--sort", default="started_at", show_default=True, help="An attribute, or metrics.KEY, params.KEY."
)
@click.option("--ascending", is_flag=True, help="Smallest or oldest first.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Rows at most.")
@workspace_option
@json_option
def runs(
    words: tuple[str, ...],
    searched: str,
    status: str | None,
    model: str | None,
    sort: str,
    ascending: bool,
    limit: int,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """List runs, newest first.

    A SEARCH has conditions and plain words, which must occur in a run's id, name, status, recipe, command,
    params or tags. All must hold unless it says OR.

    \b
      pilothouse runs gull depth=4
      pilothouse runs "metrics.roc_auc > 0.8 AND params.depth <= 6"
      pilothouse runs "best(log_loss) < 0.5 OR tags.note LIKE '%keep%'"
      pilothouse runs "NOT status = finished AND started > '2 days ago'"
    """
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import count_runs, list_runs
    from pilothouse.tracking.search import parse

    where = parse(" ".join(words)) & parse(searched)
    store = open_store(workspace)
    found = list_runs(
        store, where=where, status=status, model=model, order_by=sort, descending=not ascending, limit=limit
    )

    def show_table() -> None:
        if not found:
            say(
                "No runs match."
                if where.root or status or model
                else "No runs yet. Start one with `pilothouse train`."
            )
            return
        main = [
            key for key in ("roc_auc", "log_loss", "rmse", "r2") if any(key in run.metrics for run in found)
        ]
        table(
            ["run", "name", "status", "started", "took", "recipe", *main],
            [
                [
                    run.run_id[:8],
                    run.name,
                    run.status,
                    run.started_at.astimezone().strftime("%Y-%m-%d %H:%M"),
                    f"{run.seconds:,.0f} s",
                    run.recipe or run.command,
                    *(number(run.metrics.get(key)) for key in main),
                ]
                for run in found
            ],
            right=(4, *range(6, 6 + len(main))),
        )
        total = count_runs(store, where=where, status=status, model=model)
        if total > len(found):
            say(f"{len(found)} of {total:,} runs; see more with --limit.")

    emit([run.to_json() for run in found], as_json, show_table)


@click.command()
@click.argument("run")
@workspace_option
@json_option
def show(run: str, workspace: Workspace, as_json: bool) -> None:
    """Show one RUN: an id or its first letters, a name, or `latest`."""
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import get_run, metric_history

    store = open_store(workspace)
    found = get_run(store, run)
    history = metric_history(store, found.run_id)
    artifacts_dir = workspace.run_dir(found.run_id) / "artifacts"
    artifacts = sorted(
        str(path.relative_to(artifacts_dir)) for path in artifacts_dir.rglob("*") if path.is_file()
    )
    data = {
        **found.to_json(),
        "history": {key: [[point.step, point.value] for point in points] for key, points in history.items()},
        "artifacts": artifacts,
    }

    def show_text() -> None:
        click.echo(f"{found.run_id}  {printable(found.name)}  {found.status}")
        facts = {
            "started": found.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            "took": f"{found.seconds:,.1f} s",
            "model": found.model,
            "recipe": found.recipe,
            "command": found.command,
            "data": found.dataset_version,
            "progress": f"{found.progress:.0%} {found.progress_text}" if found.progress is not None else "",
            "exit code": found.exit_code,
            "reason": found.reason,
        }
        for key, value in facts.items():
            if value not in ("", None):
                click.echo(f"  {key:<10} {printable(value)}")
        for title, values in (("params", found.params), ("tags", found.tags)):
            if values:
                click.echo(f"\n{title}")
                for key, value in values.items():
                    click.echo(f"  {printable(key, 40):<40} {printable(value, 100)}")
        if found.summaries:
            click.echo("\nmetrics")
            table(
                ["  metric", "last", "min", "max", "points"],
                [
                    [f"  {key}", number(item.last), number(item.min), number(item.max), item.count]
                    for key, item in found.summaries.items()
                ],
                right=(1, 2, 3, 4),
            )
        if artifacts:
            click.echo("\nartifacts")
            for name in artifacts[:50]:
                click.echo(f"  {printable(name)}")

    emit(data, as_json, show_text)


@click.command()
@click.argument("refs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option("--all", "everything", is_flag=True, help="Show what is alike too.")
@workspace_option
@json_option
def compare(refs: tuple[str, ...], everything: bool, workspace: Workspace, as_json: bool) -> None:
    """Compare 2 to 20 runs; the first is the baseline. By default only what differs is shown."""
    from pilothouse.store import open_store
    from pilothouse.tracking.compare import compare_runs

    comparison = compare_runs(open_store(workspace), refs)
    rows = comparison.rows if everything else comparison.only_differences()

    def cell(value: object, delta: float | None) -> str:
        text = number(value) if isinstance(value, float) else "–" if value is None else str(value)
        return text if delta is None else f"{text} ({delta:+.4f})"

    def show_table() -> None:
        table(
            ["", *(run.name for run in comparison.runs)],
            [
                [
                    f"{row.section}.{row.key}",
                    *(cell(value, delta) for value, delta in zip(row.values, row.deltas, strict=True)),
                ]
                for row in rows
            ],
            right=range(1, 1 + len(refs)),
        )
        if not comparison.same_rows:
            say("These runs were judged on different rows: a larger metric does not say which is better.")
        if not everything:
            say(f"{len(rows)} of {len(comparison.rows)} rows differ; --all shows the rest.")

    emit(comparison.to_json(), as_json, show_table)


@click.command()
@click.argument("run")
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@workspace_option
@json_option
def tag(run: str, pairs: tuple[str, ...], workspace: Workspace, as_json: bool) -> None:
    """Set tags of a RUN. `KEY=` removes one; `note=...` is the run's note."""
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import tag_run

    tags: dict[str, str | None] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"{pair!r} is not KEY=VALUE.")
        tags[key] = value or None
    found = tag_run(open_store(workspace), run, tags)
    emit(found.to_json(), as_json, lambda: say(f"Tagged {found.name} ({found.run_id})."))


COMMANDS = (runs, show, compare, tag)
