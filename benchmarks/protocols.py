"""The protocols that servers are asked in."""

from __future__ import annotations

from enum import Enum


class Protocol(Enum):
    """What is spoken on a connection, in clear text or over TLS."""

    HTTP1 = "HTTP/1.1"
    HTTP2 = "HTTP/2"
    WEBSOCKET = "WebSocket"


ALPN = {Protocol.HTTP1: "http/1.1", Protocol.HTTP2: "h2", Protocol.WEBSOCKET: "http/1.1"}
"""How each is named during a TLS handshake."""
