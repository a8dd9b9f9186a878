"""The application as an ASGI callable."""

import asyncio
import contextlib
import errno
import gc
import os
import tempfile
from typing import Annotated, Any

import pytest

from spica import App, Context, Form, Response, Unauthorized, UploadFile, WebSocket
from spica.config.server_settings import ServerSection
from spica.config.settings import Settings


def http_scope(method: str = "GET", path: str = "/", query: bytes = b"") -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"Host", b"test.host")],
        "scheme": "https",
        "client": ["10.0.0.7", 1234],
    }


async def run(app: App, scope: dict[str, Any], *messages: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    incoming = iter(messages or ({"type": "http.request", "body": b""},))
    silence = asyncio.Event()

    async def receive() -> dict[str, Any]:
        for message in incoming:
            return message
        await silence.wait()
        raise AssertionError("nothing more arrives")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def test_a_request_and_its_answer() -> None:
    app = App()

    @app.post("/echo/{name}")
    async def echo(name: str, ctx: Context, times: int = 1) -> str:
        await asyncio.sleep(0)
        return f"{name}{times}{ctx.request.text()}{ctx.request.scheme}{ctx.request.client_ip}"

    start, body = await run(
        app,
        http_scope("POST", "/echo/%C3%A9", b"times=2"),
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"c"},
    )
    assert start["status"] == 200
    assert body["body"].decode() == "é2abchttps10.0.0.7"
    assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()
    assert dict(start["headers"])[b"x-content-type-options"] == b"nosniff"


async def test_head_has_the_length_and_no_body() -> None:
    app = App()
    app.get("/")(lambda: "hello")
    start, body = await run(app, http_scope("HEAD"))
    assert dict(start["headers"])[b"content-length"] == b"5"
    assert body["body"] == b""


async def test_errors_become_responses() -> None:
    app = App(env="production")

    @app.get("/raise")
    def fail() -> None:
        raise RuntimeError("boom")

    @app.get("/later")
    async def fail_later() -> None:
        await asyncio.sleep(0)
        raise RuntimeError("boom")

    @app.get("/unencodable")
    def unencodable() -> object:
        return object()

    for path in ("/raise", "/later", "/unencodable"):
        start, _ = await run(app, http_scope(path=path))
        assert start["status"] == 500, path


async def test_too_much_content_is_refused_before_the_handler_runs() -> None:
    app = App()
    called = []
    app.post("/")(lambda: called.append(1))
    big = b"x" * (9 * 1024 * 1024)
    start, _ = await run(
        app,
        http_scope("POST"),
        {"type": "http.request", "body": big, "more_body": True},
        {"type": "http.request", "body": big},
    )
    assert start["status"] == 413
    assert called == []


async def test_a_client_that_goes_away_cancels_its_handler() -> None:
    app = App()
    log: list[str] = []

    @app.get("/")
    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            log.append("finally")

    sent = await run(app, http_scope(), {"type": "http.request", "body": b""}, {"type": "http.disconnect"})
    assert sent == []
    assert log == ["finally"]


async def test_a_file_is_sent_whole(tmp_path) -> None:
    file = tmp_path / "big.bin"
    file.write_bytes(bytes(range(256)) * 1000)
    app = App()
    app.get("/")(lambda: Response.file(file))
    start, *bodies = await run(app, http_scope())
    assert dict(start["headers"])[b"content-length"] == b"256000"
    assert b"".join(body["body"] for body in bodies) == file.read_bytes()
    assert [body.get("more_body", False) for body in bodies][-1] is False


@pytest.mark.parametrize(("path", "status"), [("/", 404), ("/live", 403), ("/refused", 401)])
async def test_promise_43_a_refused_websocket_has_the_safe_fields(path: str, status: int) -> None:
    app = App(env="production")

    @app.ws("/live")
    async def live(socket: WebSocket) -> None: ...

    @app.ws("/refused", origins=["*"])
    async def refused(socket: WebSocket) -> None:
        raise Unauthorized("no")

    scope = {
        "type": "websocket",
        "path": path,
        "headers": [(b"host", b"a"), (b"origin", b"https://evil.example"), (b"sec-websocket-version", b"13")],
        "extensions": {"websocket.http.response": {}},
    }
    start = (await run(app, scope, {"type": "websocket.connect"}))[0]
    assert start["status"] == status
    fields = dict(start["headers"])
    assert fields[b"x-content-type-options"] == b"nosniff"
    assert {b"content-security-policy", b"referrer-policy", b"content-type"} <= fields.keys()


