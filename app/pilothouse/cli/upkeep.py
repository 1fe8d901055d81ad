"""Commands that keep a workspace in order: delete, gc, backup."""

from __future__ import annotations

import click

from pilothouse.cli.options import (
    confirm,
    emit,
    json_option,
    printable,
    say,
    table,
    workspace_option,
    yes_option,
)
from pilothouse.errors import UsageError
from pilothouse.workspace import Workspace


@click.command()
@click.argument("refs", nargs=-1, metavar="RUN...")
@click.option("--undo", is_flag=True, help="Take the runs back out of the trash.")
@click.option("--purge", is_flag=True, help="Remove the runs for good, with their logs and artifacts.")
@click.option("--list", "only_list", is_flag=True, help="List the trash.")
@yes_option
@workspace_option
@json_option
def delete(
    refs: tuple[str, ...],
    undo: bool,
    purge: bool,
    only_list: bool,
    yes: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Put RUNs into the trash, take them back with --undo, or remove them for good with --purge."""
    from pilothouse.store import open_store
    from pilothouse.tracking.trash import delete_runs, list_deleted, purge_runs, restore_runs

    store = open_store(workspace)
    if undo + purge + only_list > 1:
        raise UsageError("--undo, --purge and --list exclude each other.")
    if only_list:
        found = list_deleted(store)

        def show_trash() -> None:
            if not found:
                say("The trash is empty.")
                return
            rows = [
                [run.run_id[:8], run.name, run.status, run.deleted_at.astimezone().strftime("%Y-%m-%d %H:%M")]
                for run in found
                if run.deleted_at is not None
            ]
            table(["run", "name", "status", "deleted"], rows)

        emit([run.to_json() for run in found], as_json, show_trash)
        return
    if not refs:
        raise UsageError("Which runs?", next="Name them by id, start of id or name.")
    count = f"{len(refs)} run{'s' if len(refs) > 1 else ''}"
    if undo:
        changed, word = restore_runs(store, refs), "Taken back"
    elif purge:
        confirm(f"Remove {count} for good?", yes)
        changed, word = purge_runs(store, refs), "Purged"
    else:
        confirm(f"Put {count} into the trash?", yes)
        changed, word = delete_runs(store, refs), "Deleted"

    def show_text() -> None:
        for run in changed[:20]:
            say(f"{word}: {printable(run.name, 60)} ({run.run_id}).")
        if len(changed) > 20:
            say(f"{word}: {len(changed) - 20:,} more.")
        if not changed:
            say("Nothing to do: " + ("none of them is in the trash." if undo else "they are there already."))
        elif not undo and not purge:
            say(f"Take back with `pilothouse delete {' '.join(run.run_id for run in changed[:3])} --undo`.")

    emit([run.to_json() for run in changed], as_json, show_text)


COMMANDS = (delete,)
