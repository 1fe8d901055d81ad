"""The events command: the audit trail."""

from __future__ import annotations

import click

from pilothouse.cli.options import emit, json_option, printable, say, workspace_option
from pilothouse.errors import PilothouseError
from pilothouse.workspace import Workspace


@click.command()
@click.argument("words", nargs=-1)
@click.option("--kind", help="Only events of this kind, such as run, drift, promote, rollback.")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="Rows at most.")
@click.option(
    "--verify", is_flag=True, help="Check that no event was changed or removed since it was written."
)
@workspace_option
@json_option
def events(
    words: tuple[str, ...], kind: str | None, limit: int, verify: bool, workspace: Workspace, as_json: bool
) -> None:
    """List what happened in this workspace, newest first, or --verify the whole trail."""
    from pilothouse.store import list_events, open_store, verify_events

    store = open_store(workspace)
    if verify:
        broken = verify_events(store)
        if broken is not None:
            raise PilothouseError(
                f"The audit trail does not fit together from event {broken} on.",
                next="Somebody changed or removed events there, outside Pilothouse.",
            )
        emit({"intact": True}, as_json, lambda: say("The audit trail is intact."))
        return
    found = list_events(store, limit, kind=kind, text=" ".join(words))

    def show_lines() -> None:
        if not found:
            say("No events match." if words or kind else "No events yet.")
        for event in found:
            at = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            click.echo(
                f"{at}  {printable(event.kind):<9} {printable(event.actor):<10} {printable(event.message)}"
            )

    emit(
        [
            {
                "seq": event.seq,
                "at": event.at.isoformat(),
                "actor": event.actor,
                "kind": event.kind,
                "subject": event.subject,
                "message": event.message,
                "data": event.data,
            }
            for event in found
        ],
        as_json,
        show_lines,
    )


COMMANDS = (events,)
