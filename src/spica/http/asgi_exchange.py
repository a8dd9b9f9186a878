"""Asking an ASGI application: one request of ours, and the Response that is made of what the application sends.

Rules of this file:
- The application runs in a task of its own: what it does after its answer (background work) delays nobody.
- An answer of one piece is an ordinary Response; more pieces are a stream that takes one when the client has room.
- What the application lets through before its answer has left is raised to who asked, also when it has made a 5xx of it
  first, as Starlette does; after that it is logged, and an answer that is not whole ends its connection.
- A client that is gone is told by `http.disconnect`; who sends further pieces all the same gets `ClientGone`, and who
  has not ended its answer after `GRACE_S` is cancelled.
Source: ASGI 3.0, HTTP message format 2.3 with the extensions `http.response.trailers` and `http.response.early_hint`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from spica.errors.http import HttpError
from spica.http.errors import InvalidField, MountedAppError
from spica.http.fields import check_field
from spica.http.request import Request
from spica.http.response import Response
from spica.http.streaming import ContentStream, Fields

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

GRACE_S = 5.0
# The connection is ours, or that of the server in front of us.
_OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade"})
_CLIENT_WENT_AWAY = 400
_log = logging.getLogger("spica.asgi")


class ClientGone(OSError):
    """An ASGI application sends more of an answer whose client is gone."""


class Exchange:
    """One request to an ASGI application.

    Args:    request: whose content it gets; content: where that comes from; label: names the application in messages;
             tasks: keeps what runs.
    """

    def __init__(self, request: Request, content: ContentStream, label: str, tasks: set[asyncio.Task[None]]) -> None:
        self._request, self._content, self._label, self._tasks = request, content, label, tasks
        self._answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head: tuple[int, Fields] | None = None
        self._chunk: bytes | None = None
        self._trailers: Fields = []
        self._expects_trailers = False
        self._was_read = self._is_whole = self._is_gone = self._is_told = False

    async def ask(self, app: AsgiApp, scope: Message) -> Response:
        """Call the application.

        Returns: its answer, which may go on to stream.
        Raises:  what the application lets through; MountedAppError when it breaks the protocol.
        """
        self._task = task = asyncio.create_task(self._run(app, scope), name=f"asgi {self._label}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        try:
            response = await asyncio.shield(self._answer)
        except asyncio.CancelledError:
            self._leave()
            raise
        if response.status >= 500 and task.done() and not task.cancelled() and (error := task.exception()) is not None:
            self._is_told = True
            raise error
        return response

    # What the application is given

    async def receive(self) -> Message:
        """The next piece of the content, then the end of the client or of the answer."""
        if not self._was_read and not self._is_gone:
            try:
                return {"type": "http.request", "body": await self._content.__anext__(), "more_body": True}
            except StopAsyncIteration:
                self._was_read = True
                return {"type": "http.request", "body": b"", "more_body": False}
            except HttpError as error:
                self._was_read = True
                if error.status != _CLIENT_WENT_AWAY:
                    raise
                self._leave()
        while not self._is_gone and not self._is_whole:
            await self._wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a message of the answer.

        Raises: MountedAppError for one that can't be meant; ClientGone.
        """
        kind = message.get("type")
        if kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.body":
            await self._send_body(message)
        elif kind == "http.response.trailers":
            self._add_trailers(message)
        elif kind == "http.response.early_hint":
            links = [("link", bytes(link).decode("latin-1")) for link in message.get("links", ())]
            self._request.native.send_early_hints(links)
        else:
            raise self._mistake(f"it sends a message of the type {kind!r}")

    # The rest is private.

    async def _run(self, app: AsgiApp, scope: Message) -> None:
        try:
            await app(scope, self.receive, self.send)
        except (SystemExit, KeyboardInterrupt) as error:  # they would end the event loop
            raise self._mistake(f"it raised {type(error).__name__}") from error

    def _start(self, message: Message) -> None:
        if self._head is not None:
            raise self._mistake("it begins its answer twice")
        status = message.get("status")
        if not isinstance(status, int) or not 200 <= status <= 599:
            raise self._mistake(f"its answer has the status {status!r}")
        self._expects_trailers = bool(message.get("trailers", False))
        self._head = int(status), self._read_fields(message.get("headers", ()))

    async def _send_body(self, message: Message) -> None:
        if self._head is None:
            raise self._mistake("it sends content before the head of its answer")
        if self._is_whole:
            raise self._mistake("it sends content after the end of its answer")
        body, has_more = message.get("body", b""), bool(message.get("more_body", False))
        if not isinstance(body, (bytes, bytearray, memoryview)):
            raise self._mistake(f"its content is of the type {type(body).__name__}")
        if self._answer.done() or has_more or self._expects_trailers:
            self._begin_stream(*self._head)
            await self._write(bytes(body), has_more=has_more)
        else:
            self._answer.set_result(self._build_whole(bytes(body), *self._head))
        if not has_more and not self._expects_trailers:
            self._end()

    def _build_whole(self, body: bytes, status: int, fields: Fields) -> Response:
        response = Response(status=status, fields=[field for field in fields if field[0] != "content-length"])
        response.body = body
        if self._request.method == "HEAD" and not body and len(response.fields) < len(fields):
            # Of what GET would send; only a stream may announce what it does not have.
            response.fields, response.stream = fields, ()
        return response

    def _begin_stream(self, status: int, fields: Fields) -> None:
        if self._answer.done():
            return
        response = Response(status=status, fields=fields)
        response.stream = self._pieces()
        if self._expects_trailers:
            response.trailers = lambda: self._trailers
        self._answer.set_result(response)

    async def _write(self, body: bytes, *, has_more: bool) -> None:
        while self._chunk is not None and not self._is_gone:
            await self._wait()
        if self._is_gone and has_more:
            raise ClientGone("the client is gone")
        self._chunk = body or None
        self._wake()

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                while self._chunk is None and not self._is_whole and not self._has_ended:
                    await self._wait()
                if self._chunk is not None:
                    chunk, self._chunk = self._chunk, None
                    self._wake()
                    yield chunk
                elif self._is_whole:
                    return
                else:
                    raise self._why_ended()
        finally:
            if not self._is_whole:
                self._leave()

    @property
    def _has_ended(self) -> bool:
        return self._task is None or self._task.done()

    def _why_ended(self) -> BaseException:
        self._is_told = True
        task = self._task
        error = task.exception() if task is not None and not task.cancelled() else None
        return error or self._mistake("it ended in the middle of its answer")

    def _add_trailers(self, message: Message) -> None:
        if not self._expects_trailers:
            raise self._mistake("it sends trailers that it did not announce")
        self._trailers += self._read_fields(message.get("headers", ()))
        if not message.get("more_trailers", False):
            self._end()

    def _end(self) -> None:
        self._is_whole = True
        self._wake()

    def _leave(self) -> None:
        """The client is gone; what only it would have seen is to end."""
        if self._is_gone or self._has_ended:
            return
        self._is_gone = True
        self._chunk = None
        if self._task is not None:
            self._timer = asyncio.get_running_loop().call_later(GRACE_S, self._task.cancel)
        self._wake()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._timer is not None:
            self._timer.cancel()
        self._wake()
        error = None if task.cancelled() else task.exception()
        if not self._answer.done():
            self._is_told = not self._is_gone
            if not self._is_gone:
                self._answer.set_exception(error or self._mistake("it ended without an answer"))
        elif error is not None and self._is_whole:
            # After whoever asked had the chance to raise it.
            asyncio.get_running_loop().call_soon(self._log_late, error)

    def _log_late(self, error: BaseException) -> None:
        if not self._is_told and not self._is_gone:
            _log.error("%s failed after its answer to %s", self._label, self._request.path, exc_info=error)

    def _read_fields(self, headers: Iterable[tuple[bytes, bytes]]) -> Fields:
        try:
            pairs = [(_octets(name).decode("latin-1"), _octets(value).decode("latin-1")) for name, value in headers]
            checked = [check_field(name, value) for name, value in pairs]
        except (TypeError, ValueError, InvalidField) as error:
            raise self._mistake(f"it sends a field that can't be sent: {error}") from error
        return [field for field in checked if field[0] not in _OF_THE_CONNECTION]

    def _mistake(self, what: str) -> MountedAppError:
        return MountedAppError(
            f"{self._label} does not keep to ASGI: {what}",
            where=f"{self._request.method} {self._request.path}",
            why="an answer is http.response.start once, then http.response.body until more_body is false",
            fix="look at what the application, or its outermost middleware, sends",
        )

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()


def _octets(value: object) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"names and values are bytes, not {type(value).__name__}")
