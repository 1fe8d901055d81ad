"""Model versions: numbered, never changed, found by number or alias.

A number is taken in a transaction of its own before anything is put under it. Whatever fails afterwards, and
whenever the process dies, that number is spent: it will never mean two things.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.config.next_steps import to_get_a_version
from pilothouse.errors import NotFoundError
from pilothouse.jsontext import dumps, loads
from pilothouse.registry.manifest import manifest_sha256, verify_bundle
from pilothouse.store import Store, Transaction, record
from pilothouse.workspace import Workspace, safe_name

CHAMPION = "champion"
CHALLENGER = "challenger"

_SELECT = (
    "SELECT model, version, run_id, dataset_version, recipe, created_at, manifest_sha256, metrics"
    " FROM model_versions"
)
_NUMBER = re.compile(r"v?([0-9]{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One immutable version: where it came from, how it scored, and the names that point to it."""

    model: str
    version: int
    run_id: str
    dataset_version: str
    recipe: str
    created_at: datetime
    manifest_sha256: str
    metrics: dict[str, float]
    aliases: tuple[str, ...]
    path: Path

    @property
    def label(self) -> str:
        """The version in words, such as `late-arrivals v3`."""
        return f"{self.model} v{self.version}"


def register_bundle(
    workspace: Workspace,
    store: Store,
    model: str,
    bundle_dir: Path,
    *,
    run_id: str,
    dataset_version: str,
    recipe: str,
    metrics: Mapping[str, float],
    actor: str | None = None,
) -> ModelVersion:
    """Make a bundle the next version of `model`. The bundle stays where it is; the version shares its bytes.

    Registering the same bundle of the same run again returns the version that it has already.

    Raises:
        BundleError: the bundle is incomplete or changed.
        PilothouseError: the model's name cannot be part of a path, or the files cannot be written.
    """
    safe_name(model, "model name")
    digest = manifest_sha256(bundle_dir)
    files = verify_bundle(bundle_dir, digest)
    with store.transaction() as tx:
        same = tx.value(
            "SELECT version FROM model_versions WHERE model = ? AND run_id = ? AND manifest_sha256 = ?",
            [model, run_id, digest],
        )
        number = None if same is not None else _take_number(tx, workspace, model)
    if number is None:
        return get_version(store, str(same), model)
    _place(bundle_dir, workspace.version_dir(model, number), [*files, "manifest.json"], digest)
    with store.transaction() as tx:
        tx.insert(
            "model_versions",
            [
                {
                    "model": model,
                    "version": number,
                    "run_id": run_id,
                    "dataset_version": dataset_version,
                    "recipe": recipe,
                    "created_at": datetime.now(UTC),
                    "manifest_sha256": digest,
                    "metrics": dumps(dict(metrics)),
                }
            ],
        )
        data = {
            "run_id": run_id,
            "dataset_version": dataset_version,
            "manifest_sha256": digest,
            "metrics": dict(metrics),
        }
        record(
            tx,
            "version",
            f"{model}/{number}",
            f"Registered {model} v{number} ({recipe}) from run {run_id}.",
            data,
            actor,
        )
    return get_version(store, str(number), model)


def list_versions(store: Store, model: str | None = None) -> list[ModelVersion]:
    """Return versions with their aliases, newest first, of one model or of all."""
    with store.reading() as tx:
        return _versions(store, tx, model)


def version_of(store: Store, run_id: str) -> ModelVersion | None:
    """Return the newest version that was made of a run; what its tags say is for people."""
    return next((one for one in list_versions(store) if one.run_id == run_id), None)


def known_models(store: Store) -> list[str]:
    """Return the names of the models that are configured or have versions, the configured ones first."""
    rows = store.query("SELECT DISTINCT model FROM model_versions ORDER BY model")
    configured = [model.name for model in store.workspace.config().models]
    return list(dict.fromkeys([*configured, *(row["model"] for row in rows)]))


def get_version(store: Store, ref: str, model: str | None = None) -> ModelVersion:
    """Find a version by any way of naming it.

    Args:
        store: the workspace's store.
        ref: `3`, `v3`, `champion`, `name/3`, `name/v3`, `name@champion`, `models:/name/3` or
            `models:/name@champion`.
        model: the model meant where `ref` names none; needed only if there are several.

    Raises:
        NotFoundError: there is no such version; the message names those there are.
    """
    with store.reading() as tx:
        return find_version(store, tx, ref, model)


