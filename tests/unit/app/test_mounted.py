"""ASGI applications mounted inside ours: Starlette, FastAPI, Django, and some that break every rule."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from spica import App, Context, Response, Router
from spica.errors import SpicaError
from spica.http import asgi_exchange
from spica.http.errors import MountedAppError
from spica.routing.declare import Routes
from spica.routing.errors import DuplicateRouteError, InvalidRouteOptionError, InvalidTargetError
from spica.testing import BrokenResponse
from tests.serving import open_client


def mounted(asgi: Any, prefix: str = "/legacy") -> App:
    app = App(env="production")
    app.mount(prefix, asgi)
    return app


async def describe(request: Request) -> JSONResponse:
    scope = request.scope
    return JSONResponse(
        {
            "method": request.method,
            "path": scope["path"],
            "raw_path": scope["raw_path"].decode(),
            "root_path": scope["root_path"],
            "query": scope["query_string"].decode(),
            "parameters": scope.get("path_params"),
            "host": request.headers["host"],
        }
    )


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "QUERY"]
STARLETTE = Starlette(routes=[Route("/", describe, methods=METHODS), Route("/{rest:path}", describe, methods=METHODS)])


@pytest.mark.parametrize("method", METHODS)
async def test_every_method_and_path_below_the_prefix_goes_there(method: str) -> None:
    async with open_client(mounted(STARLETTE)) as client:
        answer = (await client.request(method, "/legacy/a%20b/c?x=1")).json()
    assert answer["method"] == method
    assert (answer["path"], answer["raw_path"]) == ("/legacy/a b/c", "/legacy/a%20b/c")
    assert (answer["root_path"], answer["query"]) == ("/legacy", "x=1")


@pytest.mark.parametrize("prefix", ["/", ""])
async def test_an_application_at_the_root_gets_what_no_route_does(prefix: str) -> None:
    app = App(env="production")
    app.get("/ours")(lambda: "ours")
    app.mount(prefix, STARLETTE)
    async with open_client(app) as client:
        assert (await client.get("/ours")).text == "ours"
        for path in ("/", "/theirs/x"):
            answer = (await client.get(path)).json()
            assert (answer["path"], answer["root_path"]) == (path, "")


async def test_what_a_prefix_captures_is_in_the_scope() -> None:
    async with open_client(mounted(STARLETTE, "/t/{tenant}/shop")) as client:
        answer = (await client.get("/t/acme/shop/x")).json()
    assert answer["root_path"] == "/t/acme/shop"
    assert answer["parameters"]["tenant"] == "acme"


async def test_more_specific_routes_of_ours_win_and_less_specific_ones_do_not() -> None:
    app = mounted(STARLETTE)
    app.get("/legacy/own")(lambda: "ours")
    app.get("/{a}/{b}")(lambda a, b: "any")
    async with open_client(app) as client:
        assert (await client.get("/legacy/own")).text == "ours"
        assert (await client.post("/legacy/own")).json()["path"] == "/legacy/own"
        assert (await client.get("/legacy/x")).json()["path"] == "/legacy/x"
        assert (await client.get("/other/x")).text == "any"


def test_two_mounts_at_one_prefix_are_told_at_boot() -> None:
    app = mounted(STARLETTE)
    app.mount("/legacy", FastAPI())
    with pytest.raises(SpicaError) as told:
        app.compiled
    mistakes = getattr(told.value, "mistakes", [told.value])
    assert all(isinstance(mistake, DuplicateRouteError) for mistake in mistakes)
    assert "fastapi.FastAPI" in str(told.value)


def wsgi(environ: Any, start_response: Any) -> Any: ...


@pytest.mark.parametrize(
    ("thing", "says"),
    [(Starlette, "mount Starlette(...)"), (wsgi, "a2wsgi"), ("posts#show", "can't be called"), (lambda: None, "scope")],
)
def test_what_is_no_asgi_application_is_refused(thing: Any, says: str) -> None:
    for mount in (App().mount, Routes().mount, Router().mount):
        with pytest.raises(InvalidTargetError, match="can't be mounted") as told:
            mount("/legacy", thing)
        assert says in str(told.value)


async def test_content_streams_both_ways() -> None:
    sent: list[int] = []

    async def echo(request: Request) -> StreamingResponse:
        received = [piece async for piece in request.stream()]

        async def pieces() -> AsyncIterator[bytes]:
            for piece in received:
                sent.append(len(piece))
                yield piece

        return StreamingResponse(pieces(), media_type="application/octet-stream")

    content = bytes(range(256)) * 4096
    async with open_client(mounted(Starlette(routes=[Route("/", echo, methods=["POST"])]))) as client:
        response = await client.post("/legacy/", content=content)
    assert response.content == content
    assert len(sent) > 1


async def test_a_websocket_speaks_with_the_application() -> None:
    async def talk(socket: WebSocket) -> None:
        await socket.accept(subprotocol="b", headers=[(b"x-one", b"1"), (b"set-cookie", b"a=1")])
        async for text in socket.iter_text():
            await socket.send_text(f"{socket.scope['root_path']} {text}")
            await socket.send_bytes(text.encode())

    app = mounted(Starlette(routes=[WebSocketRoute("/talk", talk)]))
    async with open_client(app) as client, client.socket("/legacy/talk", subprotocols=["a", "b"]) as socket:
        await socket.send("hello")
        assert await socket.receive() == "/legacy hello"
        assert await socket.receive() == b"hello"


async def test_background_work_goes_on_after_the_answer_and_is_waited_for() -> None:
    started, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        await asyncio.sleep(0)
        done.set()

    def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse("at once", background=BackgroundTask(work))

    async with open_client(mounted(Starlette(routes=[Route("/", answer)]))) as client:
        assert (await client.get("/legacy/")).text == "at once"
    assert started.is_set()
    assert done.is_set()


async def test_lifespan_and_state() -> None:
    told: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, int]]:
        told.append("up")
        yield {"answer": 42}
        told.append("down")

    api = FastAPI(lifespan=lifespan)

    @api.get("/state")
    def state(request: Request) -> int:
        return int(request.state.answer)

    app = mounted(api)
    app.mount("/again", api)
    async with open_client(app) as client:
        assert (await client.get("/legacy/state")).json() == 42
        assert (await client.get("/again/state")).json() == 42
        assert told == ["up"]
    assert told == ["up", "down"]


async def test_an_application_that_does_not_start_keeps_ours_from_it() -> None:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        raise ConnectionError("no database")
        yield

    with pytest.raises(MountedAppError, match="Starlette did not start") as told:
        await mounted(Starlette(lifespan=lifespan)).startup()
    assert "no database" in str(told.value)


async def test_an_exception_becomes_our_answer_and_is_reported() -> None:
    reported: list[BaseException] = []

    def fail(request: Request) -> None:
        raise LookupError("no such row")

    app = mounted(Starlette(routes=[Route("/", fail)]))
    app.report(lambda error, request: reported.append(error))
    async with open_client(app) as client:
        response = await client.get("/legacy/", headers={"accept": "application/json"})
    assert response.status == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert [type(error) for error in reported] == [LookupError]


async def test_our_middleware_is_around_it() -> None:
    seen: list[str] = []

    async def user(request: Request) -> PlainTextResponse:
        ctx: Context = request.scope["spica.context"]
        return PlainTextResponse(ctx.current_user)

    def sign_in(ctx: Context) -> None:
        ctx.current_user = "ada"

    def mark(ctx: Context, response: Response) -> None:
        seen.append(str(response.status))
        response.set_header("x-marked", "yes")

    app = App(env="production")
    app.use(sign_in, mark)
    app.mount("/legacy", Starlette(routes=[Route("/", user)]))
    async with open_client(app) as client:
        response = await client.get("/legacy/")
    assert (response.text, response.headers["x-marked"], seen) == ("ada", "yes", ["200"])
    assert response.headers["x-content-type-options"] == "nosniff"


# Applications that break the protocol


async def start(send: Any, **more: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [], **more})


async def starts_twice(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    await start(send)


async def says_nothing(scope: Any, receive: Any, send: Any) -> None:
    return


async def content_first(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.body", "body": b"x"})


async def text_content(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    await send({"type": "http.response.body", "body": "text"})


async def text_field(scope: Any, receive: Any, send: Any) -> None:
    await start(send, headers=[("x", "y")])


async def split_field(scope: Any, receive: Any, send: Any) -> None:
    await start(send, headers=[(b"x", b"y\r\nset-cookie: a=b")])


async def wrong_status(scope: Any, receive: Any, send: Any) -> None:
    await start(send, status="200 OK")


async def unknown_message(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.wave"})


async def exits(scope: Any, receive: Any, send: Any) -> None:
    raise SystemExit(3)


@pytest.mark.parametrize(
    "asgi",
    [
        starts_twice,
        says_nothing,
        content_first,
        text_content,
        text_field,
        split_field,
        wrong_status,
        unknown_message,
        exits,
    ],
)
async def test_who_breaks_the_protocol_before_its_answer_is_a_500(asgi: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with open_client(mounted(asgi)) as client:
        response = await client.get("/legacy/")
    assert response.status == 500
    assert "set-cookie" not in response.headers
    assert any(record.exc_info and isinstance(record.exc_info[1], MountedAppError) for record in caplog.records)


async def test_who_raises_in_the_middle_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    async def breaks(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise LookupError("lost")

    async with open_client(mounted(breaks)) as client:
        with pytest.raises(BrokenResponse):
            await client.get("/legacy/")
    assert any(record.exc_info and isinstance(record.exc_info[1], LookupError) for record in caplog.records)


async def test_who_fails_after_its_answer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def late(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await send({"type": "http.response.body", "body": b"fine"})
        raise LookupError("late")

    with caplog.at_level(logging.ERROR):
        async with open_client(mounted(late)) as client:
            assert (await client.get("/legacy/")).text == "fine"
    assert "failed after its answer" in caplog.text


async def test_a_client_that_is_gone_is_told_and_who_never_ends_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi_exchange, "GRACE_S", 0.01)
    asked, ended, messages = asyncio.Event(), asyncio.Event(), []

    async def never(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ValueError(scope["type"])
        messages.append((await receive())["type"])
        asked.set()
        messages.append((await receive())["type"])
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with open_client(mounted(never)) as client:
        request = asyncio.ensure_future(client.get("/legacy/"))
        await asked.wait()
        request.cancel()
        await asyncio.wait((request,))
        await ended.wait()
    assert messages == ["http.request", "http.disconnect"]


async def test_trailers_are_sent() -> None:
    async def with_trailers(scope: Any, receive: Any, send: Any) -> None:
        assert "http.response.trailers" in scope["extensions"]
        await start(send, trailers=True)
        await send({"type": "http.response.body", "body": b"content"})
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"7")]})

    async with open_client(mounted(with_trailers)) as client:
        assert (await client.get("/legacy/")).text == "content"


async def test_head_announces_the_length_that_get_would_have() -> None:
    async def head(scope: Any, receive: Any, send: Any) -> None:
        await start(send, headers=[(b"content-length", b"1234")])
        await send({"type": "http.response.body", "body": b""})

    async with open_client(mounted(head)) as client:
        response = await client.request("HEAD", "/legacy/")
    assert (response.status, response.headers["content-length"]) == (200, "1234")


@pytest.mark.parametrize("ends", ["close", "return", "raise"])
async def test_a_refused_handshake(ends: str) -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        if ends == "close":
            await send({"type": "websocket.close"})
        elif ends == "raise":
            raise LookupError

    async with open_client(mounted(refuse)) as client:
        with pytest.raises(Exception, match="403" if ends == "close" else "500"):
            async with client.socket("/legacy/ws"):
                pass


@pytest.mark.parametrize(
    ("origins", "origin", "status"),
    [
        (None, "http://testserver", 101),
        (None, "https://pages.example", 403),
        ("https://pages.example", "https://pages.example", 101),
        (["https://pages.example"], "https://evil.example", 403),
        ("*", "https://evil.example", 101),
    ],
)
async def test_a_mount_says_whose_pages_may_open_its_websockets(origins: Any, origin: str, status: int) -> None:
    """Refused before the application hears of it: what checks no Origin, as Starlette, is safe behind a mount."""
    heard: list[str] = []

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            heard.append(scope["path"])
            await send({"type": "websocket.accept"})

    app = App(env="test")
    app.mount("/live", asgi, origins=origins)
    async with open_client(app) as client:
        received = await client.send_octets(
            b"GET /live/x HTTP/1.1\r\nhost: testserver\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"origin: %s\r\n\r\n" % origin.encode()
        )
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert heard == (["/live/x"] if status == 101 else [])


def test_origins_of_a_mount_are_checked_at_boot() -> None:
    for app in (App(), Routes()):
        with pytest.raises(InvalidRouteOptionError, match="is no origin"):
            app.mount("/live", STARLETTE, origins=["pages.example"])
        with pytest.raises(InvalidRouteOptionError, match="origins says nothing of a router"):
            app.mount("/users", Router(), origins=["https://pages.example"])
    routes = Routes()
    routes.mount("/live", STARLETTE, origins="https://pages.example", pipe=[])
    assert routes.routes[0].origins == ("https://pages.example",)


async def test_both_ways_at_once() -> None:
    """Full duplex: the application answers what has come while the client still has more to say."""

    async def echo(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        has_more = True
        while has_more:
            message = await receive()
            has_more = message["more_body"]
            await send({"type": "http.response.body", "body": message["body"].upper(), "more_body": has_more})

    received = bytearray()
    came = asyncio.Event()

    def sink(data: bytes | None) -> None:
        received.extend(data or b"")
        came.set()

    async with open_client(mounted(echo)) as client:
        connection = client._connect(sink)
        connection.feed(b"POST /legacy/ HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n")
        for piece in (b"one", b"two", b"three"):
            connection.feed(b"%x\r\n%s\r\n" % (len(piece), piece))
            async with asyncio.timeout(30):
                while piece.upper() not in received:
                    came.clear()
                    await came.wait()
        connection.feed(b"0\r\n\r\n")
        async with asyncio.timeout(30):
            while not received.endswith(b"0\r\n\r\n"):
                came.clear()
                await came.wait()
        connection.close()
