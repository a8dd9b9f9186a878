"""A client that sends one GET at a time over a socket: for checks, cold starts and idle connections.

Rules: it asks in the protocol that it is told, HTTP/1.1, HTTP/2 or a WebSocket's handshake, in clear text or over TLS;
a server that does not speak it is a ConnectionError. No certificate is verified: the servers are ours.
"""

from __future__ import annotations

import functools
import socket
import ssl
from typing import NamedTuple

from benchmarks import http2
from benchmarks.protocols import ALPN, Protocol

TIMEOUT_S = 10.0
_HANDSHAKE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


class Answer(NamedTuple):
    """What came back; the body of a WebSocket's handshake is empty."""

    status: int
    body: bytes


def connect(port: int) -> socket.socket:
    """Open a keep-alive connection to a server on this machine."""
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)


def ask(port: int, path: str, protocol: Protocol, *, tls: bool) -> tuple[socket.socket, Answer]:
    """Open a connection and have one answer on it; it stays open. Raises OSError as sockets do, ConnectionError too."""
    connection = connect(port)
    try:
        if tls:
            connection = _wrap(connection, protocol)
        if protocol is Protocol.HTTP2:
            return connection, Answer(*http2.exchange(connection, path, "https" if tls else "http"))
        return connection, Answer(*exchange(connection, path, _HANDSHAKE if protocol is Protocol.WEBSOCKET else ""))
    except BaseException:
        connection.close()
        raise


@functools.cache
def _context(protocol: Protocol) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([ALPN[protocol]])
    return context


def _wrap(connection: socket.socket, protocol: Protocol) -> ssl.SSLSocket:
    wrapped = _context(protocol).wrap_socket(connection, server_hostname="localhost")
    chosen = wrapped.selected_alpn_protocol()
    if protocol is Protocol.HTTP2 and chosen != ALPN[protocol]:
        raise ConnectionError(f"over TLS the server chose {chosen or 'no protocol'}, not {ALPN[protocol]}")
    return wrapped


def exchange(connection: socket.socket, path: str, fields: str = "") -> tuple[int, bytes]:
    """Send one GET and return the status and the body.

    Raises: ConnectionError when the server closes early or sends no Content-Length; OSError as sockets do.
    """
    head, body = _exchange(connection, path, fields)
    return int(head.split(b" ", 2)[1]), body


def get_cookies(port: int, path: str) -> str:
    """Have one answer and return the Cookie field of who comes back with what it set; "" when it set nothing."""
    with connect(port) as connection:
        head, _ = _exchange(connection, path)
    return cookies_of(head)


def cookies_of(head: bytes) -> str:
    """Return the Cookie field that gives back what a response's head sets."""
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    cookies = [value.partition(b";")[0].strip() for name, _, value in lines if name.strip().lower() == b"set-cookie"]
    return b"; ".join(cookies).decode("latin-1")


def _exchange(connection: socket.socket, path: str, fields: str = "") -> tuple[bytes, bytes]:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received:
        received += receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    expected = 0 if head.split(b" ", 2)[1] == b"101" else content_length(head)
    while len(body) < expected:
        body += receive(connection)
    return head, body


def content_length(head: bytes) -> int:
    """Return the Content-Length of a response head. Raises ConnectionError when there is none."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    raise ConnectionError(f"a response without Content-Length: {head[:200]!r}")


def receive(connection: socket.socket) -> bytes:
    """Return what has arrived. Raises ConnectionError when nothing will."""
    received = connection.recv(65536)
    if not received:
        raise ConnectionError("the server closed the connection before its answer was complete")
    return received
