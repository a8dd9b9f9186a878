"""Lookup: from the name of an asset to its address.

Rules of this file:
- In production a name is looked up in the manifest, which is read once; elsewhere in the folder of the sources, each
  time, so that a new file is there at once.
- As with path helpers, one application is served in a process: `asset_path` asks that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from spica.assets.errors import AssetsNotBuiltError, UnknownAssetError
from spica.assets.manifest import Asset, read_manifest
from spica.assets.sources import FOLDER, OUTPUT, PREFIX, find_source, list_sources
from spica.errors import closest


class Assets(Protocol):
    """Where names of assets are looked up."""

    def find(self, name: str) -> Asset:
        """The asset of a name. Raises UnknownAssetError."""

    def names(self) -> list[str]:
        """All names, sorted."""


class BuiltAssets:
    """The assets of a manifest, for production.

    Args: assets: by name.
    """

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._assets = dict(assets)

    def find(self, name: str) -> Asset:
        """The asset of a name. Raises UnknownAssetError."""
        found = self._assets.get(name)
        if found is None:
            raise _unknown(name, self._assets, "it was not in app/assets when the assets were built", built=True)
        return found

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._assets)


class SourceAssets:
    """The sources themselves, while developing and in tests.

    Args: folder: of the sources; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, name: str) -> Asset:
        """The asset of a name, at `/assets/` and its name. Raises UnknownAssetError."""
        if find_source(self.folder, name) is None:
            raise _unknown(name, self.names(), f"{self.folder} has no such file")
        return Asset(PREFIX + quote(name))

    def names(self) -> list[str]:
        """All names, sorted."""
        return list_sources(self.folder)


class _Current:
    assets: Assets = BuiltAssets({})


def load_assets(root: Path, *, built: bool) -> Assets:
    """Make what a project's names are looked up in.

    Args:    built: whether the built ones are served, as in production.
    Raises:  AssetsNotBuiltError when they are wanted and not there, BrokenManifestError.
    """
    if not built:
        return SourceAssets(root / FOLDER)
    manifest = read_manifest(root / OUTPUT)
    if manifest is not None:
        return BuiltAssets(manifest.assets)
    sources = list_sources(root / FOLDER)
    if sources:
        raise AssetsNotBuiltError(
            f"the assets are not built: {sources[0]}" + (f" and {len(sources) - 1} more" if sources[1:] else ""),
            where=str(root / FOLDER),
            why="production serves them under names that browsers keep, and compressed; there is no "
            f"{OUTPUT.as_posix()}/.manifest.json",
            fix="spica assets build",
        )
    return BuiltAssets({})


def use_assets(assets: Assets) -> None:
    """Make these the assets that `asset_path` and the helpers find."""
    _Current.assets = assets


def find_asset(name: str) -> Asset:
    """The asset of a name in the application that is served. Raises UnknownAssetError."""
    return _Current.assets.find(name)


def list_assets() -> list[str]:
    """The names of all assets of the application that is served."""
    return _Current.assets.names()


def asset_path(name: str) -> str:
    """The address of an asset: `asset_path("css/app.css")` is `/assets/css/app-1f0c9d….css` in production.

    Args:    name: the path below app/assets.
    Raises:  UnknownAssetError.
    """
    return _Current.assets.find(name).path


def _unknown(name: str, known: Iterable[str], why: str, *, built: bool = False) -> UnknownAssetError:
    near = closest(name, known)
    fixes = [f"did you mean {near[0]!r}?"] if near else []
    if built:
        fixes.append("after adding it: spica assets build")
    elif not near:
        fixes.append(f"put it there, or write the address of a public file: {'/' + name.lstrip('/')!r}")
    return UnknownAssetError(f"there is no asset {name!r}", why=why, fix=" ".join(fixes))
