"""Pages: the document and Swagger UI as routes of the application.

Rules of this file:
- Nothing is loaded from elsewhere and no script stands in the page: its Content-Security-Policy allows our own files.
- The document is made at the first request for it and kept as octets with an ETag.
- Swagger UI's files are no part of the repository: `tools/assets.py` fetches them when Spica is built.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from spica._core import escape
from spica.errors.http import NotFound
from spica.http import media_types
from spica.http.context import Context
from spica.http.response import Response
from spica.openapi.schemas import Schema
from spica.openapi.yaml import render_yaml
from spica.routing.location import Location
from spica.routing.route import Handler, Route, build_route

ASSETS = Path(__file__).parent / "assets"
OWN_FILES = Path(__file__).parent / "static"
ENTRY = "swagger-ui-bundle.js"
_FILES = {
    ENTRY: ASSETS,
    "swagger-ui.css": ASSETS,
    "favicon-32x32.png": ASSETS,
    "initializer.js": OWN_FILES,
    "page.css": OWN_FILES,
}
# Swagger UI sets styles of elements from its scripts, and draws icons from data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{links}
<link rel="stylesheet" href="{path}/assets/page.css">
</head>
<body>
{body}
</body>
</html>
"""
_VIEWER_LINKS = """<link rel="icon" href="{path}/assets/favicon-32x32.png">
<link rel="stylesheet" href="{path}/assets/swagger-ui.css">"""
_VIEWER = """<div id="swagger-ui"></div>
<noscript>These pages need scripts. The document itself: <a href="{path}/openapi.json">openapi.json</a></noscript>
<script src="{path}/assets/swagger-ui-bundle.js"></script>
<script src="{path}/assets/initializer.js" data-document="{path}/openapi.json"></script>"""
# An empty icon: without one the browser asks for /favicon.ico.
_UNBUILT_LINKS = """<link rel="icon" href="data:,">"""
_UNBUILT = """<main>
<h1>The files of Swagger UI are missing</h1>
<p>They come from the npm package swagger-ui-dist and are fetched when Spica is built from its sources.</p>
<p>Run <code>make assets</code> in Spica's folder (it needs npm), or install Spica's wheel, which has them.</p>
<p>The document itself is here: <a href="{path}/openapi.json">{path}/openapi.json</a></p>
</main>"""


class DocsPages:
    """The pages of one application.

    Args:    title: of the page; path: where they are, without a slash at the end; build: makes the document.
    """

    def __init__(self, title: str, path: str, build: Callable[[], Schema]) -> None:
        self._title = title
        self._path = path
        self._build = build

    def routes(self) -> list[Route]:
        """The routes of the pages; they go through the common part of the middleware."""
        shown: list[tuple[str, Handler]] = [
            ("", self.show),
            ("/openapi.json", self.send_document),
            ("/openapi.yaml", self.send_yaml),
            ("/assets/{name}", self.send_asset),
        ]
        where = Location(__file__, 1)
        return [
            build_route("GET", self._path + tail, target, where, {"pipe": [], "include_in_schema": False})
            for tail, target in shown
        ]

    def show(self, ctx: Context) -> Response:
        """The page itself; a 503 that says what to do where Spica was built without Swagger UI."""
        is_built = (ASSETS / ENTRY).is_file()
        path = escape(self._path)
        links, body = (_VIEWER_LINKS, _VIEWER) if is_built else (_UNBUILT_LINKS, _UNBUILT)
        page = _PAGE.format(
            title=escape(self._title), path=path, links=links.format(path=path), body=body.format(path=path)
        )
        response = Response.html(page, status=200 if is_built else 503)
        return response.with_header("Content-Security-Policy", POLICY).with_header("Cache-Control", "no-cache")

    def send_document(self, ctx: Context) -> Response:
        """The document, or a 304 to who has it."""
        return _send(ctx, *self._document, "application/json")

    def send_yaml(self, ctx: Context) -> Response:
        """The document as YAML, or a 304."""
        return _send(ctx, *self._yaml, media_types.YAML)

    def send_asset(self, name: str) -> Response:
        """A script, style or image of the page."""
        folder = _FILES.get(name)
        if folder is None or not (folder / name).is_file():
            raise NotFound()
        response: Response = Response.file(folder / name)
        return response.with_header("Cache-Control", "no-cache")

    @cached_property
    def _document(self) -> tuple[bytes, str]:
        return _with_etag(render_document(self._build()))

    @cached_property
    def _yaml(self) -> tuple[bytes, str]:
        return _with_etag(render_yaml(self._build()))


def _send(ctx: Context, content: bytes, etag: str, content_type: str) -> Response:
    seen = ctx.request.headers.get("if-none-match") or ""
    if seen == "*" or etag in (one.strip().removeprefix("W/") for one in seen.split(",")):
        response = Response(status=304)
    else:
        response = Response(content, 200, None, content_type)
    return response.with_header("ETag", etag).with_header("Cache-Control", "no-cache")


def _with_etag(text: str) -> tuple[bytes, str]:
    # Lazy: OpenSSL takes a megabyte, and most servers never show these pages.
    import hashlib

    content = text.encode()
    digest = hashlib.sha256(content).digest()[:16]
    return content, f'"{urlsafe_b64encode(digest).rstrip(b"=").decode()}"'


def render_document(document: Schema) -> str:
    """Write a document as JSON for people and for `git diff`: indented, with a newline at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
