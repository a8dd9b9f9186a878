"""The octets of one response, taken apart as a strict client does: what broke off is never taken for whole.

Rules: interim responses (1xx but 101) are passed over; obs-fold and bare LF are not expected of a server that never
sends them. Source: RFC 9112 sections 6 and 7.
"""

from __future__ import annotations

import http.client
import io
from email.message import Message
from typing import NamedTuple

_NO_CONTENT = frozenset({101, 204, 304})


class Received(NamedTuple):
    """A response. `missing` says what of it did not come, "" when it is whole."""

    status: int
    headers: Message
    content: bytes
    trailers: Message
    missing: str


def read_response(octets: bytes, method: str) -> Received:
    """Take a response apart.

    Args:    octets: all that came on its connection; method: of the request (HEAD has no content).
    Raises:  ConnectionError: there is no head of a final response.
    """
    stream = io.BytesIO(octets)
    status = 100
    while 100 <= status < 200 and status != 101:
        version, _, rest = stream.readline().decode("latin-1").partition(" ")
        if not version.startswith("HTTP/") or not rest[:3].isdigit():
            raise ConnectionError("the connection ended without an answer")
        status, headers = int(rest[:3]), http.client.parse_headers(stream)
    none = Message()
    if method == "HEAD" or status in _NO_CONTENT:
        return Received(status, headers, b"", none, "")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        content, missing = _read_chunks(stream)
        return Received(status, headers, content, none if missing else http.client.parse_headers(stream), missing)
    content, length = stream.read(), headers.get("content-length")
    short = int(length) - len(content) if length is not None else 0
    return Received(status, headers, content, none, f"{short} octets of its content" if short > 0 else "")


def _read_chunks(stream: io.BytesIO) -> tuple[bytes, str]:
    """The content of all chunks, and what is missing of them."""
    content = bytearray()
    while size_line := stream.readline():
        size = int(size_line.partition(b";")[0], 16)
        if not size:
            return bytes(content), ""
        content += stream.read(size)
        stream.readline()
    return bytes(content), "its end"
