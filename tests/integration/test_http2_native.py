"""HTTP/2 on real sockets: handlers of every kind, content both ways, cancellation, drain, ALPN; asked by h2."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import TracebackType

import pytest

from spica import _core
from spica.http.response import Response
from tests.integration.conftest import BACKENDS, PATIENCE_S, NativeServer

h2_connection = pytest.importorskip("h2.connection", reason="h2 is not installed: pip install h2")
h2_events = pytest.importorskip("h2.events", reason="h2 is not installed: pip install h2")

LARGE = 3 * 1024 * 1024
DATA, PING, GOAWAY = 0, 6, 7


class Answer:
    """What has come of one response."""

    def __init__(self) -> None:
        self.status = 0
        self.fields: dict[str, str] = {}
        self.content = b""
        self.trailers: dict[str, str] = {}
        self.interim: list[tuple[int, dict[str, str]]] = []
        self.ended = False
        self.reset: int | None = None


class Client:
    """One connection; answers by stream."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.state = h2_connection.H2Connection()
        self.answers: dict[int, Answer] = {}
        self.is_closed = False
        self.state.initiate_connection()
        self.flush()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.link.close()

    def flush(self) -> None:
        self.link.sendall(self.state.data_to_send())

    def begin(self, target: str, method: str = "GET", end: bool = True, **fields: str) -> int:
        stream: int = self.state.get_next_available_stream_id()
        pseudo = [(":method", method), (":scheme", "http"), (":authority", "test"), (":path", target)]
        self.answers[stream] = Answer()
        self.state.send_headers(stream, pseudo + list(fields.items()), end_stream=end)
        self.flush()
        return stream

    def send(self, stream: int, content: bytes, end: bool = True) -> None:
        """Send content as the windows allow."""
        while content:
            room = min(self.state.local_flow_control_window(stream), self.state.max_outbound_frame_size)
            if room == 0:
                assert self.step()
                continue
            piece, content = content[:room], content[room:]
            self.state.send_data(stream, piece, end_stream=end and not content)
            self.flush()

    def step(self) -> bool:
        """Read once and act on it. Returns whether the connection goes on."""
        received = self.link.recv(65536)
        if not received:
            self.is_closed = True
            return False
        for event in self.state.receive_data(received):
            answer = self.answers.get(getattr(event, "stream_id", 0) or 0, Answer())
            if isinstance(event, h2_events.InformationalResponseReceived):
                fields = texts(event.headers)
                answer.interim.append((int(fields.pop(":status")), fields))
            elif isinstance(event, h2_events.ResponseReceived):
                answer.fields = texts(event.headers)
                answer.status = int(answer.fields.pop(":status"))
            elif isinstance(event, h2_events.DataReceived):
                answer.content += event.data
                self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2_events.TrailersReceived):
                answer.trailers = texts(event.headers)
            elif isinstance(event, h2_events.StreamEnded):
                answer.ended = True
            elif isinstance(event, h2_events.StreamReset):
                answer.reset = event.error_code
        self.flush()
        return True

    def wait(self, stream: int) -> Answer:
        answer = self.answers[stream]
        while not answer.ended and answer.reset is None:
            assert self.step(), "the connection ended"
        return answer

    def fetch(self, target: str, method: str = "GET", content: bytes | None = None, **fields: str) -> Answer:
        stream = self.begin(target, method, end=content is None, **fields)
        if content is not None:
            self.send(stream, content)
        return self.wait(stream)


def texts(fields: list[tuple[bytes | str, bytes | str]]) -> dict[str, str]:
    return {
        (name.decode() if isinstance(name, bytes) else name): (value.decode() if isinstance(value, bytes) else value)
        for name, value in fields
    }


