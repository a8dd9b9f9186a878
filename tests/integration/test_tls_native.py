"""TLS on real sockets: the same server, encrypted; large answers, files, plain HTTP by mistake, reload, resumption."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spica import _core
from spica.http.response import Response
from tests.integration.conftest import BACKENDS, LOOPS, PATIENCE_S, NativeServer

LARGE = 3 * 1024 * 1024


class TlsServer(NativeServer):
    """A native server that listens with TLS; `tls` is its acceptor."""

    tls: _core.TlsAcceptor


@pytest.fixture(params=list(BACKENDS))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TlsServer]:
    write_certificate(tmp_path)
    server = TlsServer(*BACKENDS[request.param])
    server.tls = _core.TlsAcceptor([(str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))], ticket_secret=bytes(32))
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(LARGE))

    server.get("/", kind="plain")(lambda: "hello")
    server.get("/large", kind="plain")(lambda: b"x" * LARGE)
    server.get("/file", kind="plain")(lambda: Response.file(large))
    server.get("/scheme", kind="plain", takes="request")(lambda request: request.scheme)
    server.get("/echo", kind="plain", method="POST", takes="request")(lambda request: request.content)
    server.start(tls=server.tls)
    try:
        yield server
    finally:
        server.stop()


def write_certificate(folder: Path) -> None:
    chain, key = _core.self_signed_certificate(["localhost"])
    (folder / "chain.pem").write_text(chain)
    (folder / "key.pem").write_text(key)


def client_context(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "chain.pem"))


@contextlib.contextmanager
def connected(server: TlsServer, context: ssl.SSLContext, **options: object) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost", **options) as link,  # type: ignore[call-overload]
    ):
        yield link


def ask(link: ssl.SSLSocket, target: str, method: str = "GET", content: bytes = b"") -> bytes:
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
    link.sendall(head.encode() + content)
    received = b""
    while b"\r\n\r\n" not in received:
        received += link.recv(65536)
    head_received, _, body = received.partition(b"\r\n\r\n")
    length = int(head_received.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        chunk = link.recv(65536)
        assert chunk, "cut"
        body += chunk
    return body


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_over_tls(server: TlsServer, tmp_path: Path, version: ssl.TLSVersion) -> None:
    context = client_context(tmp_path)
    context.minimum_version = context.maximum_version = version
    with connected(server, context) as link:
        assert link.version() == version.name.replace("_", ".")
        assert ask(link, "/") == b"hello"
        assert ask(link, "/scheme") == b"https"
        assert ask(link, "/large") == b"x" * LARGE
        assert ask(link, "/file") == (tmp_path / "large.bin").read_bytes()
        assert ask(link, "/echo", "POST", b"y" * 300_000) == b"y" * 300_000
        assert ask(link, "/") == b"hello"


def test_a_slow_reader_gets_everything_in_order(server: TlsServer, tmp_path: Path) -> None:
    with connected(server, client_context(tmp_path)) as link:
        link.sendall(
            b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        received = b""
        time.sleep(0.2)
        while chunk := link.recv(7000):
            received += chunk
    assert (tmp_path / "large.bin").read_bytes() in received
    assert received.endswith(b"hello")


def test_the_end_is_said_before_the_socket_closes(server: TlsServer, tmp_path: Path) -> None:
    with connected(server, client_context(tmp_path), suppress_ragged_eofs=False) as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = b""
        while chunk := link.recv(65536):  # a cut without close_notify would raise SSLEOFError
            received += chunk
        assert received.endswith(b"hello")


def test_plain_http_on_the_tls_port_is_told_so(server: TlsServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        while chunk := link.recv(1000):
            received += chunk
    head, _, content = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"https" in content
    assert f"content-length: {len(content)}".encode() in head


def test_promise_14_half_open_handshakes_hurt_nobody(server: TlsServer, tmp_path: Path) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) for _ in range(200)]
    try:
        for link in idle:
            link.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        with connected(server, client_context(tmp_path)) as link:
            assert ask(link, "/") == b"hello"
    finally:
        for link in idle:
            link.close()


def test_promise_14_certificates_reload_under_load(server: TlsServer, tmp_path: Path) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    stop = threading.Event()
    failures: list[BaseException] = []
    answered = [0]

    def load() -> None:
        while not stop.is_set():
            try:
                with connected(server, context) as link:
                    for _ in range(5):
                        assert ask(link, "/") == b"hello"
                        answered[0] += 1
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    seen = set()
    try:
        for _ in range(10):
            write_certificate(tmp_path)
            assert server.tls.reload()
            with connected(server, context) as link:
                seen.add(link.getpeercert(binary_form=True))
            goal, deadline = answered[0] + 10, time.monotonic() + PATIENCE_S
            while answered[0] < goal and not failures and time.monotonic() < deadline:
                time.sleep(0.005)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert answered[0] > 50
    assert len(seen) == 10


def test_a_broken_certificate_file_is_explained_and_the_old_one_stays(server: TlsServer, tmp_path: Path) -> None:
    context = client_context(tmp_path)
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(_core.TlsConfigurationError) as caught:
        server.tls.reload()
    what, where, why, fix = caught.value.args
    assert "key.pem" in where
    assert what
    assert why
    assert fix
    with connected(server, context) as link:
        assert ask(link, "/") == b"hello"


def test_promise_14_sessions_resume_on_another_worker(server: TlsServer, tmp_path: Path) -> None:
    second = TlsServer(LOOPS["asyncio"])
    second.get("/", kind="plain")(lambda: "second")
    files = [(str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))]
    second.start(tls=_core.TlsAcceptor(files, ticket_secret=bytes(32)))
    try:
        context = client_context(tmp_path)
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # its session is there without reading on
        with connected(server, context) as link:
            session = link.session
            assert not link.session_reused
        with connected(second, context, session=session) as link:
            assert link.session_reused
            assert ask(link, "/") == b"second"
    finally:
        second.stop()
