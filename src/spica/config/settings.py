"""Settings: the typed configuration of one process.

Rules: every key of every section is a field here (or in a Struct that the project registers); what isn't is a mistake.
The defaults are those of an app without files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from spica.config.environment import environment_name

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Bytes = Annotated[int, msgspec.Meta(ge=1)]
Secret = Annotated[str, msgspec.Meta(min_length=32)]


class AppSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[app]`: what the application is.

    Args:    name: shown in pages and logs; secret_key: what sessions and signed cookies are sealed with, 32 characters
             or more; a list rotates: the first seals, all open; hosts: the Host values that are answered, [] for any;
             url: its own address for absolute links, "https://example.com", "" when unknown.
    """

    name: str = "app"
    secret_key: Secret | list[Secret] = ""
    hosts: list[str] = []
    url: str = ""

    @property
    def secret_keys(self) -> list[str]:
        """The secret keys, the current one first; [] when there is none."""
        if isinstance(self.secret_key, str):
            return [self.secret_key] if self.secret_key else []
        return self.secret_key


class ServerSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server]`: how it is served.

    Args:    host, port: where to listen, port 0 for any free one; workers: processes; behind_tls: whether a proxy in
             front ends TLS, which makes cookies Secure though we see plain http; access_log: the form of the line a
             request leaves; grace_s: how long requests in flight may take when the server stops.
             The limits are those of the core; None leaves its default.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 3000
    # One until a supervisor runs several: a number that nobody acts on is refused rather than ignored.
    workers: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    behind_tls: bool = False
    access_log: Literal["text", "json", "off"] = "text"
    grace_s: Seconds = 30.0
    max_content_bytes: Bytes | None = None
    max_connections: Bytes | None = None
    head_timeout_s: Seconds | None = None
    content_timeout_s: Seconds | None = None
    keep_alive_timeout_s: Seconds | None = None
    write_timeout_s: Seconds | None = None

    @property
    def limits(self) -> dict[str, Any]:
        """The options of `_core.Server` that the files set."""
        names = (
            "max_content_bytes",
            "max_connections",
            "head_timeout_s",
            "content_timeout_s",
            "keep_alive_timeout_s",
            "write_timeout_s",
        )
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class DatabaseSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[database]`: where the data is.

    Args:    url: as `spica.db.engine.configure` takes it; "" for an app without a database.
    """

    url: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration.

    Args:    env: development, test or production; root: the project's folder, None for a one-file app; app, server,
             database: the sections; extra: the sections that the project registered, by name.
    """

    env: str = msgspec.field(default_factory=environment_name)
    root: Path | None = None
    app: AppSection = AppSection()
    server: ServerSection = ServerSection()
    database: DatabaseSection = DatabaseSection()
    extra: dict[str, msgspec.Struct] = {}

    @property
    def is_production(self) -> bool:
        """Whether this is the production environment."""
        return self.env == "production"

    def section(self, name: str) -> Any:
        """Return a section that the project registered with `load(..., sections={name: Struct})`; KeyError if not."""
        return self.extra[name]


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "app": AppSection,
    "server": ServerSection,
    "database": DatabaseSection,
}
