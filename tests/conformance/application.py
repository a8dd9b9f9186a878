"""The application under test: what a handler was given comes back, so that framing can be judged from outside.

Rules: routes for what the server does not speak yet are declared only when it does, so that a suite needs no switch.
"""

from __future__ import annotations

import os

from spica import App, Context, Request, Response

# With a root, its config/server.toml is read: so the suites choose TLS.
app = App(root=os.environ.get("SPICA_CONFORMANCE_ROOT"))


def seen(request: Request) -> dict[str, object]:
    """What the handler sees of a request; latin-1 keeps octets apart."""
    native = request.native
    return {
        "method": native.method,
        "target": native.target,
        "fields": native.fields,
        "content": native.content.decode("latin-1"),
    }


for declare in (app.get, app.post, app.put, app.patch, app.delete):
    declare("/seen")(seen)


@app.get("/")
def hello() -> str:
    return "Hello, World!"


@app.post("/")
def echo(request: Request) -> bytes:
    return request.content or b"nothing"


@app.get("/status/{code:int}")
def status(code: int, ctx: Context) -> Response:
    return Response(b"" if code in (204, 205, 304) else f"{code}", status=code)


@app.get("/large")
def large() -> bytes:
    return bytes(range(256)) * 4096


@app.get("/raises")
def raises() -> str:
    raise RuntimeError("a handler's own failure")


socket_route = getattr(app, "ws", None) or getattr(app, "websocket", None)
if socket_route is not None:

    @socket_route("/echo")
    async def echo_messages(socket) -> None:  # type: ignore[no-untyped-def]  # its type's name is the framework's
        async for message in socket:
            await socket.send(message)
