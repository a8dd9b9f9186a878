"""LoadShed: at most so many requests of a pipeline at the same time in this worker; the others get 503 at once.

Rules:
- For what is dear, such as reports or calls of a slow server, so that it can't take all of the workers' time. The
  server's own limits (`max_tasks_per_loop`, `max_queue_s`) are for everything together.
- A request counts from here until its handler has answered; streams count until their response begins.
- Routes marked vital are let through and not counted.
Source: RFC 9110 sections 15.6.4 and 10.2.3.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from spica.errors.http import ServiceUnavailable
from spica.http.context import Context
from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import Middleware


class LoadShed(Middleware):
    """Refuses what is too much.

    Args:    max_in_flight: requests at the same time, in one worker; retry_after_s: what the others are told.
    Raises:  InvalidMiddleware.
    """

    spares_vital: ClassVar[bool] = True
    refuses: tuple[int, ...] = (503,)

    def __init__(self, max_in_flight: int, *, retry_after_s: int = 1) -> None:
        if max_in_flight < 1 or retry_after_s < 0:
            raise InvalidMiddleware(
                f"LoadShed({max_in_flight}, retry_after_s={retry_after_s}) lets nothing through", fix="m.LoadShed(50)"
            )
        self._limit = max_in_flight
        self._fields = (("retry-after", str(retry_after_s)),)
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        """How many there are now."""
        return self._in_flight

    async def around(self, ctx: Context, next: Callable[[Context], Awaitable[Response]]) -> Response:
        """Count a request while it runs. Raises ServiceUnavailable beyond the limit."""
        if self._in_flight >= self._limit:
            raise ServiceUnavailable("there is too much to do now: try again", fields=self._fields)
        self._in_flight += 1
        try:
            return await next(ctx)
        finally:
            self._in_flight -= 1
