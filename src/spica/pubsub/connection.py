"""Connection: a bus and its broker, on one event loop.

    closed      begin                                   opening
    opening     the broker started                      open
                it failed: who waits is told, again later   opening
    any         close                                   closed

Rules of this file:
- Messages reach the broker in the order in which `publish` was called, also those that had to wait for its start.
- A failure is logged once, and once more when it is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from spica.pubsub.broker import Broker
from spica.pubsub.errors import BrokerUnavailable

_SHORTEST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_log = logging.getLogger("spica.pubsub")


class Connection:
    """Starts a broker when it is needed, and publishes through it.

    Args:    broker: what is started; start: starts it, with what it is to be told.
    """

    def __init__(self, broker: Broker, start: Callable[[], Awaitable[None]]) -> None:
        self.is_open = False
        self._broker = broker
        self._start = start
        self._failure: Exception | None = None
        self._opening: asyncio.Task[None] | None = None
        self._attempt: asyncio.Future[None] | None = None
        self._line = asyncio.Lock()
        self._in_line = 0
        self._life = asyncio.Lock()  # a start waits for the stop before it

    async def publish(self, message: bytes) -> None:
        """Send a message to the others. Raises BrokerUnavailable."""
        if self._in_line or not self.is_open:
            self._in_line += 1
            try:
                async with self._line:  # first come, first served
                    await self.wait()
            finally:
                self._in_line -= 1
        await self._broker.publish(message)

    def begin(self) -> None:
        """Start the broker in the background, where nobody has."""
        if self._opening is None and not self.is_open:
            loop = asyncio.get_running_loop()
            self._attempt = loop.create_future()
            self._opening = loop.create_task(self._open(), name="spica pubsub start")

    async def wait(self) -> None:
        """Wait for the first attempt to start. Raises BrokerUnavailable, also when it has failed before."""
        if self.is_open:
            return
        self.begin()
        if self._failure is not None:
            raise _unavailable(self._failure)
        assert self._attempt is not None
        await asyncio.shield(self._attempt)

    async def check(self) -> None:
        """Whether the others can be reached, where anybody asked for that so far. Raises BrokerUnavailable."""
        if self._failure is not None:
            raise _unavailable(self._failure)
        if self.is_open:
            await self._broker.check()

    async def close(self) -> None:
        """Stop the broker, or trying to start it; those who wait are told."""
        opening, self._opening = self._opening, None
        if opening is not None and not opening.done():
            opening.cancel()
            await asyncio.wait([opening])
        was_open, self.is_open = self.is_open, False
        self._failure = None
        self._conclude(BrokerUnavailable("pub/sub was stopped"))
        if was_open:
            async with self._life:
                try:
                    await self._broker.stop()
                except Exception:  # the rest of the application has to be stopped as well
                    _log.exception("the broker failed to stop")

    async def _open(self) -> None:
        """Start the broker, as often as it takes."""
        pause_s = _SHORTEST_PAUSE_S
        while True:
            try:
                async with self._life:
                    await self._start()
            except Exception as error:
                if self._failure is None:
                    expected = isinstance(error, BrokerUnavailable | OSError)
                    _log.warning("other processes can't be reached: %s", error, exc_info=None if expected else error)
                self._failure = error
                self._conclude(error)
            else:
                break
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        if self._failure is not None:
            _log.warning("other processes can be reached again")
        self._failure = self._opening = None
        self.is_open = True
        self._conclude(None)

    def _conclude(self, error: Exception | None) -> None:
        """Tell those who wait for the first attempt what came of it."""
        attempt = self._attempt
        if attempt is None or attempt.done():
            return
        if error is None:
            attempt.set_result(None)
        else:
            attempt.set_exception(_unavailable(error))
            attempt.exception()  # seen: it may be that nobody waits


def _unavailable(error: Exception) -> BrokerUnavailable:
    """A new exception for each who is told; the same one raised in many tasks would collect their tracebacks."""
    if isinstance(error, BrokerUnavailable):
        return type(error)(error.what, where=error.where, why=error.why, fix=error.fix)
    told = BrokerUnavailable("other processes can't be reached", why=f"{type(error).__name__}: {error}")
    told.__cause__ = error
    return told
