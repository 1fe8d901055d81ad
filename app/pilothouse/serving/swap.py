"""What is live in the server: one model that answers, and the one before it kept warm beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pilothouse.errors import PilothouseError
from pilothouse.registry.bundle import check_probe, load_version
from pilothouse.registry.manifest import BundleError
from pilothouse.registry.model import LoadedModel
from pilothouse.registry.versions import ModelVersion, champion
from pilothouse.serving.tables import FollowedTables
from pilothouse.store import Store, record


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A version that is loaded, verified and warm."""

    version: ModelVersion
    loaded: LoadedModel
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)


def load_live(version: ModelVersion) -> LiveModel:
    """Verify a version's bytes, load it and let it answer its probe rows.

    Raises:
        BundleError: its bytes changed, it cannot be loaded here, or it answers otherwise than when it was
            made.
    """
    loaded = load_version(version)
    try:
        check_probe(version.path, version.manifest_sha256, loaded)
    except PilothouseError:
        raise
    except Exception as error:
        raise BundleError(
            f"{version.label} fails on its own probe rows: {type(error).__name__}: {error}.",
            untouched="It was not put to use.",
        ) from error
    headers = (
        (b"x-pilothouse-model", version.model.encode("latin-1", "replace")),
        (b"x-pilothouse-version", str(version.version).encode()),
    )
    return LiveModel(version, loaded, headers)


class LiveModels:
    """The model that answers and the one before. Reading `current` is one look at one pointer."""

    def __init__(self, store: Store, first: LiveModel) -> None:
        self._store = store
        self.current = first
        self.previous: LiveModel | None = None
        self.last_error = ""
        self._tables = FollowedTables(store.workspace, first.loaded)
        self.follow_tables()

    def follow(self) -> bool:
        """Make `current` what the store says is live; return whether it changed. Call it from one thread.

        The new version is loaded beside the old one, which answers meanwhile. If that fails the old one
        stays, and an event and `last_error` say so.
        """
        wanted = champion(self._store, self.current.version.model)
        if wanted is None or _same(wanted, self.current):
            self.last_error = self._tables.trouble
            return False
        try:
            after = self.previous if self.previous and _same(wanted, self.previous) else load_live(wanted)
        except PilothouseError as error:
            self._say_failed(wanted, error)
            return False
        tables = FollowedTables(self._store.workspace, after.loaded)
        tables.refresh()
        self.previous, self.current, self._tables = self.current, after, tables
        self.last_error = tables.trouble
        return True

    @property
    def tables_written(self) -> dict[str, str]:
        """When the files of the feature tables that answer were written, by table."""
        return dict(self._tables.written)

    def follow_tables(self) -> None:
        """Read the feature tables of what is live anew if they changed; a table that fails is told once."""
        if self._tables.refresh():
            self.last_error = self._tables.trouble
            if self._tables.trouble:
                version = self.current.version
                with self._store.transaction() as tx:
                    subject = f"{version.model}/{version.version}"
                    record(tx, "serving", subject, self._tables.trouble, {}, "server")

    def _say_failed(self, wanted: ModelVersion, error: PilothouseError) -> None:
        live = self.current.version
        self.last_error = (
            f"v{wanted.version} could not be loaded, so v{live.version} still answers: {error.what}"
        )
        with self._store.transaction() as tx:
            subject = f"{wanted.model}/{wanted.version}"
            data = {"wanted": wanted.version, "serving": live.version}
            record(tx, "serving", subject, self.last_error, data, "server")


def _same(version: ModelVersion, live: LiveModel) -> bool:
    return (version.model, version.version, version.manifest_sha256) == (
        live.version.model,
        live.version.version,
        live.version.manifest_sha256,
    )
