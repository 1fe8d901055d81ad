"""Rules widened so that given data keeps them: what a person means by "it is like this from now on"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from pilothouse.config import ModelConfig
from pilothouse.data.conversion import may_read
from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, Source, as_file
from pilothouse.data.schema import Column, fits, type_in_words
from pilothouse.data.types_found import types_for
from pilothouse.monitoring.checks import Finding, Roles, check_file
from pilothouse.monitoring.columns import ColumnProfile
from pilothouse.monitoring.filedrift import schema_of
from pilothouse.monitoring.judging import roles_of
from pilothouse.monitoring.patience import Progress, each_of, part_of
from pilothouse.monitoring.profile import profile_files
from pilothouse.monitoring.quality.rules import ColumnRule, FileRules, changes
from pilothouse.monitoring.quality.rules_kept import current_rules
from pilothouse.monitoring.quality.suggesting import ends_of, suggest_rules
from pilothouse.monitoring.reference import Reference, find_reference
from pilothouse.store import Store
from pilothouse.workspace import Workspace


def adapt_rules(
    rules: FileRules, sources: Sequence[Source], roles: Roles, progress: Progress | None = None
) -> FileRules:
    """Return rules that these files keep: nothing is asked more strictly than before.

    New columns get rules and are optional, columns that are gone lose theirs (the target stays: labels may
    come later; what is optional too), types follow the files, and what the files break is widened just so
    far. Freshness stays as it is.

    Raises:
        DataError: a file cannot be read, or they disagree among themselves.
    """
    schema = schema_of(sources, part_of(progress, 0, 0.3, ""), target=roles.target)
    says_yes_or_no = {column.name for column in schema.columns if column.classes}
    profile = profile_files(sources, schema, progress=part_of(progress, 0.3, 0.6, ""))
    fresh = suggest_rules(profile, target=roles.target, id=roles.id, exclude=roles.exclude)
    columns = []
    for rule in rules.columns:
        column = profile.column(rule.name)
        if column is None:
            columns += [rule] if rule.name == roles.target or rule.optional else []
        elif not fits(rule.type, column.type) and rule.name in says_yes_or_no:
            columns.append(rule)
        elif not fits(rule.type, column.type):
            columns += [one for one in fresh.columns if one.name == rule.name]
        elif (rule.type, column.type) == ("integer", "number"):
            columns.append(_widened(replace(rule, type="number", categories=None, max_new=0.0), column))
        else:
            columns.append(_widened(rule, column))
    # Files that landed before have not got it, and are as good as they were.
    columns += [replace(rule, optional=True) for rule in fresh.columns if rules.column(rule.name) is None]
    # Accepted, or what it breaks would only be a warning; this never leaves the function.
    wider = FileRules(tuple(columns), rules.dataset, accepted=0)
    for source, part in each_of(part_of(progress, 0.6, 1, ""), sources):
        for finding in check_file(source, None, roles, wider, progress=part):
            wider = _without(wider, finding)
    return replace(wider, accepted=None)


def contradictions(
    old: FileRules,
    new: FileRules,
    reference: Reference | None,
    landed: Sequence[Source] = (),
    roles: Roles | None = None,
) -> list[str]:
    """Say which types new rules ask for that the live version cannot read, nor training with other files.

    Args:
        old, new: the rules as they are and as they would be.
        reference: of the live version, else of the newest data.
        landed: other files that training takes; looked at only for types that the reference does not know.
        roles: excluded columns may be of any type.

    Raises:
        DataError: a file cannot be read.
    """
    said = []
    for rule in new.columns:
        before = old.column(rule.name)
        if before is None or fits(before.type, rule.type) or (roles and rule.name in roles.exclude):
            continue
        known = reference.schema.column(rule.name) if reference else None
        what = f"{rule.name!r} would be {type_in_words(rule.type)} from now on"
        if reference and known and not fits(known.type, rule.type):
            said.append(f"{what}, but {reference.label} reads {type_in_words(known.type)} there.")
        elif others := _of_other_type(rule, landed):
            said.append(f"{what}, but it is {type_in_words(before.type)} in {_named(others)}.")
    return said


def _of_other_type(rule: ColumnRule, landed: Sequence[Source]) -> list[str]:
    column = Column(rule.name, rule.type, "text", False)
    names = []
    with connect() as con:
        for source in landed:
            found = types_for(con, source, [column]).get(rule.name, "empty")
            if not may_read(source, column, found):
                names.append(as_file(source).name)
    return names


def _named(files: Sequence[str]) -> str:
    return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"


def new_leaks(
    rules: FileRules, sources: Sequence[Source], roles: Roles, progress: Progress | None = None
) -> list[Finding]:
    """Return what is to be said of new columns that give the target away, before anybody accepts them."""
    asked = replace(rules, accepted=0)
    found = [
        one
        for source, part in each_of(progress, sources)
        for one in check_file(source, None, roles, asked, progress=part)
    ]
    return list({one.column: one for one in found if one.rule == "new-leak"}.values())


def what_would_adapt(workspace: Workspace, store: Store, model: ModelConfig, name: str) -> tuple[str, ...]:
    """Say in words what the accepted rules would have to change for a file in the data folder to keep them.

    Nothing if there are no accepted rules, or if the file cannot be read, which no rule mends.
    """
    rules = current_rules(store, model.name)
    path = workspace.data_folder(model) / name
    if rules is None:
        return ()
    try:
        wider = adapt_rules(rules, [path], roles_of(model))
        reference = find_reference(workspace, store, model)
    except DataError:
        return ()
    # What would be refused is no advice.
    return (
        () if contradictions(rules, wider, reference, (), roles_of(model)) else tuple(changes(rules, wider))
    )


def _widened(rule: ColumnRule, column: ColumnProfile) -> ColumnRule:
    share = column.missing / column.rows if column.rows else 0.0
    if rule.max_missing is not None and share > rule.max_missing:
        rule = replace(rule, max_missing=ceil(share * 1000) / 1000 if share < 1 else None)
    ends = ends_of(column)
    if ends is not None and isinstance(rule.min, float) and ends[0] < rule.min:
        rule = replace(rule, min=ends[0])
    if ends is not None and isinstance(rule.max, float) and ends[1] > rule.max:
        rule = replace(rule, max=ends[1])
    if rule.categories is not None:
        new = [level for level in column.levels if level not in rule.categories]
        if new and len(column.levels) < column.distinct:
            return replace(rule, categories=None, max_new=0.0)
        if new:
            rule = replace(rule, categories=tuple(sorted((*rule.categories, *new))))
    return rule


def _without(rules: FileRules, finding: Finding) -> FileRules:
    """Take away what a finding says is broken."""
    dataset = rules.dataset
    if finding.rule == "duplicates":
        return replace(rules, dataset=replace(dataset, max_duplicates=None))
    if finding.rule == "rows":
        low, high = dataset.min_rows, dataset.max_rows
        low = finding.count if low is not None and finding.count < low else low
        high = finding.count if high is not None and finding.count > high else high
        return replace(rules, dataset=replace(dataset, min_rows=low, max_rows=high))
    gone = {"unique": {"unique": False}, "constant": {"varies": False}, "range": {"min": None, "max": None},
            "missing": {"max_missing": None}}.get(finding.rule)  # fmt: skip
    if gone is None:
        return rules
    columns = [replace(rule, **gone) if rule.name == finding.column else rule for rule in rules.columns]  # type: ignore[arg-type]
    return replace(rules, columns=tuple(columns))
