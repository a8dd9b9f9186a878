"""Promise 43 attacked on real sockets: a new project in production, asked for every kind of answer there is.

The safe fields are on each of them, whoever made it: the core, the router, a controller, a mounted application. None of
them tells of a stack, a version or where the project lies, and what a client sent breaks no line of the log.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import SPICA, START_TIMEOUT_S, run_command
from tests.torture.server import end, write_certificate

pytest.importorskip("h2.connection", reason="h2 is not installed: pip install h2")
from tests.integration.test_http2_native import Client as Http2Client

SAFE = (
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "content-security-policy",
)
SECRET = "the-words-of-the-failure"
ANNOUNCED = re.compile(r"https?://[\d.]+:(\d+)")
CONTROLLER = f'''
from collections.abc import AsyncIterator
from pathlib import Path

from spica import Event, Response, WebSocket
from spica.errors.http import Forbidden, HttpError

from app.controllers.application_controller import ApplicationController


class AnswersController(ApplicationController):
    def status(self, code: int):
        return Response(status=code) if code in (204, 304) else Response.text("x", status=code)

    def error(self, code: int):
        error = HttpError("the detail")
        error.status = code
        raise error

    def fails(self):
        raise RuntimeError("{SECRET}")

    def file(self):
        return self.send_file(Path(__file__).parents[2] / "public/favicon.svg")

    def stream(self):
        return Response.stream(iter(["a", "b"]))

    def broken_stream(self):
        def chunks():
            yield "a"
            raise RuntimeError("{SECRET}")

        return Response.stream(chunks())

    async def events(self) -> AsyncIterator[Event]:
        yield Event("tick")

    async def broken_events(self) -> AsyncIterator[Event]:
        raise RuntimeError("{SECRET}")
        yield Event("never")

    async def live(self, socket: WebSocket):
        await socket.accept()

    async def broken_live(self, socket: WebSocket):
        raise RuntimeError("{SECRET}")

    async def refused_live(self, socket: WebSocket):
        raise Forbidden("no")

    def change(self):
        return self.json({{"ok": True}})

    def typed(self, id: int, page: int = 1):
        return self.json([id, page])

    def fresh(self):
        if self.fresh_when(etag="x"):
            return
        return self.text("x")

    def go(self, next: str = "/"):
        return self.redirect_to(next)

    def note(self, text: str, password: str = ""):
        self.log.info(text, password=password, text=text)
        return self.text("noted")
'''
ROUTES = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from spica.routing import Routes


async def hello(request):
    return PlainTextResponse("mounted")


async def fails(request):
    raise RuntimeError("SECRET")


async def stream(request):
    return StreamingResponse(iter(["a", "b"]))


MOUNTED = Starlette(routes=[Route("/hello", hello), Route("/fails", fails), Route("/stream", stream)])
GETS = ("fails", "file", "stream", "broken_stream", "fresh", "go", "note")


def draw(r: Routes) -> None:
    r.root("home#index")
    r.get("/status/{code:int}", "answers#status")
    r.get("/error/{code:int}", "answers#error")
    for name in GETS:
        r.get(f"/{name}", f"answers#{name}")
    r.get("/typed/{id}", "answers#typed")
    r.sse("/events", "answers#events")
    r.sse("/broken_events", "answers#broken_events")
    for name in ("live", "broken_live", "refused_live"):
        r.ws(f"/{name}", f"answers#{name}")
    r.post("/change", "answers#change")
    r.redirect("/old", "/new")
    r.mount("/mounted", MOUNTED)
""".replace("SECRET", SECRET)

