"""BodyLimit: a smaller limit for the content of requests than the server's own, for a pipeline.

    p.use(m.BodyLimit("64 KiB"))

Rules:
- Content that is read whole is refused with 413 by the core: what is announced as larger before it is read, what turns
  out to be as soon as it does. Neither the handler nor other middleware runs.
- A stream that grows beyond is refused while it is read. Other servers, behind ASGI, refuse when the middleware's turn
  comes.
- It can only narrow the server's limit.
Source: RFC 9110 section 15.5.14.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from spica.errors.http import ContentTooLarge
from spica.http.context import Context
from spica.http.request import Request
from spica.http.streaming import ContentStream
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import Middleware

_UNITS = {"": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 10**9, "kib": 1_024, "mib": 1_024**2, "gib": 1_024**3}
_SIZE = re.compile(r"\s*([0-9]+)\s*([a-z]*)\s*", re.IGNORECASE).fullmatch


class BodyLimit(Middleware):
    """Refuses content that is larger.

    Args:    limit: octets, or text such as "64 KiB" or "10 MB".
    Raises:  InvalidMiddleware for what is no size.
    """

    refuses: tuple[int, ...] = (413,)

    def __init__(self, limit: int | str) -> None:
        self._limit = parse_size(limit)

    @property
    def limit(self) -> int:
        """Octets that are taken at most."""
        return self._limit

    def before(self, ctx: Context) -> None:
        """Refuse what is too large, and watch what is still to come."""
        native = ctx.request.native
        announced = native.field("content-length")
        if announced is not None and announced.isdecimal() and int(announced) > self._limit:
            raise self._too_large()
        if native.incoming is not None:
            ctx.request = LimitedRequest(ctx.request, self._limit)
        elif native.content_length > self._limit:
            raise self._too_large()

    def _too_large(self) -> ContentTooLarge:
        return ContentTooLarge(f"at most {self._limit} bytes are taken here")


class LimitedRequest(Request):
    """A request whose content is still to come, up to a limit."""

    __slots__ = ("_incoming", "limit")

    def __init__(self, request: Request, limit: int) -> None:
        super().__init__(request.native)
        self.limit: int = min(limit, request.limit) if isinstance(request, LimitedRequest) else limit
        self._incoming = LimitedIncoming(request.native.incoming, self.limit)

    def stream(self) -> ContentStream:
        """The content as it arrives; reading beyond the limit raises an HttpError with 413."""
        return ContentStream(self._incoming)


class LimitedIncoming:
    """Content as it arrives, up to a limit; stands for the `Incoming` it is given."""

    def __init__(self, incoming: Any, limit: int) -> None:
        self._incoming = incoming
        self._left = limit

    def take(self) -> bytes | tuple[int, str] | None:
        """The next octets; (413, why) beyond the limit."""
        if self._left < 0:
            return 413, "the content is too large"
        chunk: bytes | tuple[int, str] | None = self._incoming.take()
        if isinstance(chunk, bytes):
            self._left -= len(chunk)
            if self._left < 0:
                return 413, "the content is too large"
        return chunk

    def arrived(self) -> asyncio.Future[None]:
        """A future that is done when there is something to take."""
        future: asyncio.Future[None] = self._incoming.arrived()
        return future

    @property
    def trailers(self) -> list[tuple[str, str]]:
        """The trailer fields."""
        fields: list[tuple[str, str]] = self._incoming.trailers
        return fields


def find_limit(chain: Sequence[Middleware]) -> int | None:
    """Return the narrowest limit of a route's chain; None without any."""
    return min((one.limit for one in chain if isinstance(one, BodyLimit)), default=None)


def parse_size(size: int | str) -> int:
    """Read a size in octets: 65536, "64 KiB", "10 MB". Raises InvalidMiddleware."""
    found = _SIZE(size) if isinstance(size, str) else None
    octets = size if isinstance(size, int) else int(found[1]) * _UNITS.get(found[2].lower(), 0) if found else 0
    if octets < 1 or isinstance(size, bool):
        raise InvalidMiddleware(f"{size!r} is not a size", fix='m.BodyLimit("64 KiB"), or a number of bytes')
    return octets
