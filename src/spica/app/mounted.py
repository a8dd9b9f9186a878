"""Mounted ASGI applications: what answers at a mount's prefix, and the life of each application beside ours.

Rules of this file:
- An application is started once, however often it is mounted; whose lifespan raises before it has said anything has
  none, as Django's; who says `lifespan.startup.failed` keeps ours from starting.
- What runs on after its answer is waited for when ours stops, for `GRACE_S`, and is then cancelled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from spica.app.mounted_socket import serve_mounted_socket
from spica.controllers.action import Endpoint
from spica.controllers.controller import RouteInfo
from spica.http import asgi_exchange
from spica.http.asgi_exchange import AsgiApp, Exchange, Message
from spica.http.asgi_scope import VERSIONS, build_scope
from spica.http.context import Context
from spica.http.errors import MountedAppError
from spica.http.response import Response
from spica.routing.route import Route, name_asgi

_LIFESPAN_MESSAGES = frozenset(
    f"lifespan.{phase}.{end}" for phase in ("startup", "shutdown") for end in ("complete", "failed")
)
_log = logging.getLogger("spica.app")


class MountedApps:
    """The ASGI applications that an application of ours has mounted."""

    def __init__(self) -> None:
        self._apps: dict[int, MountedApp] = {}

    def build_endpoint(self, route: Route, info: RouteInfo) -> Endpoint:
        """Make what answers a route of a mount."""
        target: Any = route.target
        app = self._apps.setdefault(id(target), MountedApp(target, str(route.where)))
        call = app.serve_socket if route.is_socket else app.answer
        return Endpoint(info, Context, call, route.pattern.names, streams_content=True)

    def take_lifespans(self) -> list[Callable[[object], AbstractAsyncContextManager[None]]]:
        """What is to be entered around our life, once."""
        found: list[Callable[[object], AbstractAsyncContextManager[None]]] = [
            app.live for app in self._apps.values() if not app.is_taken
        ]
        for app in self._apps.values():
            app.is_taken = True
        return found


class MountedApp:
    """One ASGI application. `state` is what its lifespan left for requests, None without one."""

    def __init__(self, app: AsgiApp, where: str) -> None:
        self._app, self._where = app, where
        self.label = name_asgi(app)
        self.is_taken = False
        self.state: dict[str, Any] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, ctx: Context) -> Response:
        """Answer a request by the application."""
        scope = build_scope(ctx, "http", rest=ctx.path_params["path"], state=self.state)
        _give_parameters(scope, ctx)
        return await Exchange(ctx.request, ctx.request.stream(), self.label, self._tasks).ask(self._app, scope)

    async def serve_socket(self, ctx: Context) -> Response:
        """Let the application speak with a WebSocket; the response counts when it has not accepted it."""
        scope = build_scope(ctx, "websocket", rest=ctx.path_params["path"], state=self.state)
        _give_parameters(scope, ctx)
        return await serve_mounted_socket(self._app, scope, ctx, self.label)

    @asynccontextmanager
    async def live(self, _: object) -> AsyncIterator[None]:
        """Run the application's lifespan around ours."""
        life = _Life(self._app, self.label, self._where)
        self.state = await life.start()
        try:
            yield
        finally:
            await self._finish_tasks()
            await life.stop()

    async def _finish_tasks(self) -> None:
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=asgi_exchange.GRACE_S)
            for task in late:
                _log.warning("%s was still at work, and is cancelled", self.label)
                task.cancel()


class _Life:
    """The lifespan of one application, in a task of its own."""

    def __init__(self, app: AsgiApp, label: str, where: str) -> None:
        self._app, self._label, self._where = app, label, where
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._asked: asyncio.Queue[Message] = asyncio.Queue()
        self._state: dict[str, Any] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> dict[str, Any] | None:
        """Start it. Returns its state, None when it has no lifespan; raises MountedAppError when it fails."""
        scope = {"type": "lifespan", "asgi": dict(VERSIONS), "state": self._state}
        self._task = asyncio.create_task(self._run(scope), name=f"lifespan of {self._label}")
        try:
            said = await self._ask("startup")
        except BaseException:
            self._task.cancel()
            raise
        if said is None:
            return None
        if said["type"] == "lifespan.startup.complete":
            return self._state
        raise MountedAppError(
            f"{self._label} did not start",
            where=self._where,
            why=str(said.get("message", "")).strip() or "it says lifespan.startup.failed, and nothing more",
            fix="look at what it does when it starts: its lifespan, or its startup handlers",
        )

    async def stop(self) -> None:
        """Stop it, if it runs."""
        if self._task is None or self._task.done():
            return
        said = await self._ask("shutdown")
        if said is not None and said["type"] == "lifespan.shutdown.failed":
            _log.error("%s failed to stop: %s", self._label, said.get("message", ""))
        await asyncio.wait((self._task,), timeout=asgi_exchange.GRACE_S)
        self._task.cancel()

    async def _ask(self, phase: str) -> Message | None:
        """Say that a phase begins, and wait for the answer; None when the lifespan ended without one."""
        assert self._task is not None
        self._asked.put_nowait({"type": f"lifespan.{phase}"})
        answer = asyncio.ensure_future(self._said.get())
        await asyncio.wait((answer, self._task), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() and self._said.empty():
            answer.cancel()
            return None
        return await answer

    async def _hear(self, message: Message) -> None:
        if message.get("type") not in _LIFESPAN_MESSAGES:  # from who takes every scope for a request
            raise ValueError(f"{message.get('type')!r} is no answer to a lifespan")
        self._said.put_nowait(message)

    async def _run(self, scope: Message) -> None:
        try:
            await self._app(scope, self._asked.get, self._hear)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            _log.info("%s has no lifespan, or it failed: %s: %s", self._label, type(error).__name__, error)


def _give_parameters(scope: Message, ctx: Context) -> None:
    """What the prefix of the mount has captured, where Starlette looks for it."""
    if len(ctx.path_params) > 1:
        scope["path_params"] = {name: value for name, value in ctx.path_params.items() if name != "path"}
