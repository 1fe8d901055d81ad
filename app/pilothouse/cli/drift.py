"""The drift command: compare data with a reference, and show what moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pilothouse.cli.drift_alone import compare_and_show, declared, drift_alone
from pilothouse.cli.drift_judged import drift_of_files, found_in, list_reports, named
from pilothouse.cli.drift_predictions import drift_of_predictions
from pilothouse.cli.drift_report import check_outputs
from pilothouse.cli.options import json_option, say
from pilothouse.errors import NotFoundError, UsageError
from pilothouse.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig
    from pilothouse.monitoring.filedrift import Wishes
    from pilothouse.monitoring.reference import Reference
    from pilothouse.store import Store

_BESIDE = "pilothouse.drift.beside"


class _Drift(click.Command):
    """Remembers what stood right after the reference: a shell may have put files there that nobody typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As of any command."""
        ctx.meta[_BESIDE] = _beside_reference(args)
        return super().parse_args(ctx, args)


def _beside_reference(args: list[str]) -> bool:
    """Whether something that is no option follows the value of --reference."""
    after = args[args.index("--reference") + 2 :] if "--reference" in args else []
    return bool(after) and not after[0].startswith("-")


@click.command(cls=_Drift)
@click.argument("files", nargs=-1, metavar="[CURRENT...]")
@click.option("--reference", help="A file, folder, pattern or saved profile; then no workspace is needed.")
@click.option("--target", help="The target column: told apart (with --reference).")
@click.option("--exclude", multiple=True, metavar="COLUMN",
              help="A column that is no feature (with --reference).")  # fmt: skip
@click.option("--include", multiple=True, metavar="COLUMN",
              help="Compare a column although it looks like an id (with --reference).")  # fmt: skip
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), default=0.3, show_default=True,
              help="The dataset drifts if this share of the columns does (with --reference).")  # fmt: skip
@click.option("--test", metavar="NAME[,NAME]",
              help="auto (the calibrated rule), psi, js, hellinger, tv, linf, chi2, ks, wasserstein; each "
              "column gets the first that suits it. By default what [drift] test says.")  # fmt: skip
@click.option("--chunk", metavar="HOW", help="Compare chunks: day, week, month, file, or a number of rows.")
@click.option("--time", metavar="COLUMN", help="The column with the moment, for --chunk.")
@click.option("--multivariate", "joint", multiple=True, type=click.Choice(["domain", "pca"]),
              help="All columns together: can a classifier tell the rows apart (domain), do they hang "
              "together as before (pca).")  # fmt: skip
@click.option("--predictions", is_flag=True,
              help="The model's answers in the prediction log, against those on its holdout.")  # fmt: skip
@click.option("--save-profile", metavar="FILE",
              help="Keep the reference's profile; FILE may be the reference later.")  # fmt: skip
@click.option("--html", metavar="FILE", help="Write the report as one page that opens offline.")
@click.option("--save", metavar="FILE",
              help="Write the report of a judged or held file as .html or .json, by the ending.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a FILE that exists and is no such report or profile.")
@click.option("--column", metavar="NAME",
              help="Of a judged file: what this column held in the reference, and holds now.")  # fmt: skip
@click.option("--exit-code", is_flag=True,
              help="Exit with 1 if the dataset or a chunk of it drifted, or a column cannot be read as "
              "what it was (an error is 1 too).")  # fmt: skip
@click.option("--model", help="The model, where there are several.")
@click.option("--workspace", metavar="DIR", help="The workspace; by default the one around this folder.")
@json_option
@click.pass_context
def drift(
    ctx: click.Context,
    files: tuple[str, ...],
    reference: str | None,
    target: str | None,
    exclude: tuple[str, ...],
    include: tuple[str, ...],
    share: float,
    test: str | None,
    chunk: str | None,
    time: str | None,
    joint: tuple[str, ...],
    predictions: bool,
    save_profile: str | None,
    html: str | None,
    save: str | None,
    force: bool,
    column: str | None,
    exit_code: bool,
    model: str | None,
    workspace: str | None,
    as_json: bool,
) -> int:
    """Say whether CURRENT (files, folders or patterns) has moved away from a reference.

    With --reference, two sets of files are compared, anywhere. In a workspace, a file is judged against the
    champion's reference and the verdict kept; with --test, --chunk or --multivariate, or outside the data
    folder, it is only looked at. So is a file that is held, and the exit code is 1 then.
    The name of a judged file shows its report again; and without CURRENT the reports are listed.
    """
    from pilothouse.monitoring.distances import parse_tests
    from pilothouse.monitoring.filedrift import Wishes

    if time is not None and chunk is None:
        raise UsageError("--time goes with --chunk.")
    check_outputs(html, save_profile, force=force)
    if (save is not None or column is not None) and (len(files) != 1 or reference is not None or predictions):
        raise UsageError("--save and --column go with one file that a workspace has judged.")
    current = named(files)
    if reference is not None:
        if len(files) > 1 and ctx.meta[_BESIDE]:
            # Of --reference old-*.csv the shell makes --reference old-1.csv old-2.csv: those are no CURRENT.
            raise UsageError(
                f"{files[-1]} stands after --reference, which takes one name, and is not the only CURRENT.",
                next="Put a pattern in quotes ('old-*.csv'), and CURRENT before --reference.",
            )
        if predictions:
            raise UsageError("--predictions belongs to a workspace; it does not go with --reference.")
        around = _workspace_or_none(workspace)
        if not exclude and around is not None and current is not None:
            exclude, target = declared(around, model, reference, target)
        wishes = Wishes(share, target, exclude, parse_tests(test or ""))
        return drift_alone(
            files, current, reference, wishes, chunk=chunk, time=time, joint=joint, save_profile=save_profile,
            html=html, exit_code=exit_code, as_json=as_json, cache=around, include=include,
        )  # fmt: skip
    if target is not None or exclude or include or save_profile is not None:
        raise UsageError(
            "--target, --exclude, --include and --save-profile go with --reference; a workspace's "
            "pilothouse.toml names its own."
        )
    found = find_workspace(Path(workspace) if workspace else None)
    config = found.config().model(model)
    from pilothouse.store import open_store

    store = open_store(found)
    if save is not None or column is not None:
        from pilothouse.cli.drift_file import about_file

        if test is not None or chunk is not None or joint:
            raise UsageError("--save and --column show what was judged; they go with no other test or chunk.")
        return about_file(found, store, config, files[0], save, column, force, exit_code, as_json)
    if predictions:
        return drift_of_predictions(found, store, config, html, exit_code, as_json)
    if current is None:
        if test is not None or chunk is not None or joint or html is not None:
            raise UsageError("Name what to compare: pilothouse drift CURRENT.")
        return list_reports(store, config, exit_code, as_json)
    if test is not None or chunk is not None or joint:
        wishes = _wishes(config, test)
        return _look(found, store, config, files, wishes, chunk, time, joint, html, exit_code, as_json)
    return drift_of_files(found, store, config, files, html, exit_code, as_json)


def _workspace_or_none(named: str | None) -> Workspace | None:
    try:
        return find_workspace(Path(named) if named else None)
    except NotFoundError:
        if named:
            raise
        return None


def _wishes(config: ModelConfig, test: str | None) -> Wishes:
    from pilothouse.monitoring.distances import parse_tests
    from pilothouse.monitoring.filedrift import Wishes
    from pilothouse.monitoring.judging import no_features

    tests = parse_tests(test if test is not None else config.drift.test)
    exclude = tuple(name for name in no_features(config) if name != config.target)
    return Wishes(config.drift.share, config.target, exclude, tests)


def _look(
    workspace: Workspace, store: Store, config: ModelConfig, files: tuple[str, ...], wishes: Wishes,
    chunk: str | None, time: str | None, joint: tuple[str, ...], html: str | None, exit_code: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Compare with the workspace's reference in a way that is not stored."""
    from pilothouse.monitoring.filedrift import without_empty
    from pilothouse.monitoring.reference import find_reference

    found = find_reference(workspace, store, config, with_sources=bool(joint))
    if found is None:
        raise NotFoundError(
            "There is no reference to compare with yet.", next="Train a model first: `pilothouse train`."
        )
    paths, empty = without_empty(found_in(workspace, config, files))
    say("A look: the verdict is not stored.")
    return compare_and_show(
        found, paths, str(named(files)), wishes, chunk=chunk,
        time=time or (config.data.time if chunk else None), joint=joint, html=html, exit_code=exit_code,
        as_json=as_json, said=(*empty, *_views_left_out(found)),
    )  # fmt: skip


def _views_left_out(reference: Reference) -> tuple[str, ...]:
    """Say which inputs of the live version only the stored verdict compares."""
    if reference.views is None:
        return ()
    names = ", ".join(f"`{one.name}`" for one in reference.views.outputs)
    return (
        f"Not compared in a look: {names}, from feature views. `pilothouse drift FILE` alone compares them.",
    )
