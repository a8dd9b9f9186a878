"""Elements for assets: stylesheets, scripts, pictures and htmx.

Rules of this file:
- The name of an asset is its path below app/assets; what begins with `/` or names a host is an address and stays one.
- Built assets are written with their integrity, so that a changed file is not used.
"""

from __future__ import annotations

import re
from typing import Any

from spica.app.markup import render_attributes
from spica.assets.lookup import find_asset, list_assets
from spica.assets.manifest import Asset
from spica.assets.shipped import HTMX, find_shipped, shipped_modules
from spica.http.context import Context
from spica.middleware.content_security_policy import csp_nonce
from spica.templates.filters import json
from spica.templates.functions import uses_context
from spica.templates.safe import Safe

_IS_ADDRESS = re.compile(r"/|[a-zA-Z][a-zA-Z0-9+.-]*:")


@uses_context
def stylesheet_tag(ctx: Context | None, name: str, /, *, nonce: bool = False, **attributes: object) -> Safe:
    """A stylesheet: `{{ stylesheet_tag("css/app.css") }}`.

    Args:    name: of an asset, or an address; nonce: for policies that allow styles by nonce alone; attributes: further
             ones, as `media="print"`.
    Raises:  UnknownAssetError; ValueError as `link_to`.
    """
    asset = _find(name)
    own = {"rel": "stylesheet", "href": asset.path, "integrity": asset.integrity or None, "nonce": _nonce(ctx, nonce)}
    return Safe(f"<link{render_attributes({**own, **attributes})}>")


@uses_context
def script_tag(
    ctx: Context | None, name: str, /, *, module: bool = False, nonce: bool = False, **attributes: object
) -> Safe:
    """A script, which runs when the page is there: `{{ script_tag("js/app.js") }}`.

    Args:    name: of an asset, or an address; module: as a module; nonce: for policies that allow scripts by nonce
             alone, where caches then don't keep the page; attributes: further ones, `defer=False` to run it at once.
    Raises:  as `stylesheet_tag`.
    """
    return _render_script(ctx, _find(name), module, nonce, attributes)


@uses_context
def htmx_script(ctx: Context | None, *, nonce: bool = False, **attributes: object) -> Safe:
    """htmx, with what sends the token of `csrf_meta` along: `{{ htmx_script() }}` in the head of a layout.

    Raises: ShippedAssetMissing where Spica was built without it.
    """
    return _render_script(ctx, find_shipped(HTMX), False, nonce, attributes)


@uses_context
def importmap_tag(ctx: Context | None) -> Safe:
    """What lets modules import each other by their names: `import "./cart.js"` in js/app.js finds the built js/cart.js.

    And what comes with Spica: `import { Socket } from "phoenix"`. It stands before the first module, with the nonce of
    the page. Assets are not in it where the sources are served as they are.
    """
    named = {f"/assets/{name}": find_asset(name) for name in list_assets() if name.endswith((".js", ".mjs"))}
    found = {name: asset for name, asset in named.items() if name != asset.path} | shipped_modules()
    if not found:
        return Safe("")
    imports = {name: asset.path for name, asset in found.items()}
    integrity = {asset.path: asset.integrity for asset in found.values()}
    own = render_attributes({"type": "importmap", "nonce": _nonce(ctx, True)})
    return Safe(f"<script{own}>{json({'imports': imports, 'integrity': integrity})}</script>")


def image_tag(name: str, /, *, alt: str, **attributes: object) -> Safe:
    """A picture: `{{ image_tag("logo.svg", alt="Shop", width=120, height=40) }}`.

    Args:    name: of an asset, or an address; alt: what it shows, for who does not see it, "" where that adds nothing;
             attributes: further ones, as `loading="lazy"`.
    Raises:  as `stylesheet_tag`.
    """
    return Safe(f"<img{render_attributes({'src': _find(name).path, 'alt': alt, **attributes})}>")


def _render_script(ctx: Context | None, asset: Asset, module: bool, nonce: bool, attributes: dict[str, Any]) -> Safe:
    own: dict[str, object] = {"src": asset.path, "integrity": asset.integrity or None, "nonce": _nonce(ctx, nonce)}
    kind: dict[str, object] = {"type": "module"} if module else {"defer": True}
    return Safe(f"<script{render_attributes({**own, **kind, **attributes})}></script>")


def is_address(name: str) -> bool:
    """Whether what a helper is given is an address, and no asset's name."""
    return _IS_ADDRESS.match(name) is not None


def _find(name: str) -> Asset:
    return Asset(name) if is_address(name) else find_asset(name)


def _nonce(ctx: Context | None, wanted: bool) -> str | None:
    return (csp_nonce(ctx) or None) if wanted else None
