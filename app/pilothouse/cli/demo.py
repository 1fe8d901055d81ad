"""The demo command: a fresh demo workspace in the terminal UI, or its whole story without a terminal."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click

from pilothouse.cli.options import printable, say
from pilothouse.processes import own_command


@click.command()
@click.option("--headless", is_flag=True, help="Tell the story here, without the UI.")
@click.option(
    "--dir",
    "directory",
    default="demo-workspace",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where. A demo that is there goes on in the UI; for a new one it is kept beside it.",
)
@click.option("--fresh", is_flag=True, help="Make another demo also where there is one, which is kept.")
@click.option("--deliver", "deliver_next", is_flag=True, help="Let the next month land in the demo in --dir.")
def demo(headless: bool, directory: Path, fresh: bool, deliver_next: bool) -> None:
    """Show what Pilothouse does, on the flights of New York in 2013.

    In a terminal the UI opens on a fresh workspace, with a first training on its way, or goes on with the
    demo of before. Without one (or with --headless) a model's whole life is lived through in a fresh one:
    train, compare, promote, serve, drift, retrain, roll back. No demo is deleted: an earlier one is kept in
    a folder beside it.
    """
    if deliver_next:
        from pilothouse.demo.workspace import deliver
        from pilothouse.workspace import find_workspace

        say(f"Delivered {deliver(find_workspace(directory)).name}.")
        return
    if headless or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from pilothouse.demo.story import tell_story

        # Whoever ends the story early, it takes its server and its watcher with it.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        tell_story(directory, _line)
        return
    from pilothouse.demo.opening import prepare_demo
    from pilothouse.demo.processes import stop_everything
    from pilothouse.tui.app import run_tui

    workspace = prepare_demo(directory, fresh=fresh, tell=lambda text: say(printable(text)))
    try:
        run_tui(workspace)
    finally:
        stop_everything(workspace)
    again = own_command("--workspace", str(directory))
    say(f"The demo's server and watcher are stopped. Open it again with: {printable(again)}")


def _line(text: str) -> None:
    for line in text.split("\n"):
        click.echo(printable(line))
    sys.stdout.flush()


COMMANDS = (demo,)
