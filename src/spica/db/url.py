"""Database URLs: `sqlite://./db/development.db`, `sqlite://:memory:`, `postgresql://user:password@host:5432/name`.

Rules of this file:
- What follows `sqlite://` is the path, so a third slash makes it absolute. A relative path starts at `root`.
- Of a server's URL everything may be left out but the name; what is left out is what the server's own tools take.
- Options follow a "?"; an unknown one is refused, never ignored. No message shows a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from spica.db.errors import DatabaseUrlError
from spica.errors import closest

MEMORY = ":memory:"
# What may stand before "://", and the driver that it means. MariaDB and MySQL are one.
SCHEMES = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mariadb": "mysql",
    "mysql": "mysql",
}


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A database URL, taken apart.

    scheme: the driver's name; path: of a file, absolute, or `:memory:`, "" for a server; host, port, user, password,
    name: of a server and its database, None for what was not said.
    """

    scheme: str
    path: str
    options: Mapping[str, str] = field(default_factory=dict)
    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    name: str = ""

    @property
    def in_memory(self) -> bool:
        """Whether the database lives only as long as its connection."""
        return self.path == MEMORY

    @property
    def place(self) -> str:
        """Where the database is, for messages: a path, or host, port and name."""
        if self.path:
            return self.path
        port = f":{self.port}" if self.port else ""
        return f"{self.host or 'localhost'}{port}/{self.name}"


def parse_url(url: str, *, root: Path | None = None) -> DatabaseUrl:
    """Take a database URL apart.

    Args:    url: as in config/database.toml; root: where relative paths start, default the current folder.
    Returns: its parts; nothing is opened or created.
    Raises:  DatabaseUrlError for an unknown scheme, a missing path or name, options that can't be read.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in SCHEMES:
        raise _unknown_scheme(url, scheme if separator else "")
    location, _, query = rest.partition("?")
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError as problem:
        raise DatabaseUrlError(f"the options of {hide_password(url)!r} can't be read", why=str(problem)) from problem
    if scheme != "sqlite":
        return _parse_server(url, scheme, options)
    if not location:
        raise DatabaseUrlError(
            f"the database URL {url!r} names no file", fix="write sqlite://./db/development.db or sqlite://:memory:"
        )
    if location == MEMORY:
        return DatabaseUrl(scheme, MEMORY, options)
    path = (root or Path.cwd()) / unquote(location)
    return DatabaseUrl(scheme, str(path.absolute()), options)


def hide_password(url: str) -> str:
    """Write a URL for people: its password as ***."""
    head, separator, location = url.partition("://")
    credentials, at, rest = location.rpartition("@")
    user, colon, _ = credentials.partition(":")
    return f"{head}{separator}{user}{':***' if colon else ''}{at}{rest}"


def _parse_server(url: str, scheme: str, options: dict[str, str]) -> DatabaseUrl:
    example = f"write {scheme}://user:password@localhost/name"
    try:
        parts: SplitResult = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as problem:
        raise DatabaseUrlError(
            f"{hide_password(url)!r} can't be read",
            why=f"{problem}; in a user's name and password, other signs than letters and digits are written as %XX",
            fix=example,
        ) from None
    name = unquote(parts.path.removeprefix("/"))
    if not name or "/" in name:
        raise DatabaseUrlError(f"the database URL {hide_password(url)!r} names no database", fix=example)
    return DatabaseUrl(
        SCHEMES[scheme],
        "",
        options,
        host=options.pop("host", None) or (unquote(host) if host else None),  # a host that is a folder: a local socket
        port=port,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        name=name,
    )


def _unknown_scheme(url: str, scheme: str) -> DatabaseUrlError:
    near = closest(scheme, SCHEMES)
    return DatabaseUrlError(
        f"{hide_password(url)!r} is not a database URL that Spica knows",
        why="the first part must be one of: " + ", ".join(f"{name}://" for name in ("sqlite", "postgresql", "mariadb")),
        fix=f"did you mean {near[0]}://?" if near else "write sqlite://./db/development.db",
    )
