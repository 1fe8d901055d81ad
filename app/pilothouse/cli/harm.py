"""The command harm: what each file that landed does to the version that is live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.held import held_files
from pilothouse.cli.options import emit, json_option, number, printable, say, table, workspace_option
from pilothouse.errors import UsageError
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.autopilot.harm_progress import HarmProgress
    from pilothouse.performance.harms_kept import KeptHarm


@click.command()
@click.argument("name", required=False)
@click.option("--model", metavar="NAME", help="The model, where there are several.")
@click.option(
    "--judge",
    is_flag=True,
    help="Judge what waits now, as the watcher does by itself, and fill in business metrics added since.",
)
@click.option("--again", is_flag=True, help="Judge NAME again, by the labels that have come since.")
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 1 if the newest file hurts, or an alert fired or cannot be told.",
)
@workspace_option
@json_option
def harm(
    name: str | None,
    model: str | None,
    judge: bool,
    again: bool,
    exit_code: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Does what landed hurt? File by file: the metric against the holdout's, realised or estimated.

    With NAME all that was found about that file. Estimates come without labels, and are blind to concept
    drift.
    """
    from dataclasses import asdict

    from pilothouse.autopilot.harm_progress import harm_progress, progress_json
    from pilothouse.monitoring.verdicts import held_names
    from pilothouse.performance.business_added import lacking, told_lacking
    from pilothouse.performance.harms_kept import get_harm, read_harm, waiting_for_harm
    from pilothouse.performance.relabelling import short_of_labels
    from pilothouse.registry.versions import CHAMPION, get_version
    from pilothouse.store import open_store

    if again and not name:
        raise UsageError("--again needs the NAME of a file.")
    if again and judge:
        raise UsageError("--judge and --again cannot be combined.")
    store = open_store(workspace)
    config = workspace.config().model(model)
    if judge:
        from pilothouse.autopilot.harm_judge import fill_business, judge_waiting

        for one in judge_waiting(workspace, (config,), say):
            say(f"{one.name}: {one.verdict}.")
        for one in fill_business(workspace, config, say):
            say(f"{one.name}: {one.verdict}.")
    if again and name:
        from pilothouse.performance.arrivals import rejudge

        say(f"Judging {name} again.")
        rejudge(store, get_version(store, CHAMPION, config.name), config, name)
    held = held_names(store, config.name)
    if name:
        if name in held:
            say(f"{printable(name)} is held: its harm counts for nothing until it is taken in.")
        kept = get_harm(store, config.name, name)
        emit(asdict(kept), as_json, lambda: _show_one(kept))
        newest = [kept]
    else:
        found = [one for one in read_harm(store, config.name) if one.name not in held]
        waiting = waiting_for_harm(store, config.name)
        newest = found[:1]
        shown: Any = [
            {
                **asdict(one),
                "report": None,
                "rows": one.rows,
                "labelled": one.labelled,
                "troubles": one.report.get("troubles", []),
                "business_lacking": lacking(one, config),
            }
            for one in found
        ]
        since = [one.file.name for one in short_of_labels(store, config.name, since=True)]
        judging = harm_progress(workspace)
        names = [one.name for one in waiting]
        emit(
            {"harm": shown, "waiting": names, "labels_since": since, "judging": progress_json(judging)},
            as_json,
            lambda: _show_all(found, names, since, judging, told_lacking(found, config), held),
        )
    bad = [one for one in newest if _is_bad(one)]
    if not name and exit_code:
        for one in bad:
            say(f"{printable(one.name)}: {printable(one.words, 1000)}")
            _show_alerts(one)
    if exit_code and bad:
        raise click.exceptions.Exit(1)


def _is_bad(kept: KeptHarm) -> bool:
    alerts = kept.report.get("alerts", [])
    # Silence is no pass: an alert that cannot be told is not quiet.
    unknown = bool(kept.report.get("troubles")) or any(alert["fired"] is None for alert in alerts)
    return kept.verdict == "harmful" or unknown or any(alert["fired"] for alert in alerts)


