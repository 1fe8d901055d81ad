"""The command that keeps searches under names: filters."""

from __future__ import annotations

from dataclasses import asdict

import click

from pilothouse.cli.options import emit, json_option, printable, say, workspace_option
from pilothouse.errors import UsageError
from pilothouse.workspace import Workspace


@click.command()
@click.argument(
    "act", type=click.Choice(["list", "save", "delete"]), default="list", metavar="[list|save|delete]"
)
@click.argument("name", required=False)
@click.argument("words", nargs=-1, metavar="[SEARCH]...")
@workspace_option
@json_option
def filters(act: str, name: str | None, words: tuple[str, ...], workspace: Workspace, as_json: bool) -> None:
    """List saved filters, save a SEARCH under a NAME, or delete one; `runs --saved NAME` uses one.

    \b
      pilothouse filters save good "metrics.roc_auc > 0.8 AND started > '7 days ago'"
      pilothouse filters
      pilothouse filters delete good
    """
    from pilothouse.store import open_store
    from pilothouse.tracking.search import delete_filter, list_filters, save_filter

    store = open_store(workspace)
    if act == "list":
        if name is not None:
            raise UsageError(
                f"`filters list` takes no name: {name[:60]!r}.", next="`runs --saved NAME` uses one."
            )
        found = list_filters(store)

        def show() -> None:
            if not found:
                say("No filters yet. Save one with `pilothouse filters save NAME SEARCH`.")
                return
            for one in found:
                click.echo(f"{printable(one.name, 40):<24}  {printable(one.text)}")

        emit([asdict(one) for one in found], as_json, show)
        return
    if name is None:
        raise UsageError(f"Which filter is to be {act}d?", next=f"Write `pilothouse filters {act} NAME …`.")
    if act == "save":
        if not words:
            raise UsageError(
                "What is to be searched for?", next="Write `pilothouse filters save NAME SEARCH`."
            )
        saved = save_filter(store, name, " ".join(words))
        emit(
            asdict(saved),
            as_json,
            lambda: say(f"Saved {printable(saved.name)}: {printable(saved.text, 200)}"),
        )
        return
    if words:
        raise UsageError("`filters delete` takes a name only.", next="Put a name with spaces in quotes.")
    gone = delete_filter(store, name)
    emit(asdict(gone), as_json, lambda: say(f"Deleted {printable(gone.name)}: {printable(gone.text, 200)}"))


COMMANDS = (filters,)