@pytest.mark.parametrize(
    ("scheme", "origin", "status"),
    [("wss", "http", 403), ("wss", "https", 101), ("ws", "https", 101), ("ws", "http", 101)],
)
async def test_a_page_without_tls_may_not_open_a_websocket_over_tls(scheme: str, origin: str, status: int) -> None:
    app = App(env="test")
    secure: list[bool] = []

    @app.ws("/live")
    async def live(socket: WebSocket) -> None:
        secure.append(socket.context.request.is_secure)

    scope = {
        "type": "websocket",
        "path": "/live",
        "scheme": scheme,
        "headers": [(b"host", b"a.example"), (b"origin", f"{origin}://a.example".encode())],
        "extensions": {"websocket.http.response": {}},
    }
    start = (await run(app, scope, {"type": "websocket.connect"}))[0]
    refused = start.get("status") == 403 and not secure
    assert refused == (status == 403)
    assert secure == ([] if refused else [scheme == "wss"])


async def test_a_websocket_without_a_route_is_refused() -> None:
    scope = {"type": "websocket", "path": "/", "headers": []}
    assert await run(App(), scope, {"type": "websocket.connect"}) == [{"type": "websocket.close", "code": 1000}]
    scope["extensions"] = {"websocket.http.response": {}}
    sent = await run(App(), scope, {"type": "websocket.connect"})
    assert [message.get("status") for message in sent] == [404, None]


async def test_the_lifespan_starts_and_stops_the_application() -> None:
    app = App()
    log: list[str] = []
    app.on_startup(lambda: log.append("start"))
    app.on_shutdown(lambda: log.append("stop"))
    sent = await run(app, {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert log == ["start", "stop"]


async def test_a_failing_startup_is_reported() -> None:
    app = App()

    @app.on_startup
    def fail() -> None:
        raise RuntimeError("no database")

    (message,) = await run(app, {"type": "lifespan"}, {"type": "lifespan.startup"})
    assert message == {"type": "lifespan.startup.failed", "message": "no database"}


async def test_an_unknown_scope_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="'smtp'"):
        await run(App(), {"type": "smtp"})


def chunks(content: bytes, size: int = 50_000) -> list[dict[str, Any]]:
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces] + [
        {"type": "http.request", "body": b""}
    ]


@pytest.mark.parametrize(("size", "is_spooled"), [(65_536, False), (65_537, True), (3_000_000, True)])
async def test_large_content_waits_in_a_file_as_on_our_own_server(size: int, is_spooled: bool) -> None:
    before = open_files()
    app = App()
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    @app.post("/")
    def take(ctx: Context) -> dict[str, object]:
        native = ctx.request.native
        return {"spooled": native.is_spooled, "size": native.content_length, "same": native.content == content}

    _, body = await run(app, http_scope("POST"), *chunks(content))
    assert body["body"] == b'{"spooled":%s,"size":%d,"same":true}' % (str(is_spooled).lower().encode(), size)
    assert open_files() == before


async def test_a_large_form_is_a_place_in_that_file() -> None:
    before = open_files()
    app = App()

    @app.post("/")
    async def take(file: UploadFile, title: Annotated[str, Form()]) -> dict[str, object]:
        return {"size": file.size, "first": (await file.read(3)).decode(), "title": title}

    form = (
        b'--B\r\nContent-Disposition: form-data; name="title"\r\n\r\nHi\r\n'
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        + b"abc" * 100_000
        + b"\r\n--B--\r\n"
    )
    scope = http_scope("POST")
    scope["headers"] = [*scope["headers"], (b"content-type", b"multipart/form-data; boundary=B")]
    _, body = await run(app, scope, *chunks(form))
    assert body["body"] == b'{"size":300000,"first":"abc","title":"Hi"}'
    assert open_files() == before


async def test_content_beyond_the_limit_or_without_its_end_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_files()
    app = App()
    app.settings = Settings(env="test", server=ServerSection(max_content_bytes=200_000))
    called: list[str] = []
    app.post("/")(lambda: called.append("called"))
    start, _ = await run(app, http_scope("POST"), *chunks(b"x" * 300_000))
    assert start["status"] == 413
    assert await run(app, http_scope("POST"), *chunks(b"x" * 150_000)[:3], {"type": "http.disconnect"}) == []
    assert (called, open_files()) == ([], before)


async def test_a_full_disk_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    app = App()
    app.post("/")(lambda: "x")
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    start, _ = await run(app, http_scope("POST"), *chunks(b"x" * 100_000))
    assert start["status"] == 507


def open_files() -> list[str]:
    """The files without a name that this process holds."""
    gc.collect()
    links = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            links.append(os.readlink(f"/proc/self/fd/{name}"))
    return [link for link in links if "(deleted)" in link and link.startswith(tempfile.gettempdir())]
