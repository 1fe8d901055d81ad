"""Starting runs: what can be chosen, and the start itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run
    from pilothouse.workspace import Workspace

OWN_COMMAND = "own command"


@dataclass(frozen=True, slots=True)
class Offer:
    """Recipes to choose from, the configured one, what each knows (in words), the data, and a check of
    parameters."""

    recipes: tuple[str, ...]
    recipe: str
    parameters: dict[str, str]
    data: str
    check: Callable[[str, dict[str, Any]], None]


def offers(workspace: Workspace, model: str) -> Offer:
    """Return what a training run of ``model`` may be.

    Raises:
        PilothouseError: the configuration cannot be read.
    """
    from pilothouse.training.recipes import RECIPES, check_params, find_recipe

    config = workspace.config().model(model)
    names = [name for name, recipe in RECIPES.items() if config.task in recipe.tasks]
    told = {
        name: ", ".join(
            f"{key}={recipe.defaults[key]}" if key in recipe.defaults else key
            for key in recipe.parameters
            if recipe.only.get(key, config.task) == config.task
        )
        for name, recipe in RECIPES.items()
    }
    if config.training.command:
        names.insert(0, OWN_COMMAND)
        told[OWN_COMMAND] = f"{config.training.command}  (parameters become --key value)"

    def check(recipe: str, params: dict[str, Any]) -> None:
        if recipe != OWN_COMMAND:
            check_params(find_recipe(recipe, config.task), params, config.task)

    chosen = OWN_COMMAND if config.training.command else find_recipe(config.training.recipe, config.task).name
    return Offer(tuple(names), chosen, told, f"everything in {config.data.folder}/ as it is now", check)


def start(
    workspace: Workspace,
    model: str,
    recipe: str,
    params: dict[str, Any],
    name: str,
    because: str = "",
    why: str = "",
) -> str:
    """Take the data as it is, start a run of its own process, and return its id.

    ``because`` is the file that is the reason: it becomes a tag of the run, and an event, which says ``why``.
    """
    from pilothouse.store import open_store, record
    from pilothouse.training.launch import start_training

    run_id = start_training(
        workspace,
        model=model,
        recipe=None if recipe == OWN_COMMAND else recipe,
        params=params,
        name=name or None,
        tags={"because": because} if because else None,
    )
    if because:
        with open_store(workspace).transaction() as tx:
            told = f"Training started because {why or because}."
            record(tx, "train", run_id, told, {"file": because, "model": model})
    return run_id


def run_again(workspace: Workspace, run: Run) -> str:
    """Start a run with the orders that ``run`` had: recipe or command, parameters, data, threads, or the plan
    of a sweep; return the new id."""
    from pilothouse.training.launch import start_command, start_training
    from pilothouse.training.spec import read_spec

    if run.kind == "sweep":
        from pilothouse.training.sweeps.again import start_again

        return start_again(workspace, run.run_id)
    spec = read_spec(workspace.run_dir(run.run_id))
    model = spec.model.name if spec.model is not None else None
    version = spec.dataset_version or None
    if spec.recipe:
        return start_training(
            workspace,
            model=model,
            recipe=spec.recipe,
            params=spec.params,
            dataset_version=version,
            threads=spec.threads,
        )
    return start_command(
        workspace,
        spec.command,
        folder=workspace.folder_at(spec.folder),
        model=model,
        params=spec.params,
        dataset_version=version,
        threads=spec.threads,
    )


def again_in(workspace: Workspace, run: Run) -> str:
    """Say where a command runs again, for a person; empty for a recipe, and where that is not known."""
    from pilothouse.errors import PilothouseError
    from pilothouse.training.spec import read_spec

    try:
        spec = read_spec(workspace.run_dir(run.run_id))
    except PilothouseError:
        return ""
    return said_place(spec.folder) if spec.command else ""


def place_here(workspace: Workspace) -> str:
    """Where a command that is typed on screen runs: the folder that the screen was started in, if that lies
    in the workspace, else the workspace's own."""
    from pilothouse.errors import NotFoundError
    from pilothouse.workspace import current_folder

    try:
        here = current_folder()
    except NotFoundError:
        return "."
    inside = here.resolve().is_relative_to(workspace.root.resolve())
    return workspace.place_of(here) if inside else "."


def said_place(place: str) -> str:
    """A folder in words."""
    return "the workspace's folder" if place == "." else place


def log_part(workspace: Workspace, run_id: str, offset: int) -> tuple[str, int]:
    """Return what the run's log has from byte ``offset`` on, and where it ends now."""
    from pilothouse.training.watching import read_log

    return read_log(workspace, run_id, offset)
