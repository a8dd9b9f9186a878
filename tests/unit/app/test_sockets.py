"""spica.app.sockets: a handshake's way through middleware and handler, without a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from spica import App, Forbidden, SocketClosed, WebSocket
from spica.app.failures import Failures
from spica.app.origins import OriginCheck, RefusedOrigins
from spica.app.sockets import build_socket_entry
from spica.controllers.action import build_function_endpoint
from spica.controllers.controller import RouteInfo
from spica.http.context import Context, ContextServices
from spica.http.response import Response
from spica.middleware.pipeline import Middleware
from tests.requests import make_request


class Native:
    """A `NativeSocket` that remembers how it was accepted and closed."""

    protocols = ()
    end = None

    def __init__(self) -> None:
        self.is_accepted = False
        self.fields: Any = None
        self.code: int | None = None

    def accept(self, protocol: str | None = None, fields: Any = ()) -> None:
        self.is_accepted, self.fields = True, fields

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.code = code


class Marked(Middleware):
    def after(self, ctx: Context, response: Response) -> None:
        response.set_header("x-status", str(response.status))


class Refusing(Middleware):
    def before(self, ctx: Context) -> Response:
        return Response.text("not today", status=401)


async def open_socket(
    handler: Callable[[WebSocket], Awaitable[object]], *middleware: Middleware, told: list[str] | None = None
) -> tuple[Native, Response | None]:
    app = App()
    app.report(lambda error, request: (told or []).append(f"{error} {request.path}"))
    app.ws("/s")(handler)
    [route] = app.table.routes
    info = RouteInfo(method="GET", pattern="/s", target="s")
    endpoint = build_function_endpoint(route, handler, info)
    failures: Failures = app.failures
    origins = OriginCheck([], "", RefusedOrigins(development=False))
    entry = build_socket_entry(endpoint, middleware, failures, ContextServices(), origins)
    native = Native()
    return native, await entry(make_request().native, native)  # type: ignore[arg-type]


async def test_middleware_sees_a_101_and_its_fields_go_out() -> None:
    async def accept(socket: WebSocket) -> None:
        await socket.accept()

    native, answer = await open_socket(accept, Marked())
    assert (native.fields, answer) == ([("x-status", "101")], None)


async def test_middleware_may_refuse_before_the_handler() -> None:
    async def never(socket: WebSocket) -> None:
        raise AssertionError("the handshake was refused")

    native, answer = await open_socket(never, Refusing())
    assert answer is not None
    assert (native.is_accepted, answer.status) == (False, 401)


@pytest.mark.parametrize("error", [Forbidden("private"), None])
async def test_a_handler_that_does_not_accept_is_a_403(error: Exception | None) -> None:
    async def refuse(socket: WebSocket) -> None:
        if error is not None:
            raise error

    _, answer = await open_socket(refuse)
    assert answer is not None
    assert answer.status == 403


async def test_an_error_after_accepting_is_logged_and_told_as_1011(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(socket: WebSocket) -> None:
        await socket.accept()
        raise RuntimeError("broken")

    told = ["before"]
    native, answer = await open_socket(fail, told=told)
    assert (native.code, answer) == (1011, None)
    assert "broken" in caplog.text
    assert told == ["before", "broken /"], "reporters hear of it"


async def test_a_closed_socket_that_leaves_the_handler_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def gone(socket: WebSocket) -> None:
        await socket.accept()
        raise SocketClosed(1006)

    assert (await open_socket(gone))[1] is None
    assert caplog.text == ""


@pytest.mark.parametrize(("development", "lines"), [(True, 1), (False, 0)])
async def test_why_a_handshake_is_refused_is_a_line_in_development(
    development: bool, lines: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(socket: WebSocket) -> None:
        raise Forbidden("members only")

    monkeypatch.setenv("SPICA_ENV", "development" if development else "test")
    await open_socket(refuse)
    told = [line for line in capsys.readouterr().err.splitlines() if "WebSocket refused" in line]
    assert len(told) == lines
    assert all("members only" in line and "403" in line for line in told)
