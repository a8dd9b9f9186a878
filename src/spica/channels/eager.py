"""Eager tasks: a coroutine becomes a Task that has taken its first step already.

Most handlers are `async def` and await things that are there at once. Such a Task ends before it would have begun.

Rules of this file:
- Python 3.12 and later have `eager_start`. On 3.11 a Task schedules its first step with `loop.call_soon`; while it is
  made, that name on the loop instance is a function that keeps the step, as `core/python/src/tasks.rs` has it.
- A loop whose instances have no `__dict__` (uvloop on 3.11) gets ordinary tasks, a turn of the loop later.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Protocol


class Owner(Protocol):
    """Keeps the Task before its first step, so that it can be cancelled from within."""

    def own(self, task: asyncio.Task[None], /) -> None: ...


def start_task(coroutine: Coroutine[Any, Any, None], owner: Owner) -> None:
    """Make a Task of a coroutine and run it to its first wait; the owner is given it if that didn't end it."""
    loop = asyncio.get_running_loop()
    task = _start(coroutine, loop)
    if not task.done():
        owner.own(task)


if sys.version_info >= (3, 12):

    def _start(coroutine: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        return asyncio.Task(coroutine, loop=loop, eager_start=True)

else:

    def _start(coroutine: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        names = getattr(loop, "__dict__", None)
        if names is None or "call_soon" in names:
            return loop.create_task(coroutine)
        step = _Step(loop)
        names["call_soon"] = step.keep
        try:
            task = asyncio.Task(coroutine, loop=loop)
        finally:
            del names["call_soon"]
        step.take(task)
        return task


class _Step:
    """The first step of a Task, kept instead of scheduled."""

    __slots__ = ("_callback", "_context", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._callback: Callable[[], object] | None = None
        self._context: Context | None = None

    def keep(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> Any:
        """Stand in for `loop.call_soon`. A finalizer that runs at that very moment may call it too."""
        if args or context is None or self._callback is not None:
            return type(self._loop).call_soon(self._loop, callback, *args, context=context)
        self._callback, self._context = callback, context
        return None

    def take(self, task: asyncio.Task[Any]) -> None:
        """Run the step as if the loop did: no other Task is the current one meanwhile."""
        if self._callback is None or self._context is None:
            return
        around = asyncio.current_task(self._loop)
        if around is not None:
            asyncio.tasks._leave_task(self._loop, around)  # what eager_start does on 3.12
        try:
            self._context.run(self._callback)
        finally:
            if around is not None:
                asyncio.tasks._enter_task(self._loop, around)
