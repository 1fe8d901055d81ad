"""The drift command: compare data with a reference, and show what moved."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.check import nothing_stored
from pilothouse.cli.drift_alone import DRIFTED, compare_and_show, declared, drift_alone
from pilothouse.cli.drift_report import check_outputs, show_report, verdict_word, write_html
from pilothouse.cli.held import held_files
from pilothouse.cli.options import emit, json_option, say, table
from pilothouse.cli.waiting import progress_line
from pilothouse.errors import NotFoundError, UsageError
from pilothouse.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig
    from pilothouse.monitoring.filedrift import Wishes
    from pilothouse.monitoring.keeping_verdicts import Verdict
    from pilothouse.monitoring.reference import Reference
    from pilothouse.monitoring.reports import DriftReport
    from pilothouse.monitoring.verdicts import StoredReport
    from pilothouse.store import Store

_ALIKE = ("copy", "own")
"""Rules of findings that say why a file was compared with nothing."""
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
    current = _named(files)
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
        return _drift_of_predictions(found, store, config, html, exit_code, as_json)
    if current is None:
        if test is not None or chunk is not None or joint or html is not None:
            raise UsageError("Name what to compare: pilothouse drift CURRENT.")
        return _list_reports(store, config, exit_code, as_json)
    if test is not None or chunk is not None or joint:
        wishes = _wishes(config, test)
        return _look(found, store, config, files, wishes, chunk, time, joint, html, exit_code, as_json)
    return _drift_in_workspace(found, store, config, files, html, exit_code, as_json)


def _named(files: tuple[str, ...]) -> str | None:
    """What was named, in a few words; None for nothing."""
    if len(files) > 1:
        return f"{files[0]} and {len(files) - 1} more"
    return files[0] if files else None


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
    paths, empty = without_empty(_found_in(workspace, config, files))
    say("A look: the verdict is not stored.")
    return compare_and_show(
        found, paths, str(_named(files)), wishes, chunk=chunk,
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


def _drift_of_predictions(
    workspace: Workspace, store: Store, config: ModelConfig, html: str | None, exit_code: bool, as_json: bool
) -> int:
    """Compare the champion's answers in the prediction log with those on its holdout; nothing is stored."""
    from pilothouse.monitoring.prediction_drift import FEW_ANSWERS, compare_predictions
    from pilothouse.serving.predictions import predictions_folder
    from pilothouse.store import loads

    found = store.query(
        "SELECT v.version, v.run_id, v.metrics FROM aliases AS a JOIN model_versions AS v "
        "ON v.model = a.model AND v.version = a.version WHERE a.model = ? AND a.alias = 'champion'",
        [config.name],
    )
    if not found:
        raise NotFoundError("No version is live.", next="Promote one: `pilothouse promote VERSION`.")
    version, run_id = int(found[0]["version"]), str(found[0]["run_id"])
    threshold = (loads(found[0]["metrics"]) or {}).get("threshold")
    holdout = workspace.run_dir(run_id) / "artifacts" / "holdout.parquet"
    if not holdout.is_file():
        raise NotFoundError(
            f"{config.name} v{version} has no predictions on a holdout to compare with.",
            next="A version that a recipe trained has.",
        )
    segments = sorted(predictions_folder(workspace).glob("*.jsonl"))
    with progress_line() as progress:
        report = compare_predictions(
            holdout, segments, model=config.name, version=version, share=config.drift.share,
            classification=config.task == "classification", threshold=threshold,
            row_id=config.data.id, progress=progress,
        )  # fmt: skip
    names = f"predictions of {config.name} v{version}", "its predictions on the holdout"
    if html is not None:
        write_html(html, [(names[0], report, "")], *names)
    fields = {"subject": names[0], "reference": names[1], **report.to_dict()}
    few = report.n_current < FEW_ANSWERS
    emit(fields, as_json, lambda: show_report(report, *names, verdict="– too few to tell" if few else ""))
    return DRIFTED if exit_code and report.dataset_drift and not few else 0


def _found_in(workspace: Workspace, config: ModelConfig, files: tuple[str, ...]) -> list[Path]:
    from pilothouse.monitoring.looking import landed_or_elsewhere

    folder = workspace.data_folder(config)
    return list(dict.fromkeys(path for text in files for path in landed_or_elsewhere(folder, text)))


