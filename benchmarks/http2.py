"""One GET over HTTP/2, as little of it as that needs: no dynamic table, no windows, one stream.

Fields are sent as literals or by their place in the static table (RFC 7541, appendix A), so there is no state to keep.
Of the answer's fields only `:status: 200` is known, by its place in that table, which is how servers send it.
"""

from __future__ import annotations

import socket
import struct

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD_BYTES = 9
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_END_STREAM = _ACK = 0x1
_END_HEADERS, _PADDED = 0x4, 0x8
_GET, _STATUS_200 = 0x82, 0x88
_SCHEMES = {"http": 0x86, "https": 0x87}
_AUTHORITY, _PATH = 0x01, 0x04  # literals that are not indexed, their names from the static table
_MAX_LITERAL = 126  # longer ones need more than one octet for their length


def exchange(connection: socket.socket, path: str, scheme: str) -> tuple[int, bytes]:
    """Begin a connection, send one GET and return the status (0: any other than 200) and the body.

    Raises: ConnectionError when the server does not speak HTTP/2 or ends the stream; OSError as sockets do.
    """
    block = bytes([_GET, _SCHEMES[scheme]]) + _literal(_PATH, path) + _literal(_AUTHORITY, "127.0.0.1")
    request = _frame(_HEADERS, _END_HEADERS | _END_STREAM, 1, block)
    connection.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, b"") + request)
    kind, flags, payload = _read_frame(connection)
    if kind != _SETTINGS:
        raise ConnectionError("the server does not speak HTTP/2")
    status, body = 0, b""
    while True:
        if kind == _SETTINGS and not flags & _ACK:
            connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind in (_RST_STREAM, _GOAWAY):
            raise ConnectionError("the server ended the HTTP/2 stream before its answer was complete")
        elif kind == _HEADERS:
            status = 200 if _begins_with_200(payload) else 0
        elif kind == _DATA:
            body += payload[1 : len(payload) - payload[0]] if flags & _PADDED else payload
        if kind in (_DATA, _HEADERS) and flags & _END_STREAM:
            return status, body
        kind, flags, payload = _read_frame(connection)


def _begins_with_200(block: bytes) -> bool:
    # An update of the dynamic table's size, which may come first, is 001xxxxx; ours is never larger than one octet.
    return block.lstrip(bytes(range(0x20, 0x40)))[:1] == bytes([_STATUS_200])


def _literal(name: int, value: str) -> bytes:
    encoded = value.encode()
    if len(encoded) > _MAX_LITERAL:
        raise ValueError(f"{value!r} is too long for this client")
    return bytes([name, len(encoded)]) + encoded


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _read_frame(connection: socket.socket) -> tuple[int, int, bytes]:
    head = _read_exactly(connection, _HEAD_BYTES)
    if head.startswith(b"HTTP/"):
        raise ConnectionError("the server does not speak HTTP/2, it answered in HTTP/1")
    size = int.from_bytes(head[:3], "big")
    return head[3], head[4], _read_exactly(connection, size)


def _read_exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        piece = connection.recv(count - len(received))
        if not piece:
            raise ConnectionError("the server closed the connection before its answer was complete")
        received += piece
    return received
