"""The options of a server's URL, with their defaults and units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from spica.db.errors import DatabaseUrlError
from spica.errors import closest

SSL_MODES = ("disable", "prefer", "require", "verify-full")
MAX_NUMBER = 3_600_000


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a database server is used.

    pool_size:            how many connections this process opens at most, default 10.
    acquire_timeout_ms:   how long a statement waits for a free connection, default 5000.
    connect_timeout_ms:   how long opening a connection may take, default 900: a dead server is known within a second.
    statement_timeout_ms: how long a statement may take, default 30000; 0 for any time.
    ssl:                  disable, prefer, require or verify-full; default prefer, disable for a local socket.
    """

    pool_size: int = 10
    acquire_timeout_ms: int = 5_000
    connect_timeout_ms: int = 900
    statement_timeout_ms: int = 30_000
    ssl: str = "prefer"


O = TypeVar("O", bound=ServerOptions)  # noqa: E741  # of options


def build_server_options(kind: type[O], given: Mapping[str, str], database: str) -> O:
    """Read the options of a URL.

    Args:    kind: the driver's own; given: names and texts after the "?"; database: its name, for messages.
    Returns: the options, defaults for what is absent.
    Raises:  DatabaseUrlError for an unknown name (with near matches) or a value out of range.
    """
    defaults = {field.name: field.default for field in fields(kind)}
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name not in defaults:
            near = closest(name, defaults)
            raise DatabaseUrlError(
                f"{database} has no option {name!r}",
                fix=f"did you mean {near[0]!r}?" if near else f"the options are {', '.join(sorted(defaults))}",
            )
        values[name] = _parse(name, text, defaults[name])
    return kind(**values)


def _parse(name: str, text: str, default: object) -> object:
    if isinstance(default, bool):
        if text not in ("true", "false"):
            raise DatabaseUrlError(f"{name}={text} has no meaning", fix=f"{name}=true or {name}=false")
        return text == "true"
    if isinstance(default, str):
        if text not in SSL_MODES:
            raise DatabaseUrlError(f"{name}={text} has no meaning", fix=f"one of {', '.join(SSL_MODES)}")
        return text
    least = 0 if name == "statement_timeout_ms" else 1
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= MAX_NUMBER):
        raise DatabaseUrlError(f"{name}={text} is not a whole number from {least} to {MAX_NUMBER}")
    return int(text)
