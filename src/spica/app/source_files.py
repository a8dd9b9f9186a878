"""Source files: the assets of a project as they stand in `app/assets`, while nothing is built.

Rules of this file:
- Public files come first, so what was built before is still found under its names.
- Never in production: there the core sends what `spica assets build` made.
"""

from __future__ import annotations

from spica.assets.lookup import SourceAssets
from spica.assets.sources import PREFIX, find_source
from spica.errors.http import MethodNotAllowed, NotFound
from spica.http.context import Context
from spica.http.response import Response
from spica.routing.location import Location
from spica.routing.route import Route, build_fallback


def serve_sources(assets: SourceAssets) -> Route:
    """A fallback that answers `/assets/…` with the files of the sources; browsers ask for them anew each time."""

    def send(ctx: Context, path: str) -> Response:
        if ctx.request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed()
        file = find_source(assets.folder, path)
        if file is None:
            raise NotFound()
        response: Response = Response.file(file)
        return response.with_header("Cache-Control", "no-cache")

    return build_fallback(PREFIX.rstrip("/"), send, Location(__file__, 1), {"pipe": [], "include_in_schema": False})