PATHS = [
    "/",
    "/fails",
    "/file",
    "/stream",
    "/broken_stream",
    "/fresh",
    "/go",
    "/go?next=//evil.example",
    "/old",
    "/events",
    "/broken_events",
    "/typed/7",
    "/typed/x",
    "/typed/7?page=x",
    "/nowhere",
    "/health",
    "/ready",
    "/favicon.svg",
    "/favicon.svg/x",
    "/mounted",
    "/mounted/hello",
    "/mounted/fails",
    "/mounted/stream",
    "/mounted/none",
    "/live",
    "/assets/none.css",
    "/%2e%2e/x",
    "/%zz",
    "/api/docs",
    "/note",
]
ERRORS = (*range(400, 419), 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, *range(500, 509), 510, 511)
ASKING: list[dict[str, str]] = [
    {"accept": "text/html"},
    {"accept": "application/json"},
    {"accept": "image/png"},
    {"hx-request": "true"},
    {"if-none-match": "*"},
    {"if-match": '"x"'},
    {"range": "bytes=0-1"},
    {"range": "bytes=0-1,9-10"},
    {"range": "bytes=99999-"},
    {"accept-encoding": "gzip, br"},
    {"origin": "https://evil.example"},
]
HANDSHAKE = {
    "connection": "upgrade, close",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@dataclass
class Shop:
    """A project that serves."""

    folder: Path
    port: int
    log: Path

    def send(self, octets: bytes) -> tuple[str, str]:
        """Send octets; the head of what is answered in the end, in lower case, and all that came."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as peer:
            peer.sendall(octets)
            received = b""
            while piece := peer.recv(65536):
                received += piece
        text = received.decode("latin-1").lower()
        head, rest = text, text
        while head == text or (head.startswith("http/1.1 10") and not head.startswith("http/1.1 101")):
            head, _, rest = rest.partition("\r\n\r\n")
        return head + "\r\n", text

    def ask(self, line: str, fields: dict[str, str] | None = None, content: bytes = b"") -> tuple[str, str]:
        lines = [f"{line} HTTP/1.1", "host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in {"connection": "close", **(fields or {})}.items()]
        if content:
            lines.append(f"content-length: {len(content)}")
        return self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `spica new` makes, with actions that answer in every way."""
    folder = tmp_path_factory.mktemp("safe") / "shop"
    run_command("new", "shop", cwd=folder.parent)
    (folder / "app/controllers/answers_controller.py").write_text(CONTROLLER)
    (folder / "config/routes.py").write_text(ROUTES)
    run_command("secrets", "key", "--env", "production", cwd=folder)
    run_command("build", cwd=folder, SPICA_ENV="production")
    run_command("db", "migrate", cwd=folder, SPICA_ENV="production")
    return folder


def served(project: Path, *options: str) -> Iterator[Shop]:
    log = project.parent / f"log{len(options)}"
    command = [SPICA, "server", "--workers", "1", "--host", "127.0.0.1", "--port", "0", *options]
    environment = {**os.environ, "NO_COLOR": "1", "SPICA_ENV": "production"}
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=project, stdout=said, stderr=said, env=environment)
        try:
            yield Shop(project, await_port(process, log), log)
            assert process.poll() is None, log.read_text()
        finally:
            end(process)


@pytest.fixture(scope="module")
def shop(project: Path) -> Iterator[Shop]:
    yield from served(project)


@pytest.fixture(scope="module")
def sealed(project: Path) -> Iterator[Shop]:
    write_certificate(project.parent)
    files = [str(project.parent / name) for name in ("chain.pem", "key.pem")]
    yield from served(project, "--tls-cert", files[0], "--tls-key", files[1])


def await_port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := ANNOUNCED.search(log.read_text()):
            return int(found[1])
        time.sleep(0.02)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def tells_too_much(text: str, folder: Path) -> list[str]:
    words = (
        SECRET,
        "traceback",
        "runtimeerror",
        "python/",
        "starlette",
        str(folder).lower(),
        "\r\nserver: ",
        "\r\nx-powered",
    )
    return [word for word in words if word in text]


def check(shop: Shop, asked: object, head: str, text: str) -> str:
    """Hold that an answer is safe. Returns its status."""
    assert [field for field in SAFE if f"\r\n{field}: " not in head] == [], (asked, head)
    for field in SAFE:
        assert head.count(f"\r\n{field}: ") == 1, (asked, head)
    assert tells_too_much(text, shop.folder) == [], (asked, text)
    return head[9:12]


def test_promise_43_every_answer_to_every_method(shop: Shop) -> None:
    seen = set()
    for path in PATHS:
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "FOO"):
            line = f"{method} {path}"
            seen.add(check(shop, line, *shop.ask(line)))
    assert seen >= {"200", "204", "301", "303", "400", "403", "404", "405", "422", "426", "500", "501"}


def test_promise_43_every_answer_to_every_kind_of_client(shop: Shop) -> None:
    seen = set()
    for path in PATHS:
        for fields in ASKING:
            seen.add(check(shop, (path, fields), *shop.ask(f"GET {path}", fields)))
        preflight = {"origin": "https://evil.example", "access-control-request-method": "POST"}
        check(shop, (path, preflight), *shop.ask(f"OPTIONS {path}", preflight))
    assert seen >= {"206", "304", "406", "412", "416"}


def test_promise_43_every_status_that_an_action_may_answer(shop: Shop) -> None:
    for code in (200, 201, 204, 301, 302, 304, 307, *ERRORS):
        assert check(shop, code, *shop.ask(f"GET /status/{code}")) == str(code)
    for code in ERRORS:
        for accept in ("text/html", "application/json"):
            assert check(shop, code, *shop.ask(f"GET /error/{code}", {"accept": accept})) == str(code)


