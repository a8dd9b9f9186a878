"""WebSocket routes: how they are declared, listed and bound."""

from __future__ import annotations

import pytest

from spica import App, Context, Router, WebSocket
from spica.injection.errors import SignatureError
from spica.routing.declare import Routes
from spica.routing.errors import InvalidRouteOptionError
from spica.routing.listing import build_rows


def test_the_routes_file_knows_them() -> None:
    r = Routes()
    with r.namespace("api", pipe="api"):
        r.ws("/rooms/{name}", "rooms#join", name="room")
        r.ws("/feed", "feeds#follow", origins=["*"], pipe="open")
    rows = build_rows(r.routes)
    assert [(row.method, row.pattern, row.target, row.name, row.pipe) for row in rows] == [
        ("WS", "/api/rooms/{name}", "api/rooms#join", "room", "api"),
        ("WS", "/api/feed", "api/feeds#follow", "api_feed", "open"),
    ]
    assert [route.origins for route in r.routes] == [None, ("*",)]


def test_a_mounted_router_has_them() -> None:
    router, app = Router(), App()

    @router.ws("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.close()

    app.mount("/live", router)
    assert [f"{row.method} {row.pattern}" for row in app.route_rows()] == ["WS /live/echo"]


def test_a_parameter_without_a_type_is_the_socket_by_its_name() -> None:
    app = App()

    @app.ws("/echo")
    async def echo(socket) -> None:  # type: ignore[no-untyped-def]  # that is what is tested
        await socket.close()

    assert len(app.table) == 1


def test_a_plain_function_is_refused() -> None:
    app = App()

    @app.ws("/echo")
    def echo(socket: WebSocket) -> None:
        """Would block."""

    with pytest.raises(SignatureError, match="a plain def"):
        app.core


def test_a_body_is_refused() -> None:
    app = App()

    @app.ws("/echo")
    async def echo(socket: WebSocket, body: dict[str, int]) -> None:
        await socket.close()

    with pytest.raises(SignatureError):
        app.core


def test_a_websocket_on_an_ordinary_route_is_refused() -> None:
    app = App()

    @app.get("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.close()

    with pytest.raises(SignatureError, match="the route is none"):
        app.core


def test_a_handler_without_a_socket_is_refused() -> None:
    app = App()

    @app.ws("/echo")
    async def echo(name: str = "") -> None:
        """Could never accept."""

    with pytest.raises(SignatureError, match="takes no socket"):
        app.core


def test_one_that_takes_the_context_has_it_there() -> None:
    app = App()

    @app.ws("/echo")
    async def echo(ctx: Context) -> None:
        await ctx.websocket.close()

    assert app.core


def test_a_generator_is_refused_for_what_it_is() -> None:
    app = App()

    @app.ws("/echo")
    async def echo(socket: WebSocket):  # type: ignore[no-untyped-def]
        yield "hello"

    with pytest.raises(SignatureError, match="handler yields"):
        app.core


@pytest.mark.parametrize("origins", [["app.example"], "https://app.example/", ["https://app.example", ""]])
def test_what_no_browser_sends_as_origin_is_refused(origins: str | list[str]) -> None:
    with pytest.raises(InvalidRouteOptionError, match="is no origin"):
        Routes().ws("/feed", "feeds#follow", origins=origins)


def test_misspelt_options_are_refused_with_near_matches() -> None:
    with pytest.raises(InvalidRouteOptionError, match="no option 'orgins'") as caught:
        Routes().ws("/feed", "feeds#follow", orgins=["*"])  # type: ignore[call-arg]
    assert caught.value.fix == "did you mean origins?"
    with pytest.raises(InvalidRouteOptionError, match="no option 'nmae'"):
        App().get("/", nmae="root")(lambda: "")  # type: ignore[call-arg]
