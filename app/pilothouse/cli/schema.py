"""The command that shows, edits and accepts what a model's files must be like: schema."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.options import confirm, emit, json_option, say, workspace_option, yes_option
from pilothouse.cli.waiting import progress_line
from pilothouse.errors import PilothouseError, UsageError
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig
    from pilothouse.data.reading import Source
    from pilothouse.monitoring.quality.in_force import InForce
    from pilothouse.monitoring.quality.rules import FileRules
    from pilothouse.store import Store

_AS_IT_WAS = "The schema is as it was."
_ACTS = ("show", "suggest", "edit", "set", "accept", "history")


@click.command()
@click.argument("act", type=click.Choice(_ACTS), default="show", metavar=f"[{'|'.join(_ACTS)}]")
@click.argument("words", nargs=-1, metavar="[FILE | COLUMN.RULE=VALUE]...")
@click.option("--file", "file", metavar="FILE", help="Take the edited rules from FILE; - is standard input.")
@click.option("--reason", default="", help="Why, for the audit trail.")
@click.option("--note", default="", hidden=True, help="The name of --reason before.")
@click.option("--new-types", is_flag=True,
              help="With `accept FILE`: types that the live version contradicts, too.")  # fmt: skip
@click.option("--model", help="The model, where there are several.")
@yes_option
@workspace_option
@json_option
def schema(
    act: str,
    words: tuple[str, ...],
    file: str | None,
    reason: str,
    note: str,
    new_types: bool,
    model: str | None,
    yes: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Show what a model's files must be like; edit it, or accept it.

    \b
      pilothouse schema                          the rules of each column
      pilothouse schema show FILE                and what FILE has beside them
      pilothouse schema suggest [FILE]           rules taken from the reference, or from FILE
      pilothouse schema set temp.min=-30 dataset.max_age=7d
      pilothouse schema edit                     in $EDITOR, as TOML
      pilothouse schema accept                   what was suggested from the reference
      pilothouse schema accept FILE              files may be like FILE from now on
      pilothouse schema history                  who accepted what, and when

    FILE is a file, a folder, or a dataset version. Rules that nobody has accepted only warn. Accepted ones
    hold a file back that breaks them, unless the column's `on_fail` is "warn".
    """
    from pilothouse.monitoring.quality.in_force import rules_in_force
    from pilothouse.store import open_store

    if file is not None and act != "edit":
        raise UsageError("--file goes with `schema edit`.")
    if new_types and (act != "accept" or not words):
        raise UsageError("--new-types goes with `schema accept FILE`.")
    most = {"show": 1, "suggest": 1, "accept": 1, "set": 1_000}.get(act, 0)
    if len(words) > most:
        raise UsageError(f"`schema {act}` takes no more words: {words[most][:60]!r}.")
    note = reason or note
    store = open_store(workspace)
    config = workspace.config().model(model)
    if act == "history":
        from pilothouse.cli.schema_showing import show_history

        show_history(store, config, as_json)
        return
    with progress_line(_AS_IT_WAS) as progress:
        found = rules_in_force(workspace, store, config, progress)
    what = words[0] if words else None
    if act in ("show", "suggest"):
        _show(workspace, store, config, found, act, what, as_json)
    elif act == "edit":
        _edit(workspace, store, config, found, file, note, as_json)
    elif act == "set":
        _set(store, config, found, words, note, as_json)
    else:
        _accept(workspace, store, config, found, what, note, new_types, yes, as_json)


