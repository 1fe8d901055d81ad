"""The seal of a bundle: a sha256 for each of its files, checked before anything in it is believed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.registry.signature import Signature

MANIFEST = "manifest.json"
_FORMAT = 1


class BundleError(PilothouseError):
    """A bundle is incomplete, changed, or holds something that no bundle may hold."""


def seal(folder: Path) -> str:
    """Write `manifest.json` over all files of `folder`; return the manifest's own sha256 (hex)."""
    files = {
        path.name: _digest(_read_plain(path)) for path in sorted(folder.iterdir()) if path.name != MANIFEST
    }
    content = json.dumps({"format": _FORMAT, "files": files}, indent=1, ensure_ascii=False).encode()
    (folder / MANIFEST).write_bytes(content)
    return _digest(content)


def manifest_sha256(bundle: Path) -> str:
    """Return the sha256 (hex) of a bundle's manifest, as it is now."""
    return _digest(_read_manifest(bundle))


def verify_bundle(bundle: Path, expected_sha256: str | None) -> dict[str, str]:
    """Check every byte of a bundle; return the sha256 of each file by its name.

    Args:
        bundle: the folder.
        expected_sha256: the manifest's sha256 as the store has it; None trusts the manifest that lies there.

    Raises:
        BundleError: a file is missing, changed, unknown, a link or a folder.
    """
    files = read_manifest(bundle, expected_sha256)
    present = {path.name for path in bundle.iterdir()} - {MANIFEST}
    if unknown := sorted(present - set(files)):
        raise _broken(bundle, f"holds a file that is not in its manifest: {unknown[0][:100]!r}")
    for name in files:
        read_verified(bundle, name, files)
    return files


def read_signature(bundle: Path, files: Mapping[str, str]) -> Signature:
    """Return what a version takes and gives, with the columns of its data that it does not take.

    Args:
        bundle: the folder.
        files: the sha256 of each of its files by name.

    Raises:
        BundleError: a file is missing or changed.
        PilothouseError: it is no signature.
    """
    signature = Signature.from_json(read_verified(bundle, "signature.json", dict(files)))
    if "lineage.json" not in files:
        return signature
    # A bundle that a script made may say anything there, or nothing.
    lineage = json.loads(read_verified(bundle, "lineage.json", dict(files)))
    left_out = lineage.get("left_out") if isinstance(lineage, dict) else None
    model = lineage.get("model") if isinstance(lineage, dict) else None
    target = model.get("target") if isinstance(model, dict) else None
    named = [*left_out] if isinstance(left_out, dict) else []
    named += [target] if isinstance(target, str) else []
    return replace(signature, beside=frozenset(named))


def read_manifest(bundle: Path, expected_sha256: str | None) -> dict[str, str]:
    """Return the sha256 of each file by its name, after checking the manifest itself.

    Raises:
        BundleError: the manifest is missing, unreadable, or not the expected one.
    """
    content = _read_manifest(bundle)
    if expected_sha256 is not None and _digest(content) != expected_sha256:
        raise _broken(bundle, f"has another {MANIFEST} than the one that was registered")
    try:
        raw = json.loads(content)
        files = {str(name): str(value) for name, value in raw["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _broken(bundle, f"has a {MANIFEST} that cannot be read ({error})") from error
    for name in files:
        # A name is a plain file beside the manifest: never a path that could lead out of the bundle.
        if name in ("", ".", "..", MANIFEST) or any(bad in name for bad in "/\\:\0"):
            raise _broken(bundle, f"has a {MANIFEST} that names a path outside of it: {name[:100]!r}")
    return files


def read_verified(bundle: Path, name: str, files: dict[str, str]) -> bytes:
    """Return the bytes of one file; they are the very bytes whose sha256 was checked.

    Raises:
        BundleError: the file is missing, a link, or changed.
    """
    if name not in files:
        raise _broken(bundle, f"has no {name}")
    content = _read_plain(bundle / name)
    if _digest(content) != files[name]:
        raise _broken(bundle, f"was changed: {name} does not match its sha256")
    return content


def _read_manifest(bundle: Path) -> bytes:
    if bundle.is_symlink() or not bundle.is_dir():
        raise NotFoundError(f"{bundle} is not a bundle: there is no such folder.")
    return _read_plain(bundle / MANIFEST)


def _read_plain(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise _broken(path.parent, f"holds a link or a folder where a file must be: {path.name[:100]!r}")
        # The link check above and the open below could be raced; the flag closes the gap where it exists.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            return file.read()
    except OSError as error:
        reason = (
            "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        )
        raise _broken(path.parent, f"is broken: {path.name[:100]} {reason}") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _broken(bundle: Path, what: str) -> BundleError:
    return BundleError(
        f"The bundle {bundle} {what}.",
        untouched="Nothing in it was loaded.",
        next="Restore the folder from a backup, or train the version again.",
    )