def _show_all(
    found: list[KeptHarm],
    waiting: list[str],
    since: list[str],
    judging: HarmProgress | None,
    lacks: str,
    held: list[str],
) -> None:
    from pilothouse.performance.harm_glances import SIGNS
    from pilothouse.performance.harms_kept import NOT_JUDGED

    if found:
        business = list(dict.fromkeys(name for one in found for name in one.business))[:3]
        rows = [
            [
                one.name,
                f"{SIGNS.get(one.verdict, '–')} {one.verdict}",
                f"v{one.version}",
                one.metric or "–",
                number(one.value),
                number(one.low),
                number(one.high),
                number(one.expected),
                one.how,
                *(number(one.business.get(name)) for name in business),
            ]
            for one in found
        ]
        names = ["file", "harm", "version", "metric", "value", "low", "high", "holdout", "how", *business]
        table(names, rows, right=(4, 5, 6, 7, *range(9, 9 + len(business))))
        for one in found:
            if one.verdict == NOT_JUDGED:
                say(f"{printable(one.name)} was not judged: {printable(one.words, 300)}")
        _say_by_chance(found)
        troubles = dict.fromkeys(each for one in found for each in one.report.get("troubles", []))
        for trouble in list(troubles)[:5]:
            say(f"▲ {printable(trouble, 300)}")
        if lacks:
            say(printable(lacks, 300))
        left_out = [(one.report.get("learned", 0), one) for one in found]
        if counts := [f"{rows:,} of {printable(one.name, 40)}" for rows, one in left_out if rows][:5]:
            say(f"Rows that the version learned from do not count: {', '.join(counts)}.")
        if any(one.estimated for one in found):
            say("Estimates are blind to concept drift, which only labels show.")
    elif not waiting:
        say("The harm of nothing was judged yet: no file has landed since a version went live.")
    if judging is not None:
        say(f"Judging now: {printable(judging.words(), 200)}.")
        waiting = [name for name in waiting if name != judging.name]
    if waiting:
        more = f" and {len(waiting) - 5} more" if waiting[5:] else ""
        named = ", ".join(printable(name, 40) for name in waiting[:5])
        who = " The watcher does it, or `pilothouse harm --judge`." if judging is None else ""
        say(f"{'Not judged yet' if judging is None else 'After it'}: {named}{more}.{who}")
    if held:
        say(f"{held_files(held)} left out.")
    if since:
        say(
            f"Labels came since that may be of {', '.join(printable(name, 40) for name in since[:5])}."
            " The watcher looks, or `pilothouse harm --judge`."
        )


def _say_by_chance(found: list[KeptHarm]) -> None:
    """Say which of the harmful ones may be chance, and what there is to be known of each."""
    doubted = [one for one in found if one.report.get("harm", {}).get("sure") is False]
    if not doubted:
        return
    say(
        "About one sound file in 40 is called harmful by chance, and all files of a version are compared with"
        " the same holdout: a second one confirms nothing by itself."
    )
    beside = [(one, one.report["harm"].get("earlier")) for one in doubted]
    for words, which in (
        ("Worse than the files before, too", [one for one, before in beside if before and before["worse"]]),
        (
            "Not shown to be worse than the files before",
            [one for one, before in beside if before and not before["worse"]],
        ),
        ("With no measured file before", [one for one, before in beside if not before]),
    ):
        if which:
            names = ", ".join(printable(one.name, 40) for one in which[:5])
            say(f"{words}: {names}{', …' if which[5:] else ''}.")


def _show_one(kept: KeptHarm) -> None:
    from pilothouse.performance.harm_glances import SIGNS, worse_groups

    click.echo(f"{printable(kept.name)}, v{kept.version}: {SIGNS.get(kept.verdict, '–')} {kept.verdict}.")
    click.echo(printable(kept.words, 1000))
    judged = kept.report.get("harm", {})
    click.echo("")
    rows = [
        [label, number(one["value"]), number(one["low"]), number(one["high"]), f"{one['rows']:,}"]
        for label, one in (
            ("holdout", judged.get("expected")),
            ("this file", judged.get("realised")),
            (f"estimated ({judged.get('method')})", judged.get("estimated")),
        )
        if one
    ]
    if rows:
        table([kept.metric, "value", "low", "high", "rows"], rows, right=(1, 2, 3, 4))
    worse, every = worse_groups(judged), judged.get("groups", [])
    groups = [
        [f"{one['column']} = {one['value']}", number(one["metric"]), number(one["low"]), number(one["high"]),
         f"{one['rows']:,}"]
        for one in worse[:10]
    ]  # fmt: skip
    if every:
        say(f"{len(worse):,} of {len(every):,} groups are worse than the holdout.")
    if groups:
        click.echo("")
        table(["worst groups", kept.metric, "low", "high", "rows"], groups, right=(1, 2, 3, 4))
    if kept.business:
        click.echo("")
        table(["business", "value"], [[name, number(value)] for name, value in kept.business.items()], (1,))
    _show_alerts(kept)


def _show_alerts(kept: KeptHarm) -> None:
    for trouble in kept.report.get("troubles", []):
        say(f"▲ {printable(trouble, 300)}")
    for alert in kept.report.get("alerts", []):
        sign = "■" if alert["fired"] else "○" if alert["fired"] is None else "●"
        word = "fired" if alert["fired"] else "cannot be told" if alert["fired"] is None else "quiet"
        say(f"{sign} alert {alert['name']} ({alert['severity']}) {word}: {alert['words']}")


COMMANDS = [harm]
