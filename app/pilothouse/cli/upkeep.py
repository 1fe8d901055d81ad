"""Commands that keep a workspace in order: delete, gc, backup."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

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
    from pilothouse.tracking.trash import delete_runs, list_trashed, purge_runs, restore_runs

    store = open_store(workspace)
    if undo + purge + only_list > 1:
        raise UsageError("--undo, --purge and --list exclude each other.")
    if only_list:
        found = list_trashed(store)

        def show_trash() -> None:
            if not found:
                say("The trash is empty.")
                return
            rows = [
                [
                    one.run.run_id[:8],
                    one.run.name,
                    one.run.status,
                    one.run.deleted_at.astimezone().strftime("%Y-%m-%d %H:%M"),
                    f"{one.bytes:,}",
                    one.version,
                ]
                for one in found
                if one.run.deleted_at is not None
            ]
            # A run that a version was made of stays until that is gone.
            titles = ["run", "name", "status", "deleted", "bytes", "kept for"]
            shown = len(titles) - (not any(row[-1] for row in rows))
            table(titles[:shown], [row[:shown] for row in rows], right=(4,))

        emit([one.to_json() for one in found], as_json, show_trash)
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


@click.command()
@click.option(
    "--predictions",
    "days",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Also parts of the prediction log that are older.",
)
@click.option(
    "--old-stores", is_flag=True, help="Also copies of the store from before an update changed its shape."
)
@yes_option
@workspace_option
@json_option
def gc(days: float | None, old_stores: bool, yes: bool, workspace: Workspace, as_json: bool) -> None:
    """Show what nothing needs any more and what removing it frees; remove it with --yes.

    Nothing younger than an hour is touched, nor anything that a run, dataset version or model version names.
    """
    from pilothouse.upkeep.leftovers import find_leftovers, remove_leftovers

    found = find_leftovers(workspace, predictions_days=days, old_stores=old_stores)
    gone = remove_leftovers(workspace, found) if yes and found else []
    shown = gone if yes else found
    freed = sum(one.bytes for one in shown)

    def show_text() -> None:
        if not found:
            say("There is nothing to remove.")
            return
        table(
            ["what", "bytes", "where", "why"],
            [[one.kind, f"{one.bytes:,}", one.path, one.why] for one in shown],
            right=(1,),
        )
        if yes:
            say(f"Removed {len(gone):,} of {len(found):,}, {freed / 1e6:,.1f} MB.")
        else:
            say(f"{len(found):,} leftovers, {freed / 1e6:,.1f} MB. Nothing was removed; --yes does it.")

    emit({"removed": yes, "bytes": freed, "leftovers": [asdict(one) for one in shown]}, as_json, show_text)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(path_type=Path))
@click.option("--restore", is_flag=True, help="Make a workspace in DIR, which is new, from the backup FILE.")
@click.option("--data", is_flag=True, help="Back up the data folders too; dataset versions are in it anyway.")
@click.option("--force", is_flag=True, help="Replace a FILE that exists.")
@click.option(
    "--workspace", metavar="DIR", help="The workspace; by default the one that the current folder lies in."
)
@json_option
def backup(
    file: Path,
    folder: Path | None,
    restore: bool,
    data: bool,
    force: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Write the workspace into one tar FILE (.gz packs it), or --restore one FILE to a new DIR.

    Runs, server and watcher may go on meanwhile.
    """
    from pilothouse.upkeep import backup as backups
    from pilothouse.upkeep import restoring
    from pilothouse.workspace import find_workspace

    if restore:
        if folder is None:
            raise UsageError("Where to?", next="Write `pilothouse backup --restore FILE DIR`.")
        made = restoring.restore(file, folder)
    else:
        if folder is not None:
            raise UsageError("DIR is for --restore only.")
        made = backups.back_up(
            find_workspace(Path(workspace) if workspace else None), file, data=data, force=force
        )

    def show_text() -> None:
        word = "Restored" if restore else "Backed up"
        say(f"{word} to {made.path}: {made.files:,} files, {made.bytes / 1e6:,.1f} MB.")
        if made.left_out:
            say(f"{made.left_out:,} links were left out; what they point to in the workspace is in it.")
        if made.changed:
            some = ", ".join(printable(name, 200) for name in made.changed[:5])
            more = f" and {len(made.changed) - 5} more" if len(made.changed) > 5 else ""
            say(f"Rewritten while they were read, and perhaps not whole in it: {some}{more}.")

    emit(asdict(made), as_json, show_text)


COMMANDS = (delete, gc, backup)