def find_version(store: Store, tx: Transaction, ref: str, model: str | None = None) -> ModelVersion:
    """Do what `get_version` does, inside a transaction that is open already."""
    named, number, alias = parse_ref(ref)
    found = _versions(store, tx, named or model)
    names = sorted({one.model for one in found})
    if not found:
        whose = f" of {named or model}" if named or model else ""
        raise NotFoundError(
            f"There is no version{whose} yet.", next=to_get_a_version(store.workspace.config())
        )
    if len(names) > 1:
        raise NotFoundError(
            f"{ref!r} may be a version of {', '.join(names)}.",
            next=f"Name the model too: {names[0]}/{number or alias}.",
        )
    for one in found:
        if one.version == number or (alias is not None and alias in one.aliases):
            return one
    if alias is not None:
        aliases = sorted({name for one in found for name in one.aliases})
        given = (
            f"Its aliases are: {', '.join(aliases)}."
            if aliases
            else f"It has no alias yet; `pilothouse promote` sets {CHAMPION!r}."
        )
        raise NotFoundError(f"{names[0]} has no version called {alias!r}.", next=given)
    numbers = ", ".join(f"v{one.version}" for one in found[:10])
    raise NotFoundError(
        f"{names[0]} has no version {number}.", next=f"It has: {numbers}{', …' if len(found) > 10 else ''}."
    )


def parse_ref(ref: str) -> tuple[str | None, int | None, str | None]:
    """Split a reference into model name, number and alias; what it does not say is None.

    Raises:
        NotFoundError: it is none of the forms that `get_version` lists.
    """
    rest = ref.strip().removeprefix("models:/")
    model: str | None = None
    if "@" in rest:
        model, _, rest = rest.partition("@")
        number = None
    else:
        if "/" in rest:
            model, _, rest = rest.partition("/")
        number = _NUMBER.fullmatch(rest)
    if not rest or model == "" or "/" in rest or "@" in rest or (model is not None and "/" in model):
        raise NotFoundError(
            f"{ref[:120]!r} names no version.",
            next="Write 3, v3, champion, NAME/3, NAME@champion or models:/NAME/3.",
        )
    return (model, int(number[1]), None) if number else (model, None, rest)


def champion(store: Store, model: str) -> ModelVersion | None:
    """Return the version that is live, or None."""
    return next((one for one in list_versions(store, model) if CHAMPION in one.aliases), None)


def _versions(store: Store, tx: Transaction, model: str | None) -> list[ModelVersion]:
    rows = tx.rows(f"{_SELECT} WHERE ? IS NULL OR model = ? ORDER BY model, version DESC", [model, model])
    aliases: dict[tuple[str, int], list[str]] = {}
    for row in tx.rows("SELECT model, alias, version FROM aliases ORDER BY alias"):
        aliases.setdefault((row["model"], row["version"]), []).append(row["alias"])
    return [
        ModelVersion(
            **{**row, "metrics": loads(row["metrics"]) or {}},
            aliases=tuple(aliases.get((row["model"], row["version"]), ())),
            path=store.workspace.version_dir(row["model"], row["version"]),
        )
        for row in rows
    ]


def _take_number(tx: Transaction, workspace: Workspace, model: str) -> int:
    key = f"last_version:{model}"
    folder = workspace.version_dir(model, 1).parent
    names = [_NUMBER.fullmatch(path.name) for path in (folder.iterdir() if folder.is_dir() else ())]
    spent = [
        int(tx.value("SELECT value FROM meta WHERE key = ?", [key]) or 0),
        int(tx.value("SELECT max(version) FROM model_versions WHERE model = ?", [model]) or 0),
        # A store restored from a backup may know less than the folder does.
        *(int(name[1]) for name in names if name),
    ]
    number = max(spent) + 1
    tx.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, str(number)])
    return number


def _place(source: Path, dest: Path, names: list[str], digest: str) -> None:
    """Put the files of a verified bundle at `dest`, whole or not at all."""
    dest.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=dest.parent, prefix=f".{dest.name}."))
    try:
        for name in names:
            try:
                os.link(source / name, folder / name)
            except OSError:
                # Another disk, or one without links.
                shutil.copyfile(source / name, folder / name)
            (folder / name).chmod(0o444)
        verify_bundle(folder, digest)
        folder.chmod(0o755)
        folder.rename(dest)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
