"""Mailbox: what a channel has yet to do, one thing after the other, without a Task as long as nothing waits.

    idle ── put ──► running inline ── it ends ──► idle
                         │ it waits
                         ▼
                    a Task works off what it waits for and all that has come meanwhile ──► idle

Rules of this file:
- A piece of work is a function and its arguments. It runs at once when the mailbox is idle, and gives a coroutine when
  it has to wait. It never raises: what it is made of has its own way to fail.
- An idle mailbox owns no Task and no queue.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from spica.channels.eager import start_task

Work: TypeAlias = Callable[..., "Coroutine[Any, Any, None] | None"]


class Mailbox:
    """The work of one channel; `is_busy` while a piece of it runs."""

    __slots__ = ("_task", "_waiting", "is_busy")

    def __init__(self) -> None:
        self.is_busy = False
        self._task: asyncio.Task[None] | None = None
        self._waiting: deque[tuple[Work, tuple[Any, ...]]] | None = None

    @property
    def waiting(self) -> int:
        """How many pieces wait."""
        return len(self._waiting) if self._waiting is not None else 0

    def put(self, work: Work, *arguments: Any) -> None:
        """Do a piece of work after those that were put before."""
        if self.is_busy:
            if self._waiting is None:
                self._waiting = deque()
            self._waiting.append((work, arguments))
            return
        self.is_busy = True
        rest = work(*arguments)
        if rest is None and self._waiting is not None:
            rest = self._next()
        if rest is None:
            self.is_busy = False
        else:
            start_task(self._work_off(rest), self)

    def hold(self) -> None:
        """Do nothing until `release`; called while it is idle."""
        self.is_busy = True

    def release(self) -> None:
        """Go on with what was put since `hold`."""
        rest = self._next()
        if rest is None:
            self.is_busy = False
        else:
            start_task(self._work_off(rest), self)

    def clear(self) -> list[tuple[Work, tuple[Any, ...]]]:
        """Forget what waits. Returns it."""
        forgotten = list(self._waiting or ())
        if self._waiting is not None:
            self._waiting.clear()
        return forgotten

    def interrupt(self) -> None:
        """Cancel what runs, if it waits for something; then comes what is waiting."""
        if self._task is not None:
            self._task.cancel()

    def own(self, task: asyncio.Task[None]) -> None:
        """Keep the Task that works it off."""
        self._task = task

    def _next(self) -> Coroutine[Any, Any, None] | None:
        """Do what waits, up to a piece that has to wait itself."""
        rest = None
        while rest is None and self._waiting:
            work, arguments = self._waiting.popleft()
            rest = work(*arguments)
        return rest

    async def _work_off(self, rest: Coroutine[Any, Any, None] | None) -> None:
        while rest is not None:
            await rest
            rest = self._next()
        self._task = None
        self._waiting = None
        self.is_busy = False
