"""ASGI's scopes of our requests, for applications that are asked by us.

Rules of this file:
- `path` is whole and decoded, `root_path` the part of it that the mount's prefix took, as Starlette and Django expect.
- `spica.context` is our Context, by which the application reaches the session and `current_user`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from spica.http.asgi_exchange import Message
from spica.http.context import Context

CONTEXT = "spica.context"
VERSIONS = {"version": "3.0", "spec_version": "2.3"}
_HTTP_EXTENSIONS = ("http.response.trailers", "http.response.early_hint")
_SOCKET_SCHEMES = {"http": "ws", "https": "wss"}


def build_scope(
    ctx: Context, kind: Literal["http", "websocket"], *, rest: str | None = None, state: Mapping[str, Any] | None = None
) -> Message:
    """Make the scope of a request.

    Args:    ctx: of the request; kind: of the scope; rest: what the prefix of a mount leaves of the path, None for
             everything; state: from the application's lifespan, copied.
    """
    native = ctx.request.native
    path = native.path
    scope: Message = {
        "type": kind,
        "asgi": dict(VERSIONS),
        "http_version": native.version.rpartition("/")[2] or "1.1",
        "scheme": native.scheme if kind == "http" else _SOCKET_SCHEMES.get(native.scheme, "ws"),
        "path": path,
        "raw_path": native.target.partition("?")[0].encode("latin-1", "replace"),
        "query_string": native.query.encode("latin-1", "replace"),
        "root_path": "" if rest is None else path[: len(path) - len(rest)].rstrip("/"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in native.fields],
        "client": native.client,
        "server": None,
        "extensions": {name: {} for name in _HTTP_EXTENSIONS} if kind == "http" else {"websocket.http.response": {}},
        CONTEXT: ctx,
    }
    if kind == "http":
        scope["method"] = native.method
    if state is not None:
        scope["state"] = dict(state)
    return scope