def _show(
    workspace: Workspace, store: Store, config: ModelConfig, found: InForce, act: str, what: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    from pilothouse.cli.schema_showing import show_beside, show_rules
    from pilothouse.monitoring.quality.in_force import suggested_rules, suggested_rules_from

    if act == "suggest":
        if what is None:
            with progress_line(_AS_IT_WAS) as progress:
                suggested = suggested_rules(workspace, store, config, progress)
        else:
            label, sources = _sources(workspace, store, config, what)
            with progress_line(_AS_IT_WAS) as progress:
                suggested = suggested_rules_from(sources, config, label, progress)
        show_rules(store, config, suggested, as_json, instead_of=found.rules)
    elif what is None:
        show_rules(store, config, found, as_json)
    else:
        label, sources = _sources(workspace, store, config, what)
        if len(sources) != 1:
            raise UsageError(
                f"{label} is {len(sources)} files; rules are for one at a time.", next="Name one of them."
            )
        show_beside(config, found, sources[0], as_json, named=what)


def _sources(workspace: Workspace, store: Store, config: ModelConfig, what: str) -> tuple[str, list[Source]]:
    """Find what a person names: a path, a file of the data folder, or a dataset version."""
    from pilothouse.data.versions import dataset_paths
    from pilothouse.monitoring.dataset_diff import find_files

    in_folder = workspace.data_folder(config) / what
    named = str(in_folder) if not Path(what).exists() and in_folder.is_file() else what
    found = find_files(store, named, config.name)
    return what, list(found if isinstance(found, list) else dataset_paths(workspace, found))


def _set(
    store: Store, config: ModelConfig, found: InForce, words: tuple[str, ...], note: str, as_json: bool
) -> None:
    from pilothouse.monitoring.quality.rules_text import set_rule

    if not words:
        raise UsageError("What is to be set?", next="Write COLUMN.RULE=VALUE, such as temp.min=-30.")
    rules = found.rules
    for assignment in words:
        rules = set_rule(rules, assignment)
    _keep(store, config, found, rules, note, as_json)


def _edit(
    workspace: Workspace, store: Store, config: ModelConfig, found: InForce, file: str | None, note: str,
    as_json: bool,
) -> None:  # fmt: skip
    from pilothouse.monitoring.quality.rules_text import read_rules, write_rules

    rules = found.rules
    draft: Path | None = None
    if file is not None:
        rules = read_rules(_text_of(file))
    else:
        draft = workspace.state_dir / f"schema-{config.name}.draft.toml"
        before = draft.read_text("utf-8") if draft.exists() else write_rules(rules, config.name)
        if draft.exists():
            say(f"Going on with what was refused last time: {draft}.")
        text = _edited(draft, before)
        if text == write_rules(rules, config.name):
            draft.unlink(missing_ok=True)
            say("Nothing was changed.")
            return
        try:
            rules = read_rules(text)
        except PilothouseError as error:
            hint = f"{error.next}\n" if error.next else ""
            raise UsageError(
                error.what,
                untouched="The schema is as it was; your text is kept.",
                next=f"{hint}Correct it with `pilothouse schema edit`, or remove {draft}.",
            ) from None
    _keep(store, config, found, rules, note, as_json)
    if draft is not None:
        draft.unlink(missing_ok=True)


def _text_of(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8 text.") from None


def _edited(draft: Path, text: str) -> str:
    """Let the person edit a text in their editor; it stays in `draft`."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError(
            "There is no editor: neither $VISUAL nor $EDITOR is set.",
            next="Set one, or use `schema set COLUMN.RULE=VALUE`, or `schema edit --file FILE`.",
        )
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.write_text(text, "utf-8")
    try:
        code = subprocess.run([*shlex.split(editor), str(draft)], check=False).returncode
    except (OSError, ValueError) as error:
        raise UsageError(f"The editor {editor!r} cannot be started: {error}.") from None
    if code:
        raise PilothouseError(
            f"The editor ended with {code}.",
            untouched="The schema is as it was.",
            next=f"Your text is {draft}.",
        )
    return draft.read_text("utf-8")


def _accept(
    workspace: Workspace, store: Store, config: ModelConfig, found: InForce, what: str | None, note: str,
    new_types: bool, yes: bool, as_json: bool,
) -> None:  # fmt: skip
    from pilothouse.monitoring.judging import roles_of
    from pilothouse.monitoring.patience import part_of
    from pilothouse.monitoring.quality.adapting import adapt_rules, new_leaks
    from pilothouse.monitoring.quality.rules import changes

    rules = found.rules
    if what is None:
        if rules.accepted is not None:
            raise UsageError(
                f"Version {rules.accepted} of the schema of {config.name} is accepted already.",
                next="Change it with `schema set` or `schema edit`, or name a file: `schema accept FILE`.",
            )
    else:
        _, sources = _sources(workspace, store, config, what)
        with progress_line(_AS_IT_WAS) as progress:
            leaks = new_leaks(rules, sources, roles_of(config), part_of(progress, 0, 0.3, ""))
            rules = adapt_rules(rules, sources, roles_of(config), part_of(progress, 0.3, 1, ""))
        for finding in leaks:
            say(f"▲ {finding.message}")
        _about_types(workspace, store, config, found, rules, sources, new_types)
    said = changes(found.rules, rules)
    if what is not None:
        for line in said or ["It asks for nothing that is not so there."]:
            say(f"  {line}")
    elif not yes:
        say(f"These rules of {len(rules.columns)} columns (`pilothouse schema`) will hold files back.")
    if rules != found.rules or found.rules.accepted is None:
        confirm(f"Accept this as the schema of {config.name}?", yes)
    _keep(store, config, found, rules, note, as_json)


def _about_types(
    workspace: Workspace, store: Store, config: ModelConfig, found: InForce, rules: FileRules,
    sources: list[Source], new_types: bool,
) -> None:  # fmt: skip
    """Refuse types that would leave the live version blind, and training without the other files; or, where
    they were asked for, say so."""
    from pilothouse.data.reading import as_file
    from pilothouse.monitoring.judging import roles_of
    from pilothouse.monitoring.quality.adapting import contradictions
    from pilothouse.monitoring.verdicts import ACCEPTED, OK, list_arrivals

    folder, mine = workspace.data_folder(config), {as_file(source).name for source in sources}
    landed = {
        arrival.name for arrival in list_arrivals(store, config.name) if arrival.status in (OK, ACCEPTED)
    }
    others = [folder / name for name in sorted(landed - mine) if (folder / name).is_file()]
    said = contradictions(found.rules, rules, found.reference, others, roles_of(config))
    what_it_means = (
        "Otherwise its range would not be looked at any more, it would count as moved in every such file, "
        "and no training could read them together with the others."
    )
    if said and not new_types:
        raise PilothouseError(
            " ".join(said),
            untouched="The schema is as it was.",
            next=f"Correct the file. {what_it_means} If it is meant all the same: --new-types.",
        )
    for sentence in said:
        say(f"▲ {sentence}")


def _keep(
    store: Store, config: ModelConfig, found: InForce, rules: FileRules, note: str, as_json: bool
) -> None:
    from pilothouse.monitoring.quality.rules_kept import accept_rules

    suggested = found.rules if found.rules.accepted is None else None
    kept = accept_rules(
        store, config.name, replace(rules, accepted=None), seen=found.rules.accepted, note=note,
        suggested=suggested,
    )  # fmt: skip
    told: dict[str, Any] = {"model": config.name, "number": kept.accepted}

    def show() -> None:
        if suggested is not None:
            say(
                "What was suggested for the other rules is accepted with it."
                if rules != suggested
                else "What was suggested is accepted."
            )
        say(
            f"Version {kept.accepted} of the schema of {config.name} is accepted; it holds files that land "
            "from now on. `pilothouse check` judges by it what is there already."
        )

    emit(told, as_json, show)


COMMANDS = (schema,)
