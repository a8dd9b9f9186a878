"""Pump: does what is due soon, all that has gathered at once, and not again at once.

Rules of this file:
- The first who stirs it has it run in the next round of the event loop, so that what happens in one round is one piece
  of work; when it is stirred meanwhile it runs again after a pause. At rest it owns no Task.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("spica.presence")


class Pump:
    """Args: work: what is done, which takes all that is there; pause_s: the least between two runs."""

    def __init__(self, work: Callable[[], Awaitable[None]], pause_s: float) -> None:
        self._work = work
        self._pause_s = pause_s
        self._is_stirred = False
        self._task: asyncio.Task[None] | None = None

    def stir(self) -> None:
        """Have it run. Called on the event loop."""
        self._is_stirred = True
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="spica presence")

    def stop(self) -> None:
        """Leave undone what is due."""
        self._is_stirred = False
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while self._is_stirred:
            self._is_stirred = False
            try:
                await self._work()
            except Exception:  # what comes next has to be done all the same
                log.exception("presence failed")
            await asyncio.sleep(self._pause_s)
        self._task = None
