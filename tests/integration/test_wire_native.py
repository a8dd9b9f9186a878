"""What goes over the wire, on a real socket: framing, limits, deadlines, closing."""

from __future__ import annotations

import pathlib
import socket
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from spica.http.response import Response
from tests.integration.conftest import PATIENCE_S, NativeServer, read_all

POST = b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
CHUNKED = (
    b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n"
)


@pytest.fixture
def echo(make_native: Callable[..., NativeServer]) -> NativeServer:
    server = make_native()
    add_echo(server)
    server.start()
    return server


def add_echo(server: NativeServer) -> None:
    server.get("/echo", kind="plain", method="POST", takes="request")(lambda request: request.content)
    server.get("/hello", kind="plain")(lambda: "hello")


def content_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("request_bytes", [POST, CHUNKED])
def test_split_at_every_byte_gives_the_same_answer(echo: NativeServer, request_bytes: bytes) -> None:
    for at in range(1, len(request_bytes), 7):
        with echo.connect() as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.sendall(request_bytes[:at])
            time.sleep(0.001)  # lets the first part arrive alone; the answer must be the same if it did not
            peer.sendall(request_bytes[at:])
            assert content_of(read_all(peer)) == b"hello"


def test_keep_alive_serves_several_requests(echo: NativeServer) -> None:
    with echo.connect() as peer:
        for _ in range(3):
            peer.sendall(b"GET /hello HTTP/1.1\r\nHost: t\r\n\r\n")
            assert peer.recv(4096).endswith(b"\r\n\r\nhello")


