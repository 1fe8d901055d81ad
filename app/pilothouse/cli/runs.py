"""Commands that look at runs: runs, show, tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pilothouse.cli.options import emit, json_option, number, printable, say, table, workspace_option
from pilothouse.errors import UsageError
from pilothouse.tracking.durations import duration
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.store import Store
    from pilothouse.tracking.runs import Run
    from pilothouse.tracking.search import Search
    from pilothouse.tracking.search.nodes import Field


def _status(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    from pilothouse.tracking.search import status_of, unknown_status

    if value is not None and (wrong := unknown_status(value)):
        raise UsageError(wrong)
    return value if value is None else status_of(value)


def _why_nothing(store: Store, where: Search, chosen: bool, as_json: bool) -> str:
    """Say why there is nothing; for another program only what is doubtful of the search, and that at once."""
    from pilothouse.config.next_steps import to_get_a_run
    from pilothouse.tracking.runs import count_runs
    from pilothouse.tracking.search import doubts

    doubtful = doubts(store, where.root)
    if as_json:
        for one in doubtful:
            say(one)
        return ""
    if not chosen or not (total := count_runs(store)):
        return f"No runs yet. {to_get_a_run(store.workspace.config())}"
    none = "The only run does not match." if total == 1 else f"None of the {total:,} runs match."
    return " ".join([none, *doubtful])


@click.command()
@click.argument("words", nargs=-1, metavar="[WORDS | SEARCH]...")
@click.option("--filter", "searched", default="", metavar="SEARCH", help='Such as "metrics.auc > 0.9".')
@click.option("--saved", metavar="NAME", help="Only runs that a saved filter matches; `filters` lists them.")
@click.option("--status", callback=_status, help="Only runs of this status, such as failed or running.")
@click.option("--model", help="Only runs of this model.")
@click.option(
    "--sort",
    default=None,
    help='A column, such as started (the default), params.lr or "best(metrics.auc)"; with --group-by: count '
    "(the default), failed, killed, lost, group, or mean, spread or best of a metric, such as "
    '"mean(metrics.auc)".',
)
@click.option(
    "--columns",
    default="",
    metavar="COLUMN,COLUMN...",
    help='What to show, such as "name,status,best(metrics.auc),params.lr", or what stands over a column.',
)
@click.option(
    "--group-by", metavar="COLUMN", help="One row for each value of params.KEY, tags.KEY or an attribute."
)
@click.option(
    "--ascending/--descending",
    "--asc/--desc",
    default=None,
    help="Smallest or oldest first, or last; by default a metric's better end is first, else the largest.",
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Rows at most.")
@workspace_option
@json_option
def runs(
    words: tuple[str, ...],
    searched: str,
    saved: str | None,
    status: str | None,
    model: str | None,
    sort: str | None,
    columns: str,
    group_by: str | None,
    ascending: bool | None,
    limit: int,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """List runs, newest first.

    A SEARCH has conditions and plain words, which must occur in a run's id, name, status, recipe, command,
    params or tags. All must hold unless it says OR.

    \b
    metrics.KEY params.KEY tags.KEY status name model recipe started took …
    last(KEY) min(KEY) max(KEY) best(KEY)   which of a metric's values
    = != < <= > >=  LIKE 'a%'  ILIKE  IN (a, b)  NOT IN  IS NULL  IS NOT NULL
    AND  OR  NOT  ( )   what stands side by side must all hold
    started > '2 days ago'   ended < 2024-05-01   took > 10m   params.`a key`

    \b
      pilothouse runs gull depth=4
      pilothouse runs "metrics.roc_auc > 0.8 AND params.depth <= 6"
      pilothouse runs "best(log_loss) < 0.5 OR tags.note LIKE '%keep%'"
      pilothouse runs "NOT status = finished AND started > '2 days ago'"
      pilothouse runs --sort "best(metrics.roc_auc)" --columns "name,best(metrics.roc_auc),params.depth"
      pilothouse runs --group-by params.depth --sort "mean(metrics.roc_auc)"
    """
    from pilothouse.cli import run_columns
    from pilothouse.store import open_store
    from pilothouse.tracking.columns import best_first, columns_of, read_column
    from pilothouse.tracking.folding import fold
    from pilothouse.tracking.runs import count_runs, list_runs
    from pilothouse.tracking.search import get_filter, named_like, parse
    from pilothouse.tracking.selecting import NEWEST, Order, selection

    where = parse(" ".join(words)) & parse(searched)
    store = open_store(workspace)
    if saved is not None:
        where &= parse(get_filter(store, saved).text)

    # A bare key is what the runs that are shown mean by it.
    here = selection(status, model, where)

    def named(key: str) -> Field | None:
        fold(store)  # what runs are writing now has names, too
        return named_like(store, key, among=here)

    def shared(key: str) -> Field | None:
        fold(store)
        return named_like(store, key, ("params", "tags"), among=here)

    fields = columns_of(columns, named) if columns else ()
    sorted_by = None if sort is None or group_by else read_column(sort, named)
    descending = not ascending
    if ascending is None and sorted_by is not None and sorted_by.section == "metrics":
        descending = best_first(sorted_by)
    found = list_runs(
        store,
        where=where,
        status=status,
        model=model,
        order=NEWEST if group_by else Order(sorted_by or NEWEST.field, descending),
        limit=limit,
    )
    nothing = "" if found else _why_nothing(store, where, bool(where.root or status or model), as_json)
    if group_by:
        from pilothouse.tracking.grouping import group_metrics, group_runs, read_group_by, read_group_order

        by = read_group_by(group_by, shared)
        shown = [field for field in fields if field.section == "metrics"]
        shown = shown or group_metrics(store, where=where, status=status, model=model)
        order = read_group_order(sort or "count", by, None if ascending is None else not ascending)
        if order.field is not None and order.field not in shown:
            shown.insert(0, order.field)
        page = group_runs(store, by, shown, where=where, status=status, model=model, order=order, limit=limit)

        def show_groups() -> None:
            if not page.groups:
                say(nothing)
                return
            run_columns.show_groups(page.groups, by, shown)
            if page.total > len(page.groups):
                say(f"{len(page.groups)} of {page.total:,} groups; see more with --limit.")

        emit([group.to_json() for group in page.groups], as_json, show_groups)
        return

    def show_table() -> None:
        if not found:
            say(nothing)
            return
        run_columns.show_runs(found, fields or run_columns.usual_columns(found, sorted_by))
        total = count_runs(store, where=where, status=status, model=model)
        if total > len(found):
            say(f"{len(found)} of {total:,} runs; see more with --limit.")

    if fields:
        emit(run_columns.as_data(found, fields), as_json, show_table)
    else:
        emit([run.to_json() for run in found], as_json, show_table)


@click.command()
@click.argument("run")
@click.option("--patch", is_flag=True, help="Print the changes that were not committed when it started.")
@click.option("--code", metavar="FILE", help="Print a file of code as it was when it started.")
@workspace_option
@json_option
def show(run: str, patch: bool, code: str | None, workspace: Workspace, as_json: bool) -> None:
    """Show one RUN: an id or its first letters, a name, or `latest`."""
    from pilothouse.cli.artifacts import utf8
    from pilothouse.cli.run_origin import code_of, echo_text, show_origin
    from pilothouse.cli.run_relatives import MOST, show_relatives
    from pilothouse.store import open_store
    from pilothouse.tracking.artifacts import artifacts_dir, list_artifacts
    from pilothouse.tracking.relatives import read_relatives
    from pilothouse.tracking.runs import get_run, metric_history
    from pilothouse.tracking.tagging import NOTE
    from pilothouse.training.sweeps.trial_words import find_maker

    store = open_store(workspace)
    found = get_run(store, run)
    made = find_maker(store, found)
    if patch or code is not None:
        text = code_of(workspace, made, code) if code is not None else made.patch if made is not None else ""
        if code is None and made is not None and made.origin.patch_lacks:
            say(f"{made.origin.patch_lacks[0].upper()}{made.origin.patch_lacks[1:]}.")
        emit({"patch" if code is None else "code": text}, as_json, lambda: echo_text(text))
        return
    relatives = read_relatives(store, found, most=None if as_json else MOST)
    history = metric_history(store, found.run_id) if as_json else {}
    artifacts = [file.path for file in list_artifacts(artifacts_dir(workspace, found.run_id)).files]
    data = {
        **found.to_json(),
        **relatives.to_json(),
        "history": {key: [[point.step, point.value] for point in points] for key, points in history.items()},
        "artifacts": [utf8(name) for name in artifacts],
        "origin": made.origin.to_json() if made is not None else None,
        "origin_run_id": made.run.run_id if made is not None else None,
        "gone_on_with": [one.to_json() for one in made.later] if made is not None else [],
    }

    def show_text() -> None:
        click.echo(f"{found.run_id}  {printable(found.name)}  {found.status}")
        facts = {
            "started": found.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            "took": duration(found.seconds),
            "model": found.model,
            "recipe": found.recipe,
            "command": found.command,
            "data": found.dataset_version,
            "progress": f"{found.progress:.0%} {found.progress_text}" if found.progress is not None else "",
            "exit code": found.exit_code,
            "reason": found.reason,
            "in trash": _deleted(found),
        }
        for key, value in facts.items():
            if value not in ("", None):
                click.echo(f"  {key:<10} {printable(value)}")
        for title, values in (("params", found.params), ("tags", found.tags)):
            if values:
                click.echo(f"\n{title}")
                for key, value in values.items():
                    # A note is shown by its lines, as it was written.
                    first, *more = str(value).split("\n") if key == NOTE else [value]
                    click.echo(f"  {printable(key, 40):<40} {printable(first, 100)}")
                    for part in more:
                        click.echo(f"  {'':<40} {printable(part, 100)}".rstrip())
        if found.metrics:
            click.echo("\nmetrics")
            table(
                ["  metric", "last", "min", "max", "points"],
                [
                    [f"  {key}", number(item.last), number(item.min), number(item.max), item.count]
                    for key, item in found.summaries.items()
                    if key in found.metrics
                ],
                right=(1, 2, 3, 4),
            )
        if made is not None:
            show_origin(made, found.system)
        show_relatives(relatives)
        if artifacts:
            click.echo("\nartifacts")
            for name in artifacts[:50]:
                click.echo(f"  {printable(name)}")
            if len(artifacts) > 50:
                click.echo(f"  and more: `pilothouse artifacts {found.run_id}`")

    emit(data, as_json, show_text)


def _deleted(run: Run) -> str:
    if run.deleted_at is None:
        return ""
    return f"since {run.deleted_at.astimezone():%Y-%m-%d %H:%M} (`pilothouse delete {run.run_id} --undo`)"


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="RUN... [KEY=VALUE]...")
@click.option("--note", metavar="TEXT", help="The runs' note; an empty one takes it away.")
@workspace_option
@json_option
def tag(words: tuple[str, ...], note: str | None, workspace: Workspace, as_json: bool) -> None:
    """Set tags of one RUN or several. `KEY=` removes one.

    \b
      pilothouse tag steady-heron owner=ana keep=
      pilothouse tag 0192 0187 sweep=first --note "both too deep"
    """
    from pilothouse.store import open_store
    from pilothouse.tracking.tagging import NOTE, read_pairs, tag_runs

    # The first is a run, whatever it is called; the others up to the first KEY=VALUE are, too.
    first = next((n for n, word in enumerate(words) if n and "=" in word), len(words))
    refs, pairs = words[:first], read_pairs(words[first:])
    if note is not None:
        pairs[NOTE] = note.strip() or None
    if not pairs:
        raise UsageError(
            "There is nothing to set.", next="Name tags as KEY=VALUE after the runs, or give --note TEXT."
        )
    found, _ = tag_runs(open_store(workspace), refs, pairs)

    def told() -> None:
        names = ", ".join(f"{run.name} ({run.run_id})" for run in found[:5])
        say(f"Tagged {names}{f' and {len(found) - 5} more' if len(found) > 5 else ''}.")

    emit(found[0].to_json() if len(found) == 1 else [run.to_json() for run in found], as_json, told)


COMMANDS = (runs, show, tag)
