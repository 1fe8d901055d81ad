"""The rules of a model as they are now: accepted by a person, or else suggested and from what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pilothouse.config import ModelConfig
from pilothouse.data.reading import Source, require_data_files
from pilothouse.monitoring.filedrift import schema_of
from pilothouse.monitoring.judging import rules_suggested
from pilothouse.monitoring.patience import Progress, part_of
from pilothouse.monitoring.profile import profile_files
from pilothouse.monitoring.quality.rules import FileRules
from pilothouse.monitoring.quality.rules_kept import current_rules
from pilothouse.monitoring.quality.suggesting import suggest_rules
from pilothouse.monitoring.reference import Reference, find_reference
from pilothouse.store import Store
from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class InForce:
    """Rules, and the reference: what they were suggested from, where nobody has accepted any."""

    rules: FileRules
    reference: Reference | None

    @property
    def suggested_from(self) -> str:
        """The reference's name if the rules are only suggested from it; else empty."""
        return self.reference.label if self.reference and self.rules.accepted is None else ""


def rules_in_force(
    workspace: Workspace, store: Store, model: ModelConfig, progress: Progress | None = None
) -> InForce:
    """Return the accepted rules; else those that the reference suggests; else those of the data folder.

    Only the last takes its time, of which `progress` is told.

    Raises:
        DataError: there is neither a dataset version nor a data file, or one cannot be read.
    """
    accepted = current_rules(store, model.name)
    if accepted is not None:
        return InForce(accepted, find_reference(workspace, store, model, progress=progress))
    return suggested_rules(workspace, store, model, progress)


def suggested_rules(
    workspace: Workspace, store: Store, model: ModelConfig, progress: Progress | None = None
) -> InForce:
    """Return what the reference suggests, or else the data folder, whatever was accepted.

    Raises:
        DataError: as for `rules_in_force`.
    """
    reference = find_reference(workspace, store, model, progress=progress)
    if reference is None:
        files = require_data_files(workspace.data_folder(model))
        schema = schema_of(files, part_of(progress, 0, 0.5, ""))
        profile = profile_files(files, schema, progress=part_of(progress, 0.5, 1, ""))
        reference = Reference("the data folder", profile)
    return InForce(rules_suggested(store, model, reference), reference)


def suggested_rules_from(
    sources: Sequence[Source], model: ModelConfig, label: str, progress: Progress | None = None
) -> InForce:
    """Return what files suggest, whatever holds.

    Raises:
        DataError: one cannot be read, or they disagree.
    """
    schema = schema_of(sources, part_of(progress, 0, 0.5, ""))
    profile = profile_files(sources, schema, progress=part_of(progress, 0.5, 1, ""))
    rules = suggest_rules(profile, target=model.target, id=model.data.id, exclude=model.data.exclude)
    return InForce(rules, Reference(label, profile))
