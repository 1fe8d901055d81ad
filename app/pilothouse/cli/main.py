"""The `pilothouse` command: finds the module of a subcommand, and turns errors into words."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from types import FrameType

import click

from pilothouse import __version__
from pilothouse.errors import PilothouseError, is_interrupt

# Loading one module a call keeps the start of every command short.
COMMAND_MODULES = {
    "init": "workspaces",
    "demo": "demo",
    "doctor": "workspaces",
    "train": "training",
    "run": "training",
    "sweep": "sweep",
    "stop": "training",
    "logs": "training",
    "runs": "runs",
    "show": "runs",
    "compare": "comparing",
    "metrics": "artifacts",
    "artifacts": "artifacts",
    "tag": "runs",
    "filters": "filters",
    "delete": "upkeep",
    "import": "exchange",
    "export": "exchange",
    "data": "data",
    "check": "check",
    "schema": "schema",
    "drift": "data",
    "features": "features",
    "skew": "features",
    "performance": "performance",
    "feedback": "feedback",
    "harm": "harm",
    "watch": "watch",
    "models": "registry",
    "register": "registry",
    "promote": "registry",
    "rollback": "registry",
    "serve": "serving",
    "predict": "serving",
    "events": "events",
    "gc": "upkeep",
    "backup": "upkeep",
}


class _Commands(click.Group):
    """A group that imports a subcommand's module only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMAND_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module_name = COMMAND_MODULES.get(cmd_name)
        if module_name is None:
            return None
        module = importlib.import_module(f"pilothouse.cli.{module_name}")
        commands: Sequence[click.Command] = module.COMMANDS
        return next(command for command in commands if command.name == cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMAND_MODULES:
            import difflib

            near = difflib.get_close_matches(args[0], COMMAND_MODULES, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " `pilothouse --help` lists the commands."
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="pilothouse")
@click.option("--workspace", metavar="DIR", help="The workspace to open in the terminal UI.")
@click.pass_context
def cli(ctx: click.Context, workspace: str | None) -> None:
    """Steer machine-learning models from this terminal. Without a command, the terminal UI opens.

    Add --debug to any command to see the traceback of an error; to `run`, right behind that word.
    """
    if ctx.invoked_subcommand is None:
        from pathlib import Path

        from pilothouse.errors import UsageError
        from pilothouse.workspace import find_workspace

        found = find_workspace(Path(workspace) if workspace else None)
        found.config()
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError(
                "The terminal UI needs a terminal.", next="`pilothouse --help` lists the commands."
            )
        from pilothouse.tui.app import run_tui

        run_tui(found)
    elif workspace is not None:
        os.environ["PILOTHOUSE_WORKSPACE"] = workspace


def _ours(arguments: list[str]) -> list[str]:
    """The arguments among which `--debug` is ours: behind the command of `run` it is that command's."""
    first = 2 if arguments[:1] == ["--workspace"] else 0
    if arguments[first : first + 1] == ["run"]:
        return arguments[: first + 2]
    return arguments[: arguments.index("--") if "--" in arguments else None]


def _tell_what_is_not_read() -> None:
    """Where a workspace may only be read, say how many runs could not be brought into the store."""
    if "pilothouse.tracking.folding" not in sys.modules:
        return
    from pilothouse.store.connection import known_stores
    from pilothouse.tracking.folding import unread_runs

    for store in known_stores():
        if store.read_only and (unread := unread_runs(store)):
            runs = "1 run has" if unread == 1 else f"{unread} runs have"
            click.echo(
                f"{runs} points, or an end, that are not in the store yet and are not shown: the workspace is"
                " read-only for you.",
                err=True,
            )


@contextlib.contextmanager
def _heard_in_queries() -> Iterator[None]:
    """Let Ctrl-C end the queries that run, too: DuckDB may go on with one for ever after it has heard it."""

    def stop(number: int, frame: FrameType | None) -> None:
        engine = sys.modules.get("pilothouse.data.engine")
        if engine is not None:
            engine.interrupt_all()
        signal.default_int_handler(number, frame)

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        if ours and signal.getsignal(signal.SIGINT) is stop:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 ok, 1 failed, 2 usage, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in _ours(arguments)
    if debug:
        arguments.remove("--debug")
    try:
        with _heard_in_queries():
            result = cli.main(arguments, prog_name="pilothouse", standalone_mode=False)
            _tell_what_is_not_read()
        return result if isinstance(result, int) else 0
    except click.exceptions.Abort as abort:
        # Click wraps an interrupt; a question that was answered with no is the other cause.
        if isinstance(abort.__cause__, KeyboardInterrupt):
            return _interrupted(abort.__cause__)
        click.echo("Not done.", err=True)
        return 130
    except KeyboardInterrupt as error:
        return _interrupted(error)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except SystemExit:
        # Click ends so where the reader's pipe broke within a command, and then writes nowhere.
        if "Pacify" in type(sys.stdout).__name__:
            return 0
        raise
    except BrokenPipeError:
        # The reader (head, less) has seen enough; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (PilothouseError, OSError) as error:
        if debug:
            raise
        from pilothouse.cli.options import printable
        from pilothouse.workspace import refused

        told = error if isinstance(error, PilothouseError) else refused(error)
        for index, line in enumerate(str(told).splitlines()):
            click.echo(f"pilothouse: {printable(line)}" if index == 0 else f"  {printable(line)}", err=True)
        return told.exit_code
    except Exception as error:
        if is_interrupt(error):
            return _interrupted(error)
        if debug:
            raise
        from pilothouse.cli.options import printable

        click.echo(
            f"pilothouse: something went wrong that was not foreseen: {printable(error, 300)}"
            f" ({type(error).__name__}).\n  Run it again with --debug to see where.",
            err=True,
        )
        return 1


def _interrupted(error: BaseException) -> int:
    """Say so, with what the command says of it (`waiting.progress_line`): what is done and what untouched."""
    from pilothouse.cli.options import printable

    click.echo("Interrupted.", err=True)
    for note in getattr(error, "__notes__", ()):
        click.echo(f"  {printable(note, 300)}", err=True)
    return 130
