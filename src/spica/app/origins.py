"""Origins: which pages may open a WebSocket, and the line of the log about one that may not.

Rules of this file:
- It is asked before anything else of the application sees the handshake. The core could refuse by itself, without a
  word; a browser shows nothing of the reason, and whoever deploys behind a proxy has to find it somewhere.
- Who sends a request chooses its Origin, path and Host: they are cut. Outside of development each origin is told once
  for a route, MAX_TOLD in an hour.
Source: RFC 6455 section 10.2.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from spica._core import Request as NativeRequest
from spica._core import origin_allowed
from spica.http.response import Response
from spica.telemetry.logs import get_logger

MAX_TOLD = 100
_HOUR_S = 3_600
_LONGEST = 255
_REFUSAL = "403 Forbidden: pages of this origin may not open a WebSocket here\n"


class RefusedOrigins:
    """Tells of refused handshakes in the log, for all routes of an application.

    Args:    development: whether each of them is told; clock: seconds that don't go back.
    """

    def __init__(self, *, development: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._development = development
        self._clock = clock
        self._told: set[tuple[str, str]] = set()
        self._since = 0.0

    def tell(self, native: NativeRequest, origin: str, allowed: Sequence[str], where: str) -> None:
        """Write a line, unless that was done. Args: where: what lists the origins that are allowed, else the route."""
        origin = origin[:_LONGEST]
        if not self._development and not self._is_new(where, origin):
            return
        host = (native.field("host") or "")[:_LONGEST]
        is_secure = native.scheme == "https"
        own = f"{native.scheme if is_secure else 'http or https'}://{host}"
        get_logger().warning(
            "WebSocket refused",
            path=native.path[:_LONGEST],
            status=403,
            reason="the page is of another origin",
            origin=origin,
            allowed=", ".join(allowed) or f"its own, {own}",
            fix=_suggest(origin, host, where, is_own=not allowed, is_secure=is_secure),
        )

    def _is_new(self, where: str, origin: str) -> bool:
        now = self._clock()
        if now - self._since >= _HOUR_S or not self._told:
            self._told.clear()
            self._since = now
        if (where, origin) in self._told or len(self._told) >= MAX_TOLD:
            return False
        self._told.add((where, origin))
        if len(self._told) == MAX_TOLD:
            get_logger().warning("WebSockets refused for their origin are not told for an hour: there are too many")
        return True


class OriginCheck:
    """Which pages may open the WebSockets of one route.

    Args:    allowed: origins, "*" for all, [] for that of the request; where: what lists them, else the route's place;
             refused: is told of the others.
    """

    def __init__(self, allowed: Sequence[str], where: str, refused: RefusedOrigins) -> None:
        self._allowed = list(allowed)
        self._where = where
        self._refused = refused

    def refuse(self, native: NativeRequest) -> Response | None:
        """The answer to a handshake from a page of another origin; None for one that may go on."""
        origin = native.field("origin")
        if origin_allowed(origin, native.field("host"), native.scheme == "https", self._allowed):
            return None
        self._refused.tell(native, origin or "", self._allowed, self._where)
        return Response.text(_REFUSAL, status=403)


def _suggest(origin: str, host: str, where: str, *, is_own: bool, is_secure: bool) -> str:
    """What to type. The origin is anybody's, so no fix takes it for granted that it is to be let in."""
    if "://" not in origin:
        return "open the page from a server: a file, or a frame in a sandbox, is of no origin"
    if not is_own:
        return f'if the page is yours, add "{origin}" to {where}'
    if is_secure and origin.lower() == f"http://{host.lower()}":
        return "open the page by https"
    return (
        f'if the page is yours, write origins=["{origin}"] at {where}, or origins under [server.websocket]; '
        "if it is of this application, have the proxy in front pass the Host field on"
    )
