"""Addresses to listen on, as `--bind` and `[server] bind` write them.

127.0.0.1:8000   [::]:8000   localhost:8000   unix:/run/app.sock   fd:3
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from spica.server.errors import AddressError

LAST_PORT = 65_535
FORMS = "127.0.0.1:8000, [::]:8000, unix:/run/app.sock or fd:3"


class Address(NamedTuple):
    """Where to listen.

    Args:    kind: what the rest means; host, port: of "tcp", port 0 for any free one; path: of "unix"; descriptor: of
             "fd", a socket that was opened for us and listens already.
    """

    kind: Literal["tcp", "unix", "fd"]
    host: str = ""
    port: int = 0
    path: str = ""
    descriptor: int = -1

    def __str__(self) -> str:
        if self.kind == "unix":
            return f"unix:{self.path}"
        if self.kind == "fd":
            return f"fd:{self.descriptor}"
        return f"{bracketed(self.host)}:{self.port}"


def parse_address(text: str) -> Address:
    """Read one address.

    Raises:  AddressError: it has none of the forms, or the port is none.
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path:
            raise AddressError(f"{text!r} names no path", fix="write it as unix:/run/app.sock")
        return Address("unix", path=path)
    if text.startswith("fd:"):
        number = text.removeprefix("fd:")
        if not _is_number(number):
            raise AddressError(f"{text!r} names no descriptor", fix="write it as fd:3")
        return Address("fd", descriptor=int(number))
    host, colon, port = text.rpartition(":")
    # An IPv6 address without brackets: which colon begins the port can't be known.
    is_ambiguous = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if not colon or not host or is_ambiguous or not _is_number(port):
        raise AddressError(f"{text!r} is no address to listen on", why=f"addresses are written {FORMS}", fix=_fix(text))
    check_port(int(port))
    return Address("tcp", host=host.strip("[]"), port=int(port))


def check_port(port: int) -> None:
    """Refuse a number that is no port: the resolver takes it modulo 65,536, and another port would be served."""
    if not 0 <= port <= LAST_PORT:
        raise AddressError(f"{port} is no port: ports are 0 (any free one) to {LAST_PORT}")


def bracketed(host: str) -> str:
    """Write a host for an address or URL: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _fix(text: str) -> str:
    if _is_number(text.lstrip(":")):
        return f"say which address: 127.0.0.1:{text.lstrip(':')}, or 0.0.0.0:{text.lstrip(':')} for all"
    if text.startswith("/"):
        return f"a path is written unix:{text}"
    return "write one of these forms"
