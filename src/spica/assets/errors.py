"""Mistakes with assets.

SpicaError
├── UnknownAssetError       A030  while running: a helper names a file that is not there
├── AssetsNotBuiltError     A031  boot, in production
├── BrokenManifestError     A032  boot, in production
├── AssetReferenceError     A033  spica assets build: a stylesheet names a file that is not there, or itself
└── ShippedAssetMissing     A034  while running: Spica was built without the script
"""

from __future__ import annotations

from spica.errors import SpicaError


class UnknownAssetError(SpicaError, LookupError):
    """A helper names an asset that the project doesn't have, or that was not there when its assets were built."""

    code = "SPICA-A030"


class AssetsNotBuiltError(SpicaError):
    """An application with files in app/assets starts in production, and they were not built."""

    code = "SPICA-A031"


class BrokenManifestError(SpicaError):
    """The list of built assets can't be read."""

    code = "SPICA-A032"


class AssetReferenceError(SpicaError):
    """A stylesheet names a file that is not there, or imports itself."""

    code = "SPICA-A033"


class ShippedAssetMissing(SpicaError):
    """A page wants a script that comes with Spica, and this Spica was built without it."""

    code = "SPICA-A034"