def test_head_has_the_length_and_no_content(echo: NativeServer) -> None:
    answer = echo.send(b"HEAD /hello HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
    assert b"content-length: 5\r\n" in answer
    assert content_of(answer) == b""


def test_options_and_405_carry_allow(echo: NativeServer) -> None:
    for method, status in (("OPTIONS", b"204"), ("DELETE", b"405")):
        answer = echo.send(f"{method} /hello HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode())
        assert answer[9:12] == status
        assert b"allow: GET, HEAD, OPTIONS\r\n" in answer


def test_http_1_0_closes_unless_asked_to_stay(echo: NativeServer) -> None:
    assert b"connection: close\r\n" in echo.send(b"GET /hello HTTP/1.0\r\n\r\n")
    with echo.connect() as peer:
        peer.sendall(b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert b"connection: keep-alive\r\n" in peer.recv(4096)


@pytest.mark.parametrize(
    ("broken", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400),
        (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_ends(echo: NativeServer, broken: bytes, status: int) -> None:
    answer = echo.send(broken)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close\r\n" in answer
    assert b"x-content-type-options: nosniff\r\n" in answer
    assert answer.count(b"\r\nconnection: close\r\n") == 1
    assert echo.fetch("/hello") == (200, b"hello")


def test_an_early_413_is_seen_by_a_client_that_keeps_sending(make_native: Callable[..., NativeServer]) -> None:
    server = make_native(max_content_bytes=1000)
    add_echo(server)
    server.start()
    with server.connect() as peer:
        peer.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
        assert peer.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_expect_100_continue_is_answered_before_the_content(echo: NativeServer) -> None:
    with echo.connect() as peer:
        peer.sendall(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert peer.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.sendall(b"hello")
        assert content_of(read_all(peer)) == b"hello"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [(b"GET /hello HTTP/1.1\r\n", b"HTTP/1.1 408 "), (POST[:-2], b"HTTP/1.1 408 "), (b"", b"")],
)
def test_slow_requests_meet_their_deadline(
    make_native: Callable[..., NativeServer], sent: bytes, answer: bytes
) -> None:
    server = make_native(head_timeout_s=1, content_timeout_s=1)
    add_echo(server)
    server.start()
    with server.connect() as peer:
        peer.sendall(sent)
        assert read_all(peer)[:13] == answer


def test_an_idle_connection_is_closed_in_silence(make_native: Callable[..., NativeServer]) -> None:
    server = make_native(keep_alive_timeout_s=1)
    add_echo(server)
    server.start()
    with server.connect() as peer:
        peer.sendall(b"GET /hello HTTP/1.1\r\nHost: t\r\n\r\n")
        assert read_all(peer).count(b"HTTP/1.1") == 1


def test_a_peer_that_reads_slowly_gets_everything(make_native: Callable[..., NativeServer]) -> None:
    server = make_native()
    large = bytes(range(256)) * 40_000
    server.get("/large", kind="plain")(lambda: large)
    server.get("/small", kind="plain")(lambda: "small")
    server.start()
    with server.connect() as peer:
        peer.sendall(
            b"GET /large HTTP/1.1\r\nHost: t\r\n\r\nGET /small HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
        )
        time.sleep(0.1)  # the kernel's buffers fill; meanwhile others are served
        assert server.fetch("/small") == (200, b"small")
        answer = read_all(peer)
    assert content_of(answer)[: len(large)] == large
    assert answer.endswith(b"small")


def test_files_small_and_large_are_sent_whole(make_native: Callable[..., NativeServer], tmp_path: object) -> None:
    server = make_native()
    for name, size in (("small", 1000), ("large", 3_000_000)):
        path = tmp_path / name  # type: ignore[operator]
        path.write_bytes(bytes(range(250)) * (size // 250))
        server.get(f"/{name}", kind="plain")(lambda path=path: Response.file(path))
    server.get("/missing", kind="plain")(lambda: Response.file(tmp_path / "none"))  # type: ignore[operator]
    server.start()
    assert server.fetch("/small")[1] == bytes(range(250)) * 4
    assert server.fetch("/large")[1] == bytes(range(250)) * 12_000
    assert server.fetch("/missing")[0] == 500


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ([("x-a", "one\r\nx-b: two")], "x-a"),
        ([("x a", "one")], "x a"),
        ([("content-length", "3")], "content-length"),
        ([("transfer-encoding", "chunked")], "transfer-encoding"),
        ([("x-a", "\u20ac")], "latin-1"),
    ],
)
def test_nothing_broken_can_be_emitted(
    make_native: Callable[..., NativeServer], fields: list[tuple[str, str]], why: str
) -> None:
    server = make_native()
    broken = Response(b"content")
    broken.fields = fields
    server.get("/", kind="plain")(lambda: broken)
    server.start()
    status, content = server.fetch("/")
    assert status == 500
    assert why in content.decode()


def test_drain_lets_requests_in_flight_finish(make_native: Callable[..., NativeServer]) -> None:
    import asyncio

    server = make_native()

    begun, may_end = threading.Event(), asyncio.Event()

    @server.get("/slow")
    async def slow() -> str:
        begun.set()
        await may_end.wait()
        return "slow"

    server.get("/hello", kind="plain")(lambda: "hello")
    server.start()
    with server.connect() as busy, server.connect() as idle:
        idle.sendall(b"GET /hello HTTP/1.1\r\nHost: t\r\n\r\n")
        assert idle.recv(4096).endswith(b"hello")
        busy.sendall(b"GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")
        assert begun.wait(PATIENCE_S)
        server.on_loop(lambda: server.native.drain())
        assert idle.recv(4096) == b""
        server.on_loop(may_end.set)
        answer = read_all(busy)
    assert answer.endswith(b"slow")
    assert b"connection: close\r\n" in answer
    server._listener.close()
    with pytest.raises(ConnectionRefusedError):
        server.connect()


def test_drain_answers_a_request_that_has_arrived_unread(make_native: Callable[..., NativeServer]) -> None:
    import asyncio

    server = make_native()

    @server.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.02)
        return "slow"

    server.start()
    with server.connect() as peer:

        def send_and_drain() -> None:
            # The loop is busy here, and inside a task: the request waits in the kernel.
            peer.sendall(b"GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")
            server.native.drain()

        while not server.on_loop(lambda: server.native.connections):
            pass
        server.on_loop(send_and_drain)
        answer = read_all(peer)
    assert answer.endswith(b"slow")
    assert b"connection: close\r\n" in answer


def test_pipelined_files_are_opened_one_after_the_other(
    make_native: Callable[..., NativeServer], tmp_path: pathlib.Path
) -> None:
    server = make_native()
    path = tmp_path / "large"
    path.write_bytes(b"x" * 20_000_000)
    opened = []

    @server.get("/large", kind="plain")
    def large() -> object:
        opened.append(1)
        return Response.file(path)

    server.get("/hello", kind="plain")(lambda: "hello")
    server.start()
    with server.connect() as peer:
        peer.sendall(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n" * 100)
        while not opened:
            server.fetch("/hello")
        assert server.fetch("/hello") == (200, b"hello")
        assert len(opened) == 1


def test_a_connection_without_a_socket_lets_its_sink_go_when_it_ends(make_native: Callable[..., NativeServer]) -> None:
    server = make_native()
    server.get("/hello", kind="plain")(lambda: "hello")
    server.start()
    got: list[bytes | None] = []

    def feed() -> weakref.ref[object]:
        def sink(data: bytes | None) -> None:
            got.append(data)

        server.native.connect(sink).feed(b"GET /hello HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        return weakref.ref(sink)

    sink = server.on_loop(feed)
    server.on_loop(lambda: None)
    assert got[-1] is None
    assert sink() is None  # type: ignore[operator]
