"""Event streams of an application, as a client receives them: by route, by annotation, from controllers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import pytest

from spica import App, Context, Event, Provide, Response
from spica.routing.errors import InvalidRouteOptionError
from spica.server.run import running_server
from spica.testing.client import Client
from tests.modules import forget_app


async def get(app: App, path: str, **headers: str) -> Any:
    async with running_server(app, None) as server:
        return await Client(app, server).get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})


async def test_sse_routes_resume_and_close_what_they_were_given() -> None:
    app, seen = App(env="test"), []

    async def resource() -> AsyncIterator[str]:
        yield "open"
        seen.append("closed")

    @app.sse("/orders/{id:int}", keep_alive_s=0)
    async def orders(id: int, ctx: Context, given: Annotated[str, Provide(resource)]) -> AsyncIterator[Event]:
        first = int(ctx.last_event_id or 0) + 1
        for number in range(first, 4):
            yield Event({"order": id, "given": given}, event="order", id=number)

    response = await get(app, "/orders/7", last_event_id="2")
    assert response.headers["content-type"] == "text/event-stream"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.content == b'event: order\nid: 3\ndata: {"order":7,"given":"open"}\n\n'
    assert seen == ["closed"]


async def test_an_annotation_makes_a_stream_of_events_on_any_route() -> None:
    app = App(env="test")

    @app.get("/a/{n:int}")
    async def a(n: int) -> AsyncIterator[Event]:
        yield Event(n)

    @app.get("/b")
    async def b() -> AsyncIterator[str]:
        yield "text"

    assert (await get(app, "/a/5")).content == b"data: 5\n\n"
    response = await get(app, "/b")
    assert (response.headers["content-type"], response.content) == ("text/plain; charset=utf-8", b"text")


async def test_a_response_refuses_the_stream_and_anything_else_is_a_mistake() -> None:
    app = App(env="test")

    @app.sse("/no")
    def no() -> Response:
        return Response.not_found("no such room")

    @app.sse("/list")
    def many() -> list[int]:
        return [1]

    @app.sse("/made")
    async def made() -> Any:
        async def events() -> AsyncIterator[int]:
            yield 1

        return events()

    assert (await get(app, "/no")).status == 404
    assert (await get(app, "/list")).status == 500
    assert (await get(app, "/made")).content == b"data: 1\n\n"


def test_what_sse_accepts() -> None:
    app = App(env="test")
    for wrong in (-1, "5", True, float("nan"), float("inf")):
        with pytest.raises(InvalidRouteOptionError, match="keep_alive_s"):
            app.sse("/", keep_alive_s=wrong)(lambda: iter([1]))  # type: ignore[typeddict-item]
    with pytest.raises(InvalidRouteOptionError, match="did you mean keep_alive_s"):
        app.sse("/", keep_alive=1)(lambda: iter([1]))  # type: ignore[call-arg]


async def test_a_client_that_goes_away_ends_the_generator() -> None:
    app, ended, began = App(env="test"), asyncio.Event(), asyncio.Event()

    @app.sse("/")
    async def wait() -> AsyncIterator[Event]:
        try:
            yield Event("hello")
            began.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with running_server(app, None) as server:
        received = bytearray()
        connection = server.connect(lambda data: received.extend(data or b""))
        asyncio.get_running_loop().call_soon(connection.feed, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        async with asyncio.timeout(10):
            await began.wait()
            asyncio.get_running_loop().call_soon(connection.close)
            await ended.wait()
    assert b"data: hello\n\n" in received


CONTROLLER = """
from spica import Controller, Event, before


class EventsController(Controller):
    @before
    def check(self, key: str = ""):
        if key != "k":
            return self.head(403)

    async def stream(self):
        yield Event({"for": self.params.get("key")}, id=self.last_event_id or 1)
"""


async def test_an_action_yields_events_behind_its_filters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_app()
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, text in {
        "config/routes.py": 'def draw(r):\n    r.sse("/events", "feed#stream", keep_alive_s=5)\n',
        "app/controllers/feed_controller.py": CONTROLLER.replace("EventsController", "FeedController"),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    app = App(tmp_path, env="test")
    assert [(route.verb, route.keep_alive_s) for route in app.routes] == [("SSE", 5.0)]
    try:
        assert (await get(app, "/events")).status == 403
        assert (await get(app, "/events?key=k")).content == b'id: 1\ndata: {"for":"k"}\n\n'
    finally:
        forget_app()
