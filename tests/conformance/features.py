"""What the server under test speaks, asked of the server itself: a suite comes alive when its protocol does."""

from __future__ import annotations

import shutil
import socket
import ssl
from pathlib import Path

import msgspec

from spica.config import server_settings
from spica.config.server_settings import ServerSection

SETTINGS_FRAME = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
CACHE = Path.home() / ".cache" / "spica"


def _first_answer(port: int, octets: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
        peer.sendall(octets)
        return peer.recv(4096)


def speaks_http2(port: int) -> bool:
    """Whether a client with prior knowledge is answered by a SETTINGS frame (RFC 9113 section 3.4)."""
    answer = _first_answer(port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SETTINGS_FRAME)
    return len(answer) >= 9 and answer[3] == 4


def speaks_http2_over_tls(port: int) -> bool:
    """Whether ALPN chooses h2 (RFC 9113 section 3.2)."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain, context.wrap_socket(plain) as peer:
        return peer.selected_alpn_protocol() == "h2"


def speaks_websocket(port: int) -> bool:
    """Whether an upgrade of /echo is accepted (RFC 6455 section 4.2.2)."""
    return _first_answer(port, UPGRADE % port).startswith(b"HTTP/1.1 101 ")


def has_section(name: str) -> bool:
    """Whether `[server.NAME]` exists and may be turned on in this version."""
    is_known = any(field.name == name for field in msgspec.structs.fields(ServerSection))
    return is_known and (f"server.{name}", "enabled") not in getattr(server_settings, "AWAITED", {})


def tool(name: str) -> Path | None:
    """An installed program: of the cache that tools/*.sh fill, else of the system."""
    cached = CACHE / name / "bin" / name
    found = str(cached) if cached.exists() else shutil.which(name)
    return Path(found) if found else None
