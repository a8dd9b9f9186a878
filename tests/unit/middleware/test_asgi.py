"""ASGI middleware of others in our pipeline."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse

from spica import App, Response
from spica import middleware as m
from tests.serving import open_client

made: list[object] = []
CONTENT = Path(__file__).read_bytes()


class Mark:
    """Adds a field, and refuses /refused."""

    def __init__(self, app: Any, value: str) -> None:
        self.app, self.value = app, value
        made.append(self)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def marked(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-mark", self.value.encode())]
            await send(message)

        if scope["path"] == "/refused":
            await PlainTextResponse("no", 403)(scope, receive, marked)
        else:
            await self.app(scope, receive, marked)


def build_app(*middleware: m.Middleware) -> App:
    app = App(env="production")
    app.use(*middleware)

    @app.get("/")
    def home() -> str:
        return "home"

    @app.get("/refused")
    def refused() -> str:
        raise AssertionError("never reached")

    @app.get("/stream")
    def stream() -> Iterator[str]:
        yield "a" * 600
        yield "b" * 600

    @app.get("/file")
    def file() -> Response:
        return Response.file(Path(__file__))

    @app.get("/breaks")
    def breaks() -> str:
        raise LookupError("no such row")

    @app.post("/echo")
    def echo(value: dict[str, int]) -> dict[str, int]:
        return value

    return app


async def test_it_is_made_once_and_is_around_every_answer() -> None:
    made.clear()
    async with open_client(build_app(m.Asgi(Mark, value="seen"))) as client:
        for path, status, text in [
            ("/", 200, "home"),
            ("/refused", 403, "no"),
            ("/stream", 200, "a" * 600 + "b" * 600),
        ]:
            response = await client.get(path)
            assert (response.status, response.text, response.headers["x-mark"]) == (status, text, "seen")
        response = await client.get("/file")
        assert (response.content, response.headers["x-mark"]) == (CONTENT, "seen")
        assert (await client.post("/echo", json={"a": 1})).json() == {"a": 1}
    assert len(made) == 1


async def test_starlettes_own_middleware_works() -> None:
    async def dispatch(request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["x-base"] = "yes"
        return response

    app = build_app(m.Asgi(BaseHTTPMiddleware, dispatch=dispatch), m.Asgi(GZipMiddleware, minimum_size=10))
    async with open_client(app) as client:
        response = await client.get("/stream", headers={"accept-encoding": "gzip"})
    assert response.headers["x-base"] == "yes"
    content = response.content
    assert (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content) == b"a" * 600 + b"b" * 600
    assert response.headers["content-encoding"] == "gzip"


async def test_what_a_handler_raises_becomes_our_answer() -> None:
    async with open_client(build_app(m.Asgi(Mark, value="seen"))) as client:
        response = await client.get("/breaks", headers={"accept": "application/json"})
    assert (response.status, response.headers["content-type"]) == (500, "application/problem+json")
