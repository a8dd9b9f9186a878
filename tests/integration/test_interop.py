"""Our application under four servers, ours among them, with FastAPI, Django and a WSGI application mounted in it."""

from __future__ import annotations

import http.client
import re
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.ports import reserved_port
from tests.processes import ANNOUNCED, RunningServer, serving, started

APP = """
import asyncio
from collections.abc import AsyncIterator

import django
from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse
from django.urls import path, reverse
from fastapi import FastAPI, Request, WebSocket as TheirSocket
from fastapi.responses import StreamingResponse

from spica import App, ContentStream, Event, WebSocket

app = App(env="production")
started = []


@app.on_startup
def start():
    started.append("ours")


@app.get("/started")
def show_started() -> list[str]:
    return started


@app.post("/size")
async def size(content: ContentStream) -> int:
    return sum([len(piece) async for piece in content])


@app.sse("/events", keep_alive_s=0.02)
async def events() -> AsyncIterator[Event]:
    yield Event("one")
    await asyncio.sleep(0.2)
    yield Event("two")


@app.ws("/echo")
async def echo(socket: WebSocket) -> None:
    async for message in socket:
        await socket.send(message)


async def lifespan(api):
    started.append("theirs")
    yield


from contextlib import asynccontextmanager

api = FastAPI(lifespan=asynccontextmanager(lifespan))


@api.post("/size")
async def their_size(request: Request) -> int:
    return sum([len(piece) async for piece in request.stream()])


@api.get("/many")
def many() -> StreamingResponse:
    return StreamingResponse((b"x" * 1000 for _ in range(100)))


@api.websocket("/echo")
async def their_echo(socket: TheirSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text("their " + text)


settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x" * 50, ALLOWED_HOSTS=["*"], DEBUG=False)


def hello(request, name):
    return HttpResponse(f"{name} {request.method} {request.path} {reverse('hello', args=['you'])}")


urlpatterns = [path("hello/<str:name>/", hello, name="hello")]


def old(environ, start_response):
    content = environ["wsgi.input"].read()
    start_response("200 OK", [("content-type", "text/plain")])
    return [environ["SCRIPT_NAME"].encode(), b" ", environ["PATH_INFO"].encode(), b" ", content]


app.mount("/api", api)
app.mount("/django", get_asgi_application())
app.mount("/old", WSGIMiddleware(old))
"""

# It says where it listens on stdout, and as it was asked: a port that the system chooses would stay unknown.
GRANIAN = 'exec "$1" -m granian --interface asgi --host 127.0.0.1 --port "$2" interop_app:app 1>&2'
GRANIAN_SAYS = r"Listening at: http://127\.0\.0\.1:(\d+)"
HYPERCORN = re.compile(r"Running on http://127\.0\.0\.1:(\d+)")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


@pytest.fixture(params=["spica", "uvicorn", "hypercorn", "granian"], scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, port: int
) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("interop")
    (folder / "interop_app.py").write_text(APP)
    module = [sys.executable, "-m", request.param]
    if request.param == "spica":
        with serving(folder, "interop_app:app") as running:
            yield running
        return
    command, announced = {
        "uvicorn": ([*module, "interop_app:app", "--port", "0"], ANNOUNCED),
        "granian": (["sh", "-c", GRANIAN, "granian", sys.executable, str(port)], GRANIAN_SAYS),
        "hypercorn": ([*module, "-b", "127.0.0.1:0", "interop_app:app"], HYPERCORN),
    }[request.param]
    with started(command, folder, announced) as running:
        if request.param == "granian":
            wait_until_served(running)
        yield running


def wait_until_served(server: RunningServer) -> None:
    """Granian says where it will listen before it does."""
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        assert time.monotonic() < deadline, "granian does not listen"
        time.sleep(0.05)


def fetch(server: RunningServer, method: str, path: str, content: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path, content)
    response = connection.getresponse()
    received = response.read()
    connection.close()
    return response.status, received


def test_both_lifespans_have_run(server: RunningServer) -> None:
    assert fetch(server, "GET", "/started") == (200, b'["ours","theirs"]')


@pytest.mark.parametrize("path", ["/size", "/api/size"])
def test_a_large_upload_streams(server: RunningServer, path: str) -> None:
    assert fetch(server, "POST", path, b"x" * 3_000_000) == (200, b"3000000")


def test_events_are_kept_alive(server: RunningServer) -> None:
    status, received = fetch(server, "GET", "/events")
    assert status == 200
    assert received.startswith(b"data: one")
    assert b"\n:" in received.partition(b"data: two")[0]


@pytest.mark.parametrize(("path", "says"), [("/echo", "hi"), ("/api/echo", "their hi")])
def test_websockets(server: RunningServer, path: str, says: str) -> None:
    with connect(f"ws://127.0.0.1:{server.port}{path}") as peer:
        peer.send("hi")
        assert peer.recv(timeout=60) == says


def test_a_mounted_answer_streams(server: RunningServer) -> None:
    assert fetch(server, "GET", "/api/many") == (200, b"x" * 100_000)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_django(server: RunningServer, method: str) -> None:
    expected = f"me {method} /django/hello/me/ /django/hello/you/".encode()
    assert fetch(server, method, "/django/hello/me/") == (200, expected)


def test_a_wsgi_application(server: RunningServer) -> None:
    assert fetch(server, "POST", "/old/x", b"content") == (200, b"/old /x content")
