"""Database URLs: `sqlite://./db/development.db`, `sqlite:///var/lib/app.db`, `sqlite://:memory:`.

Rules of this file:
- What follows `sqlite://` is the path, so a third slash makes it absolute. A relative path starts at `root`.
- Options follow a "?"; an unknown one is refused, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from spica.db.errors import DatabaseUrlError
from spica.errors import closest

MEMORY = ":memory:"
SCHEMES = ("sqlite",)


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A database URL, taken apart. `path` is absolute, or `:memory:`."""

    scheme: str
    path: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_memory(self) -> bool:
        """Whether the database lives only as long as its connection."""
        return self.path == MEMORY


def parse_url(url: str, *, root: Path | None = None) -> DatabaseUrl:
    """Take a database URL apart.

    Args:    url: as in config/database.toml; root: where relative paths start, default the current folder.
    Returns: its parts; nothing is opened or created.
    Raises:  DatabaseUrlError for an unknown scheme or a missing path.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in SCHEMES:
        raise _unknown_scheme(url, scheme if separator else "")
    location, _, query = rest.partition("?")
    if not location:
        raise DatabaseUrlError(
            f"the database URL {url!r} names no file", fix="write sqlite://./db/development.db or sqlite://:memory:"
        )
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError as problem:
        raise DatabaseUrlError(f"the options of {url!r} can't be read", why=str(problem)) from problem
    if location == MEMORY:
        return DatabaseUrl(scheme, MEMORY, options)
    path = (root or Path.cwd()) / unquote(location)
    return DatabaseUrl(scheme, str(path.absolute()), options)


def _unknown_scheme(url: str, scheme: str) -> DatabaseUrlError:
    near = closest(scheme, SCHEMES)
    return DatabaseUrlError(
        f"{url!r} is not a database URL that Spica knows",
        why="the first part must be one of: " + ", ".join(f"{name}://" for name in SCHEMES),
        fix=f"did you mean {near[0]}://?" if near else "write sqlite://./db/development.db",
    )
