"""Lifespan: what runs once before the first request and once after the last.

Rules of this file:
- Start: hooks in order of declaration, then lifespans are entered. Stop: lifespans left in reverse, then stop hooks in
  reverse. If starting fails half-way, what was entered is left again.
- Every stop hook runs, also when another failed; the first error is raised at the end.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Literal, TypeAlias

from spica.app.errors import LifespanError

Hook: TypeAlias = Callable[[], Awaitable[None] | None]
LifespanFunction: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Any] | AsyncIterator[Any]]


class Lifespan:
    """The hooks of an application and the state it is in."""

    def __init__(self) -> None:
        self.state: Literal["new", "running", "stopped"] = "new"
        self._startup: list[Hook] = []
        self._shutdown: list[Hook] = []
        self._lifespans: list[LifespanFunction] = []
        self._open = AsyncExitStack()

    def on_startup(self, hook: Hook) -> Hook:
        """Run a plain or async function before the first request."""
        self._startup.append(hook)
        return hook

    def on_shutdown(self, hook: Hook) -> Hook:
        """Run a plain or async function after the last request."""
        self._shutdown.append(hook)
        return hook

    def add(self, function: LifespanFunction) -> LifespanFunction:
        """Enter an async context manager (or an async generator function) around the life of the application."""
        self._lifespans.append(function)
        return function

    async def start(self, app: object) -> None:
        """Run everything that comes before the first request.

        Raises: LifespanError when it runs already; what a hook raises.
        """
        if self.state == "running":
            raise LifespanError("the application is started twice", fix="await app.shutdown() first")
        async with AsyncExitStack() as stack:
            for hook in self._shutdown:
                stack.push_async_callback(_run, hook)
            for hook in self._startup:
                await _run(hook)
            for function in self._lifespans:
                await stack.enter_async_context(_as_manager(function, app))
            self._open = stack.pop_all()
        self.state = "running"

    async def stop(self) -> None:
        """Run everything that comes after the last request; does nothing when it isn't running."""
        if self.state != "running":
            return
        self.state = "stopped"
        await self._open.aclose()


async def _run(hook: Hook) -> None:
    value = hook()
    if inspect.isawaitable(value):
        await value


def _as_manager(function: LifespanFunction, app: object) -> AbstractAsyncContextManager[Any]:
    if inspect.isasyncgenfunction(function):
        return asynccontextmanager(function)(app)
    made = function(app)
    if not isinstance(made, AbstractAsyncContextManager):
        raise LifespanError(
            f"the lifespan {function!r} made {made!r}, which can't be entered",
            fix="write it as an async generator: `async def lifespan(app): ...; yield; ...`",
        )
    return made