def _drift_in_workspace(
    workspace: Workspace, store: Store, config: ModelConfig, files: tuple[str, ...], html: str | None,
    exit_code: bool, as_json: bool,
) -> int:  # fmt: skip
    from pilothouse.data.reading import DataError
    from pilothouse.monitoring.looking import judge_or_look_at_all
    from pilothouse.monitoring.verdicts import get_drift_report

    current = str(_named(files))
    path = Path(current)
    in_folder = workspace.data_folder(config) / path.name
    if len(files) == 1 and not path.exists() and path.name == current and not in_folder.exists():
        try:
            found = get_drift_report(store, current, config.name)
        except NotFoundError:
            if not any(mark in current for mark in "*?["):
                raise NotFoundError(
                    f"There is no file {current} here or in {config.data.folder}, and no drift report of it.",
                    next="List the reports with `pilothouse drift`.",
                ) from None
        else:
            if html is not None:
                write_html(html, [(found.subject, found.report, "")], found.subject, found.reference)
            emit(
                _report_fields(found),
                as_json,
                lambda: show_report(found.report, found.subject, found.reference),
            )
            return DRIFTED if exit_code and found.report.alarming else 0
    paths = _found_in(workspace, config, files)
    with progress_line() as progress:
        judged = judge_or_look_at_all(workspace, store, config, paths, progress)
    verdicts = [verdict for verdict, _ in judged]
    if looked_at := [path for path, (_, kept) in zip(paths, judged, strict=True) if not kept]:
        say(nothing_stored(looked_at))
    held = [verdict for verdict in verdicts if verdict.status == "held"]
    unseen = [verdict for verdict in held if verdict.look is None]
    if unseen and not any(verdict.report or verdict.look for verdict in verdicts):
        raise DataError(
            f"{unseen[0].name} is held back: {unseen[0].findings[0].message}",
            next=f"See all with `pilothouse check{f' {shlex.join(files)}' if looked_at else ''}`.",
        )
    for verdict in held:
        say(_held_back(verdict))
    if held:
        say(f"See all with `pilothouse check {shlex.join(files)}`.")
    reports = [verdict for verdict in verdicts if verdict.report or verdict.look]
    if not reports and (
        why := [one for verdict in verdicts for one in verdict.findings if one.rule in _ALIKE]
    ):
        raise NotFoundError(
            f"{verdicts[0].name} was compared with nothing. {why[0].message}", next=why[0].next
        )
    if not reports and any(verdict.reference for verdict in verdicts):
        unread = next(verdict for verdict in verdicts if verdict.reference)
        raise DataError(
            f"{unread.name} was accepted, but cannot be compared: {unread.findings[0].message}",
            next="Write the file again.",
        )
    if not reports:
        raise NotFoundError(
            "There is no reference to compare with yet.", next="Train a model first: `pilothouse train`."
        )

    shown = [(verdict, report) for verdict in reports if (report := verdict.report or verdict.look)]

    def show() -> None:
        for verdict, report in shown:
            show_report(report, verdict.name, verdict.reference, verdict=_held_word(verdict, report))

    if html is not None:
        parts = [(verdict.name, report, _note(verdict)) for verdict, report in shown]
        if held and len(shown) == 1:
            write_html(html, parts, current, reports[0].reference, held=held[0].findings)
        else:
            write_html(html, parts, current, reports[0].reference, [_held_back(one) for one in held])
    told = [_judged_fields(verdict, report) for verdict, report in shown]
    emit(told[0] if len(told) == 1 else told, as_json, show)
    drifted = any(report.alarming for _, report in shown)
    return DRIFTED if held or (exit_code and drifted) else 0


def _note(verdict: Verdict) -> str:
    return "held: a look" if verdict.status == "held" else ""


def _held_word(verdict: Verdict, report: DriftReport) -> str:
    """Sign and words for a held file; empty for any other."""
    if verdict.status != "held":
        return ""
    return f"■ held; a look: {verdict_word(report)}"


def _held_back(verdict: Verdict) -> str:
    """Say that a file is held, and why."""
    how = "Its drift is only looked at." if verdict.look is not None else "It is compared with nothing."
    return f"{verdict.name} is held back: {verdict.findings[0].message} {how}"


def _list_reports(store: Store, config: ModelConfig, exit_code: bool, as_json: bool) -> int:
    from pilothouse.monitoring.story import headline
    from pilothouse.monitoring.verdict_words import is_sound
    from pilothouse.monitoring.verdicts import held_names, list_drift_reports

    held = held_names(store, config.name)
    newest: dict[str, StoredReport] = {}
    for found in list_drift_reports(store, config.name, limit=10_000):
        if found.subject not in held:
            newest.setdefault(found.subject, found)
    reports = [newest[name] for name in sorted(newest)]

    def show() -> None:
        if not reports and not held:
            say("No file was compared yet. Do it with `pilothouse drift FILE`, or `pilothouse watch`.")
            return
        rows = [
            [
                found.subject,
                verdict_word(found.report),
                f"{len(found.report.drifted)} of {len(found.report.columns)}",
                f"{found.n_current:,}",
                "–" if is_sound(found.report) else headline(found.report),
            ]
            for found in reports
        ]
        if rows:
            table(["file", "verdict", "moved", "rows", "what changed"], rows, right=(2, 3), widest=110)
        for reference in sorted({found.reference for found in reports}):
            count = sum(found.reference == reference for found in reports)
            files = "1 file" if count == 1 else f"{count} files"
            say(f"{files} against {reference}.")
        if held:
            say(f"{held_files(held)} left out. `pilothouse drift FILE` looks at one.")

    emit([_report_fields(found) for found in reports], as_json, show)
    return DRIFTED if exit_code and any(found.report.alarming for found in reports) else 0


def _judged_fields(verdict: Verdict, report: DriftReport) -> dict[str, Any]:
    told = {"subject": verdict.name, "reference": verdict.reference, **report.to_dict()}
    return {**told, "status": "held"} if verdict.status == "held" else told


def _report_fields(found: StoredReport) -> dict[str, Any]:
    return {
        "report_id": found.report_id,
        "subject": found.subject,
        "reference": found.reference,
        "judged_at": found.at.isoformat(),
        **found.report.to_dict(),
    }
