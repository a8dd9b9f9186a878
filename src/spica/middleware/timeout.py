"""Timeout: a handler that waits too long is cancelled, and its client gets 503.

Rules:
- Only what waits can be cancelled: an `async def` handler at its next `await`. A plain one runs to its end; the
  server's watchdog is for those.
- What a response streams after the handler returned is not counted.
- A handler that swallows the cancellation keeps its answer.
Source: RFC 9110 section 15.6.4.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from spica.errors.http import HttpError
from spica.http.context import Context
from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import Middleware


class Timeout(Middleware):
    """Bounds the time of a handler and of the middleware inside of this one.

    Args:    seconds: above 0; status: of the answer, 503 (default) or 504 where the handler asks another server.
    Raises:  InvalidMiddleware.
    """

    def __init__(self, seconds: float, *, status: int = 503) -> None:
        self.refuses = (status,)
        if not seconds > 0 or status not in (503, 504):
            raise InvalidMiddleware(
                f"Timeout({seconds}, status={status}) is no limit",
                why="it takes more than 0 seconds, and 503 or 504",
                fix="m.Timeout(10)",
            )
        self._seconds = seconds
        self._status = status

    async def around(self, ctx: Context, next: Callable[[Context], Awaitable[Response]]) -> Response:
        """Run what follows, but not for longer."""
        timer = asyncio.timeout(self._seconds)
        try:
            async with timer:
                return await next(ctx)
        except TimeoutError:
            if not timer.expired():  # the handler's own
                raise
            raise HttpError("this took too long", status=self._status) from None