def test_promise_43_every_refusal_of_a_websocket(shop: Shop) -> None:
    seen = set()
    for path in ("/live", "/broken_live", "/refused_live", "/", "/nowhere", "/mounted/hello"):
        for without in ("", "sec-websocket-key", "sec-websocket-version", "upgrade"):
            for more in ({}, {"origin": "https://evil.example"}, {"sec-websocket-version": "12"}):
                fields = {name: value for name, value in {**HANDSHAKE, **more}.items() if name != without}
                for method in ("GET", "POST"):
                    head, text = shop.ask(f"{method} {path}", fields)
                    if not head.startswith("http/1.1 101"):
                        seen.add(check(shop, (method, path, fields), head, text))
    assert seen >= {"200", "400", "403", "404", "405", "426", "500"}


def test_promise_43_every_refusal_of_the_wire(shop: Shop) -> None:
    host = b"host: a\r\n"
    heads = [
        (400, b"GET / HTTP/1.1\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n" + host * 2 + b"\r\n"),
        (400, b"GET / HTTP/1.1\r\n" + host + b"bad field\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n" + host + b"x: \x00\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nhost: a b\r\n\r\n"),
        (400, b"GET /\r\n\r\n"),
        (400, b"\x16\x03\x01\x02\x00\r\n\r\n"),
        (505, b"GET / HTTP/2.0\r\n" + host + b"\r\n"),
        (200, b"GET / HTTP/1.0\r\n\r\n"),
        (414, b"GET /" + b"y" * 10_000 + b" HTTP/1.1\r\n" + host + b"\r\n"),
        (431, b"GET / HTTP/1.1\r\n" + host + b"x: " + b"y" * 80_000 + b"\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\n" + host + b"".join(b"x%d: 1\r\n" % number for number in range(200)) + b"\r\n"),
        (413, b"POST /change HTTP/1.1\r\n" + host + b"content-length: 99999999999\r\n\r\n"),
        (400, b"POST /change HTTP/1.1\r\n" + host + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n"),
        (400, b"POST /change HTTP/1.1\r\n" + host + b"transfer-encoding: chunked\r\n\r\nzz\r\n"),
        (501, b"POST /change HTTP/1.1\r\n" + host + b"transfer-encoding: gzip, chunked\r\n\r\n"),
        (417, b"GET / HTTP/1.1\r\n" + host + b"expect: 200-maybe\r\nconnection: close\r\n\r\n"),
        (204, b"OPTIONS * HTTP/1.1\r\n" + host + b"connection: close\r\n\r\n"),
        (403, b"POST /change HTTP/1.1\r\n" + host + b"connection: close\r\nsec-fetch-site: cross-site\r\n\r\n"),
    ]
    for status, octets in heads:
        assert check(shop, octets[:60], *shop.send(octets)) == str(status), octets[:60]


def test_promise_43_every_answer_over_http2(sealed: Shop) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    seen = set()
    plain = socket.create_connection(("127.0.0.1", sealed.port), timeout=10)
    with Http2Client(context.wrap_socket(plain, server_hostname="localhost")) as client:
        for path in PATHS:
            for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE"):
                answer = client.fetch(path, method)
                if answer.reset is None or answer.status:
                    missing = [field for field in (*SAFE, "strict-transport-security") if field not in answer.fields]
                    assert missing == [], (method, path, answer.status)
                    text = str(answer.fields) + answer.content.decode("latin-1")
                    assert tells_too_much(text.lower(), sealed.folder) == []
                    seen.add(answer.status)
        for fields in ASKING:
            answer = client.fetch("/favicon.svg", **fields)
            assert [field for field in SAFE if field not in answer.fields] == [], (fields, answer.status)
            seen.add(answer.status)
    assert seen >= {200, 204, 206, 301, 303, 304, 400, 403, 404, 405, 412, 416, 422, 426, 500}


def test_promise_43_what_a_client_sends_breaks_no_line_of_the_log(shop: Shop) -> None:
    forged = "12:00:00 GET /forged 200 1 B"
    tricks = ["%0a", "%0d%0a", "%0b", "%0c", "%c2%85", "%e2%80%a8", "%1b[2K%0d", "%00"]
    for trick in tricks:
        value = f"a{trick}{forged.replace(' ', '%20')}"
        shop.ask(f"GET /note?text={value}&password=hunter2")
        shop.ask(f"GET /nowhere/{value}")
        shop.ask(f"GET /typed/{value}")
        shop.ask(f"GET /go?next={value}")
        shop.ask("GET /nowhere", {"user-agent": f"a\t{forged}", "x-request-id": f"a {forged}"})
    lines = re.split("[\n\r\x0b\x0c\x85\u2028]", shop.log.read_text())
    assert [line for line in lines if line.startswith("12:00:00")] == []
    assert not [line for line in lines if "\x1b[2K" in line or "\0" in line]
    assert "hunter2" not in shop.log.read_text()
