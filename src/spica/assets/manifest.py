"""The manifest: which file each asset became, with what a page says about it.

Rules of this file:
- A manifest is replaced as a whole: a reader finds the old one or the new one.
- Its name begins with a dot, so that the server never sends it.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from spica.assets.errors import BrokenManifestError

NAME = ".manifest.json"


class Asset(msgspec.Struct, frozen=True):
    """One asset.

    path: its address, `/assets/app-1f0c9d….css`; integrity: `sha384-…` of its content, "" while it may change.
    """

    path: str
    integrity: str = ""


class Manifest(msgspec.Struct, frozen=True):
    """The assets by name, and every file that builds have written and not yet removed."""

    assets: dict[str, Asset]
    files: list[str] = []


def read_manifest(folder: Path) -> Manifest | None:
    """Read the manifest of a folder.

    Returns: None when there is none.
    Raises:  BrokenManifestError.
    """
    path = folder / NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise BrokenManifestError(
            "the manifest of the assets can't be read",
            where=str(path),
            why=str(error),
            fix="make it again: spica assets build",
        ) from None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of a folder. Raises OSError."""
    content = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=2)
    write_whole(folder / NAME, content + b"\n")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there with all of its content, or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
