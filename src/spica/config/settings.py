"""Settings: the typed configuration of one process.

Rules: every key of every section is a field here (or in a Struct that the project registers); what isn't is a mistake.
The defaults are those of an app without files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from spica.config.environment import environment_name
from spica.config.server_settings import RuntimeSection, ServerSection

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


class DatabaseSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[database]`: where the data is.

    Args:    url: as `spica.db.engine.configure` takes it; "" for an app without a database.
    """

    url: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration.

    Args:    env: development, test or production; root: the project's folder, None for a one-file app; app, server,
             runtime, database: the sections; extra: the sections that the project registered, by name.
    """

    env: str = msgspec.field(default_factory=environment_name)
    root: Path | None = None
    app: AppSection = AppSection()
    server: ServerSection = ServerSection()
    runtime: RuntimeSection = RuntimeSection()
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
    "runtime": RuntimeSection,
    "database": DatabaseSection,
}