class Probe:
    """What handlers saw."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.release = asyncio.Event()
        self.pushed = 0


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture(params=list(BACKENDS))
def server(request: pytest.FixtureRequest, tmp_path: Path, probe: Probe) -> Iterator[NativeServer]:
    server = NativeServer(*BACKENDS[request.param])
    declare(server, tmp_path, probe)
    chain, key = _core.self_signed_certificate(["localhost"])
    (tmp_path / "chain.pem").write_text(chain)
    (tmp_path / "key.pem").write_text(key)
    acceptor = _core.TlsAcceptor([(str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))])
    server.start(tls=acceptor if "tls" in request.node.name else None)
    try:
        yield server
    finally:
        server.stop()


def declare(server: NativeServer, folder: Path, probe: Probe) -> None:
    """The routes under test."""
    large = folder / "large.bin"
    large.write_bytes(os.urandom(LARGE))

    server.get("/", kind="plain")(lambda: "hello")
    server.get("/version", kind="plain", takes="request")(lambda request: f"{request.version} {request.scheme}")
    server.get("/fields", kind="plain", takes="request")(lambda request: repr(request.fields))
    server.get("/file", kind="plain")(lambda: Response.file(large))
    server.get("/large", kind="plain")(lambda: b"x" * LARGE)
    server.get("/echo", kind="plain", method="POST", takes="request")(lambda request: request.content)

    @server.get("/sleep/{n:int}")
    async def sleep(n: int) -> str:
        await asyncio.sleep(n / 1000)
        return f"slept {n}"

    @server.get("/raises")
    async def raises() -> str:
        raise RuntimeError("as asked")

    @server.get("/forever")
    async def forever() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            probe.cancelled.set()
            raise
        return "never"

    @server.get("/held")
    async def held() -> str:
        await probe.release.wait()
        return "held"

    @server.get("/hints", takes="request")
    async def hints(request: _core.Request) -> str:
        request.send_early_hints([("link", "</a.css>; rel=preload")])
        await asyncio.sleep(0.01)
        return "hinted"

    @server.get("/pieces", kind="plain")
    def pieces() -> Response:
        async def make() -> AsyncIterator[bytes]:
            for _ in range(LARGE // 8192):
                probe.pushed += 8192
                yield b"y" * 8192

        response: Response = Response.stream(make())
        return response

    async def count(request: _core.Request) -> str:
        incoming, total = request.incoming, 0
        while incoming is not None and (chunk := incoming.take()) != b"":
            if isinstance(chunk, tuple):
                return f"broken {chunk[0]}"
            if chunk is None:
                await incoming.arrived()
            else:
                total += len(chunk)
        return f"{total}"

    server.application.add_route("POST", "/count", count, takes="request", kind="task", content="stream")
    for pattern, content in (("/small", "whole"), ("/small/stream", "stream")):
        number = server.application.add_route("POST", pattern, count, takes="request", kind="task", content=content)
        server.application.narrow(number, max_content_bytes=10)


def connect(server: NativeServer) -> Client:
    return Client(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_handlers_of_every_kind(server: NativeServer) -> None:
    with connect(server) as client:
        hello = client.fetch("/")
        assert (hello.status, hello.content, hello.fields["content-length"]) == (200, b"hello", "5")
        assert hello.fields["x-content-type-options"] == "nosniff"
        assert "connection" not in hello.fields
        assert client.fetch("/version").content == b"2 http"
        assert client.fetch("/sleep/10").content == b"slept 10"
        assert client.fetch("/raises").status == 500
        assert client.fetch("/miss").status == 404
        assert client.fetch("/", "DELETE").status == 405
        assert b"('host', 'test')" in client.fetch("/fields").content
        assert client.fetch("/").content == b"hello"


def test_requests_overtake_each_other(server: NativeServer, probe: Probe) -> None:
    with connect(server) as client:
        slow, fast = client.begin("/held"), client.begin("/")
        assert client.wait(fast).content == b"hello"
        assert not client.answers[slow].ended
        server.on_loop(probe.release.set)
        assert client.wait(slow).content == b"held"


def test_a_hundred_requests_at_once(server: NativeServer) -> None:
    with connect(server) as client:
        streams = [client.begin(f"/sleep/{n % 20}") for n in range(100)]
        assert [client.wait(stream).content for stream in streams] == [b"slept %d" % (n % 20) for n in range(100)]


def test_content_both_ways(server: NativeServer, tmp_path: Path) -> None:
    content = os.urandom(LARGE)
    with connect(server) as client:
        assert client.fetch("/echo", "POST", b"abc").content == b"abc"
        assert client.fetch("/echo", "POST", content).content == content
        assert client.fetch("/count", "POST", content).content == str(LARGE).encode()
        assert client.fetch("/file").content == (tmp_path / "large.bin").read_bytes()
        assert client.fetch("/large").content == b"x" * LARGE
        assert client.fetch("/pieces").content == b"y" * LARGE


@pytest.mark.parametrize("fields", [{}, {"content-length": "0"}])
def test_content_that_ends_with_the_head_has_ended(server: NativeServer, fields: dict[str, str]) -> None:
    with connect(server) as client:
        assert client.fetch("/count", "POST", **fields).content == b"0"


def test_a_routes_own_limit_is_kept_while_content_arrives(server: NativeServer) -> None:
    with connect(server) as client:
        announced = client.begin("/small", "POST", end=False, **{"content-length": "11"})
        assert client.wait(announced).status == 413
        unannounced = client.begin("/small", "POST", end=False)
        client.send(unannounced, b"x" * 10, end=False)
        client.send(unannounced, b"x", end=False)
        assert client.wait(unannounced).status == 413
        streamed = client.begin("/small/stream", "POST", end=False)
        client.send(streamed, b"x" * 11, end=False)
        assert client.wait(streamed).content == b"broken 413"
        assert client.fetch("/small/stream", "POST", b"x" * 10).content == b"10"
        assert client.fetch("/", "GET").content == b"hello"


def test_many_large_answers_at_once(server: NativeServer, tmp_path: Path) -> None:
    with connect(server) as client:
        streams = [client.begin(target) for target in ["/file", "/large", "/pieces"] * 3]
        expected = [(tmp_path / "large.bin").read_bytes(), b"x" * LARGE, b"y" * LARGE] * 3
        assert [client.wait(stream).content for stream in streams] == expected


def test_a_streaming_handler_waits_for_the_peer(server: NativeServer, probe: Probe) -> None:
    with connect(server) as client:
        stream = client.begin("/pieces")
        time.sleep(0.2)
        # The first window of 65,535 octets and what may be queued behind it.
        assert probe.pushed <= 65_535 + 3 * 64 * 1024
        assert len(client.wait(stream).content) == LARGE


def test_early_hints(server: NativeServer) -> None:
    with connect(server) as client:
        answer = client.fetch("/hints")
        assert answer.interim == [(103, {"link": "</a.css>; rel=preload"})]
        assert answer.content == b"hinted"


def test_a_reset_cancels_its_handler_alone(server: NativeServer, probe: Probe) -> None:
    with connect(server) as client:
        forever, slow = client.begin("/forever"), client.begin("/held")
        until(lambda: server.on_loop(lambda: server.native.waiting) == 2)
        client.state.reset_stream(forever)
        client.flush()
        assert probe.cancelled.wait(PATIENCE_S)
        server.on_loop(probe.release.set)
        assert client.wait(slow).content == b"held"
        assert server.on_loop(lambda: server.native.waiting) == 0


def test_a_peer_that_leaves_cancels_everything(server: NativeServer, probe: Probe) -> None:
    with connect(server) as client:
        client.begin("/forever")
        client.begin("/held")
        until(lambda: server.on_loop(lambda: server.native.waiting) == 2)
    assert probe.cancelled.wait(PATIENCE_S)
    until(lambda: server.on_loop(lambda: server.native.waiting) == 0)
    until(lambda: server.on_loop(lambda: server.native.connections) == 0)


def frames_until_end(client: Client, on_goaway: Callable[[], object]) -> list[tuple[int, int, bytes]]:
    """Type, stream and payload of what still comes. h2 takes no frame after a GOAWAY: PINGs are answered here."""
    received, frames = b"", []
    while chunk := client.link.recv(65536):
        received += chunk
        while len(received) >= 9 and len(received) >= 9 + int.from_bytes(received[:3], "big"):
            length, kind, flags = int.from_bytes(received[:3], "big"), received[3], received[4]
            payload = received[9 : 9 + length]
            frames.append((kind, int.from_bytes(received[5:9], "big"), payload))
            received = received[9 + length :]
            if kind == PING and not flags & 1:
                client.link.sendall(b"\0\0\x08\x06\x01\0\0\0\0" + payload)
            elif kind == GOAWAY:
                on_goaway()
    return frames


def test_drain_lets_requests_end(server: NativeServer, probe: Probe) -> None:
    with connect(server) as client, connect(server) as idle:
        client.begin("/held")
        assert idle.fetch("/").content == b"hello"
        until(lambda: server.on_loop(lambda: server.native.waiting) == 1)
        server.on_loop(server.native.drain)
        assert [kind for kind, _, _ in frames_until_end(idle, lambda: None)].count(GOAWAY) >= 1
        assert server.on_loop(lambda: server.native.waiting) == 1
        frames = frames_until_end(client, lambda: server.on_loop(probe.release.set))
        assert (DATA, 1, b"held") in frames
        assert [payload[4:8] for kind, _, payload in frames if kind == GOAWAY][-1] == bytes(4), "no error"
    until(lambda: server.on_loop(lambda: server.native.connections) == 0)


def test_drain_does_not_wait_for_an_idle_peer_that_is_silent(server: NativeServer) -> None:
    with connect(server) as idle:
        assert idle.fetch("/").content == b"hello"
        begun = time.monotonic()
        server.on_loop(server.native.drain)
        until(lambda: server.on_loop(lambda: server.native.connections) == 0)
        assert time.monotonic() - begun < 10, "linger_timeout, 2 s, is all the patience there is"


def test_http1_on_the_same_port(server: NativeServer) -> None:
    assert server.fetch("/version") == (200, b"1.1 http")


def test_tls_alpn_chooses_http2(server: NativeServer, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=str(tmp_path / "chain.pem"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
    link = context.wrap_socket(plain, server_hostname="localhost")
    assert link.selected_alpn_protocol() == "h2"
    content = os.urandom(LARGE)
    with Client(link) as client:
        assert client.fetch("/version").content == b"2 https"
        assert client.fetch("/echo", "POST", content).content == content
        assert client.fetch("/file").content == (tmp_path / "large.bin").read_bytes()
        assert client.fetch("/pieces").content == b"y" * LARGE
        assert client.fetch("/sleep/10").content == b"slept 10"


def test_tls_without_alpn_is_http1(server: NativeServer, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=str(tmp_path / "chain.pem"))
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as link,
    ):
        link.sendall(b"GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = b""
        while chunk := link.recv(65536):
            received += chunk
    assert received.endswith(b"1.1 https")


def test_http2_can_be_turned_off(make_native: Callable[..., NativeServer]) -> None:
    server = make_native(http2=False)
    server.get("/", kind="plain")(lambda: "hello")
    server.start()
    assert server.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").startswith(b"HTTP/1.1 505 ")


def test_the_limit_on_streams_is_announced(make_native: Callable[..., NativeServer]) -> None:
    server = make_native(http2_max_streams=2)
    server.get("/", kind="plain")(lambda: "hello")
    server.start()
    with connect(server) as client:
        assert client.fetch("/").content == b"hello"
        assert client.state.remote_settings.max_concurrent_streams == 2
