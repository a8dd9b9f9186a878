"""A client that sends one GET at a time over a plain socket: for checks, cold starts and idle connections."""

from __future__ import annotations

import socket

TIMEOUT_S = 10.0


def connect(port: int) -> socket.socket:
    """Open a keep-alive connection to a server on this machine."""
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)


def exchange(connection: socket.socket, path: str) -> tuple[int, bytes]:
    """Send one GET and return the status and the body.

    Raises: ConnectionError when the server closes early or sends no Content-Length; OSError as sockets do.
    """
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    expected = content_length(head)
    while len(body) < expected:
        body += _receive(connection)
    return int(head.split(b" ", 2)[1]), body


def content_length(head: bytes) -> int:
    """Return the Content-Length of a response head. Raises ConnectionError when there is none."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    raise ConnectionError(f"a response without Content-Length: {head[:200]!r}")


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionError("the server closed the connection before its answer was complete")
    return received
