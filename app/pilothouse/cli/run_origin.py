"""What made a run, in words."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from pilothouse.cli.options import printable
from pilothouse.errors import NotFoundError

if TYPE_CHECKING:
    from pilothouse.tracking.origin.made_by import MadeBy
    from pilothouse.workspace import Workspace

_MAIN = ("scikit-learn", "pandas", "numpy", "duckdb", "torch", "xgboost", "lightgbm")


def show_origin(made: MadeBy, system: dict[str, float]) -> None:
    """Print what made a run, what went on with it later, and what it used."""
    origin = made.origin
    click.echo("\nmade by")
    if made.part:
        _fact("as", f"{made.run.name} ({made.run.run_id}), which it is a part of")
    if origin.git is not None:
        state = "with uncommitted changes (--patch shows them)" if origin.patch else ""
        if origin.git.dirty and not origin.patch and origin.patch_whole:
            state = "with files that git does not know"
        at = f"{origin.git.commit[:12]} on {origin.git.branch or 'no branch'}"
        _fact("git", f"{at}{', ' if state else ''}{state}")
        if origin.patch_lacks:
            _fact("", origin.patch_lacks)
    files = ", ".join(one.path for one in origin.code[:5])
    more = f" and {len(origin.code) - 5} more" if len(origin.code) > 5 else ""
    if origin.code:
        _fact("code", f"{files}{more} (--code FILE shows one)")
    if origin.code_left_out:
        _fact("", f"{origin.code_left_out} files were too many or too large to keep")
    if origin.code_changed:
        names = ", ".join(origin.code_changed[:5]) + (", …" if len(origin.code_changed) > 5 else "")
        _fact("", f"written after the run had begun, so not known: {names}")
    _fact("argv", shlex.join(origin.argv))
    if origin.folder:
        _fact("folder", origin.where)
    for one in made.later:
        _fact("gone on by", shlex.join(one.argv))
    named = {name.lower(): version for name, version in origin.packages.items()}
    main = ", ".join(f"{name} {named[name]}" for name in _MAIN if name in named)
    if origin.python:
        _fact("packages", f"Python {origin.python}; {main or '–'}; {len(origin.packages)} in all")
    else:
        _fact("packages", "not known: the command starts no Python that tells its packages")
    host = origin.host
    memory = f", {host.memory_bytes / 1e9:.1f} GB" if host.memory_bytes else ""
    _fact("machine", f"{host.name}: {host.system} {host.machine}, {host.cpus} processors{memory}")
    if origin.threads:
        _fact("threads", ", ".join(f"{key}={value}" for key, value in origin.threads.items()))
    if origin.seed is not None:
        _fact("seed", str(origin.seed))
    if system:
        cpu, memory_mb = system.get("system/cpu_percent"), system.get("system/memory_mb")
        parts = [f"{cpu:.0f}% of a processor" if cpu is not None else ""]
        parts.append(f"{memory_mb:,.0f} MB" if memory_mb is not None else "")
        _fact("used", ", ".join(part for part in parts if part))


def code_of(workspace: Workspace, made: MadeBy | None, path: str) -> str:
    """Return a file of code as it was when the run started.

    Raises:
        NotFoundError: the run has no such file, or its bytes are gone.
    """
    from pilothouse.tracking.origin.code import read_code

    files = {one.path: one for one in made.origin.code} if made is not None else {}
    if path not in files:
        names = ", ".join(list(files)[:10]) or "none"
        raise NotFoundError(f"The run has no code file {path[:80]!r}.", next=f"It has: {names}.")
    content = read_code(workspace, files[path])
    if content is None:
        raise NotFoundError(f"The bytes of {path} are gone, or are not what they were.")
    return content.decode("utf-8", "replace")


def echo_text(text: str) -> None:
    """Print a text of many lines, each made printable."""
    for line in text.splitlines():
        click.echo(printable(line.replace("\t", "    "), 10_000))


def _fact(key: str, value: str) -> None:
    click.echo(f"  {key:<10} {printable(value, 400)}")
