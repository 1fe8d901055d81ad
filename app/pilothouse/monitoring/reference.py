"""What new data is compared with: the champion's own profile, or the newest dataset version's."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.features.definition import FEATURES_NAME, FeatureDefinition
from pilothouse.data.features.views import FeatureError
from pilothouse.data.reading import DataError, Source
from pilothouse.data.schema import Column, Schema
from pilothouse.data.spelling import pair_of
from pilothouse.data.versions import DatasetVersion, dataset_paths, list_dataset_versions
from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.patience import Progress
from pilothouse.monitoring.profile import FINE_BINS, profile_files
from pilothouse.store import Store
from pilothouse.workspace import Workspace

_NO_PROFILE = "{}"
"""What stands in a bundle that was written without one."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A profile with its name for people, such as `late-arrivals v3`, and the schema it describes.

    `values` are the finite values of numeric columns in order, kept where a test needs them and there are not
    too many; `sources` are the files, where they are at hand; `target` may say yes or no in any spelling;
    `dataset` is the dataset version that it is the profile of, where there is one; `views` are the
    feature views of the version whose profile it is, if it has any.
    """

    label: str
    profile: Profile
    values: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    sources: tuple[Source, ...] = ()
    target: str | None = None
    dataset: str = ""
    views: FeatureDefinition | None = None

    @property
    def schema(self) -> Schema:
        """The columns as the reference had them."""
        return Schema(
            tuple(
                Column(column.name, column.type, column.kind, column.missing == 0, self._classes(column))
                for column in self.profile.columns
            )
        )

    def _classes(self, column: ColumnProfile) -> tuple[str, ...]:
        if column.name != self.target or column.distinct > len(column.levels):
            return ()
        return pair_of(column.levels) or ()


def find_reference(
    workspace: Workspace,
    store: Store,
    model: ModelConfig,
    *,
    with_sources: bool = False,
    progress: Progress | None = None,
) -> Reference | None:
    """Return the reference of a model: its champion's; without one the newest dataset version's; or None.

    With `with_sources` the files that it is the profile of come along, unless they are gone. `progress` is
    told where they have to be profiled first.

    Raises:
        DataError: the champion's profile or the dataset version's files cannot be read.
    """
    version = store.query(
        "SELECT version, dataset_version FROM aliases LEFT JOIN model_versions USING (model, version) "
        "WHERE model = ? AND alias = 'champion'",
        [model.name],
    )
    if version:
        number = int(version[0]["version"])
        path = workspace.version_dir(model.name, number) / "profile.json"
        try:
            text = path.read_text("utf-8")
            profile = None if text == _NO_PROFILE else Profile.from_json(text)
        except FileNotFoundError:
            profile = None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            # To compare with something else would give other verdicts, and begin to count questions anew.
            why = error.strerror if isinstance(error, OSError) else f"it is damaged ({type(error).__name__})"
            raise DataError(
                f"The profile of {model.name} v{number}, with which data is compared, cannot be read: {why}.",
                untouched="Nothing was compared with anything else.",
                next=f"Put {path.name} back into {path.parent}, or make another version live.",
            ) from error
        # A bundle that a script made may have no profile; its data may have one.
        if profile is not None:
            sources = _sources(workspace, store, model, number) if with_sources else ()
            return Reference(
                f"{model.name} v{number}", profile, sources=sources, target=model.target,
                dataset=version[0]["dataset_version"] or "", views=views_of(path.parent),
            )  # fmt: skip
    datasets = list_dataset_versions(store, model.name)
    if not datasets:
        return None
    sources = tuple(dataset_paths(workspace, datasets[0])) if with_sources else ()
    profile = profile_of(workspace, store, datasets[0], progress)
    name = datasets[0].version
    return Reference(f"dataset {name}", profile, sources=sources, target=model.target, dataset=name)


def views_of(bundle: Path) -> FeatureDefinition | None:
    """Return the feature views that a version's bundle keeps; None if it has none.

    Raises:
        DataError: they are there and cannot be read.
    """
    try:
        return FeatureDefinition.from_json((bundle / FEATURES_NAME).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, FeatureError) as error:
        why = (
            error.what
            if isinstance(error, FeatureError)
            else f"{FEATURES_NAME} cannot be read: {error.strerror}."
        )
        raise DataError(
            f"The feature views with which data is compared cannot be read. {why}",
            untouched="Nothing was compared without them.",
            next=f"Put {FEATURES_NAME} back into {bundle}, or make another version live.",
        ) from error


def _sources(workspace: Workspace, store: Store, model: ModelConfig, version: int) -> tuple[Source, ...]:
    found = store.query(
        "SELECT dataset_version FROM model_versions WHERE model = ? AND version = ?", [model.name, version]
    )
    name = found[0]["dataset_version"] if found else None
    for dataset in list_dataset_versions(store, model.name):
        if dataset.version == name:
            return tuple(dataset_paths(workspace, dataset))
    return ()


def profile_of(
    workspace: Workspace, store: Store, dataset: DatasetVersion, progress: Progress | None = None
) -> Profile:
    """Return the profile of a dataset version, computed once and kept in the store.

    Raises:
        DataError: its files are gone or cannot be read.
    """
    kept = store.query("SELECT profile FROM dataset_versions WHERE version = ?", [dataset.version])
    if kept and kept[0]["profile"]:
        return Profile.from_json(kept[0]["profile"])
    profile = profile_files(
        dataset_paths(workspace, dataset), dataset.schema, fine=FINE_BINS, progress=progress
    )
    with store.transaction() as tx:
        tx.execute(
            "UPDATE dataset_versions SET profile = ? WHERE version = ?", [profile.to_json(), dataset.version]
        )
    return profile
