"""Everything that is kept of one file that landed: its verdicts, and what learned from it."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.data.usage import VersionUse, used_by
from pilothouse.data.versions import DatasetVersion, list_dataset_versions
from pilothouse.errors import NotFoundError
from pilothouse.monitoring.verdicts import Arrival, list_arrivals
from pilothouse.store import Event, Store, list_events


@dataclass(frozen=True, slots=True)
class TakenInto:
    """A dataset version that contains the file, and the model versions that were made of it.

    Attributes:
        same: whether it has the bytes that lie in the folder now, as far as they were judged.
    """

    dataset: DatasetVersion
    same: bool
    models: tuple[VersionUse, ...]


@dataclass(frozen=True, slots=True)
class AboutFile:
    """One name in a model's data folder: what was judged under it, newest first, and where it went."""

    name: str
    arrivals: tuple[Arrival, ...]
    taken_into: tuple[TakenInto, ...]
    events: tuple[Event, ...]


def about_file(store: Store, model: str, name: str) -> AboutFile:
    """Gather what is kept of the files of this name.

    Raises:
        NotFoundError: no file of this name was judged, and no dataset version has one.
    """
    arrivals = tuple(one for one in list_arrivals(store, model) if one.name == name)
    now = arrivals[0].sha256 if arrivals else ""
    taken = tuple(
        TakenInto(version, file.sha256 == now, used_by(store, version.version).model_versions)
        for version in list_dataset_versions(store, model)
        for file in version.files
        if file.name == name
    )
    if not arrivals and not taken:
        raise NotFoundError(
            f"No file called {name[:80]!r} was judged.", next="List the files with `pilothouse data`."
        )
    return AboutFile(name, arrivals, taken, tuple(list_events(store, 20, subject=name)))
