"""The scripts that come with Spica, at `/_spica/`: `tools/assets.py` puts them here when Spica is built.

Rules of this file:
- Nothing of them is in the repository; where they could not be fetched, using one is an error that says how to get it.
- Each package has a folder with its licence; the `public` in it is served as a public folder: its files are
  fingerprinted and compressed like a project's.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from spica.assets.errors import ShippedAssetMissing
from spica.assets.manifest import Asset, read_manifest

FOLDER = Path(__file__).parent / "shipped"
PUBLIC = tuple(FOLDER / package / "public" for package in ("htmx", "phoenix"))
HTMX = "htmx.js"
MODULES = {"phoenix": "phoenix.js"}
"""What a module may import by the name that npm knows, and the script it is."""


def find_shipped(name: str) -> Asset:
    """The asset of a script that comes with Spica.

    Raises: ShippedAssetMissing.
    """
    found = _load(FOLDER).get(name)
    if found is None:
        raise ShippedAssetMissing(
            f"{name} is not part of this build of Spica",
            where=str(FOLDER),
            why="it comes from npm and is fetched when Spica is built; nothing of it is in Spica's sources",
            fix="run `make assets` in Spica's folder (it needs npm), or install Spica's wheel, which has it",
        )
    return found


def shipped_modules() -> dict[str, Asset]:
    """The modules that come with Spica, by the names that they are imported by; without those that were not fetched."""
    assets = _load(FOLDER)
    return {name: assets[script] for name, script in MODULES.items() if script in assets}


@cache
def _load(folder: Path) -> dict[str, Asset]:
    manifests = map(read_manifest, sorted(path for path in folder.glob("*") if path.is_dir()))
    return {name: asset for one in manifests if one is not None for name, asset in one.assets.items()}
