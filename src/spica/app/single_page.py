"""Single-page applications that something else built: their files, and the index for every address of theirs.

Rules of this file:
- The core sends the files; what has none comes here, and gets the index where it can be one of the application's pages.
- The index is never kept without asking: it names the files of the last build.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spica.errors.http import NotFound
from spica.http.context import Context
from spica.http.response import Response
from spica.routing.location import Location
from spica.routing.route import Route, RouteOptions, build_fallback

_INDEX = "index.html"
_REVALIDATE = "no-cache"


@dataclass(frozen=True)
class SinglePage:
    """An application at a prefix, built into a folder."""

    prefix: str
    folder: Path

    @property
    def public(self) -> tuple[str, str, str]:
        """What the core needs to send its files."""
        return str(self.folder), _REVALIDATE, self.prefix.rstrip("/")

    @property
    def route(self) -> Route:
        """What answers where it has no file."""
        options: RouteOptions = {"pipe": [], "include_in_schema": False}
        return build_fallback(self.prefix.rstrip("/") or "/", self._send_index, Location(__file__, 1), options)

    def _send_index(self, ctx: Context, path: str) -> Response:
        if ctx.request.method not in ("GET", "HEAD") or "." in path.rpartition("/")[2]:
            raise NotFound()
        if ctx.request.accepts("html") is None:
            raise NotFound()
        index = self.folder / _INDEX
        if not index.is_file():
            raise NotFound(f"there is no {index}: the application at {self.prefix} is not built")
        response: Response = Response.file(index)
        return response.with_header("Cache-Control", _REVALIDATE)
