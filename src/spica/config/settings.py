"""Settings: the typed configuration of one process.

Rules: every key of every section is a field here (or in a Struct that the project registers); what isn't is a mistake.
The defaults are those of an app without files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from spica.config.environment import environment_name
from spica.config.section import Section
from spica.config.server_settings import RuntimeSection, ServerSection
from spica.errors.base import closest
from spica.secrets.values import Secrets

SecretKey = Annotated[str, msgspec.Meta(min_length=32)]
PagePath = Annotated[str, msgspec.Meta(pattern=r"^(/[A-Za-z0-9._~-]+)+$")]
AuditService = Annotated[
    str, msgspec.Meta(pattern=r"^(pypi|osv|https?://.+)$", examples=["pypi", "osv", "https://osv.example.com/v1/query"])
]


Kind = TypeVar("Kind", bound=msgspec.Struct)


class AppSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[app]`: what the application is.

    Args:    name: shown in pages and logs; secret_key: what sessions and signed cookies are sealed with, 32 characters
             or more; a list rotates: the first seals, all open; old_secret_keys: open what they have sealed, too;
             hosts: the Host values that are answered, [] for any;
             url: its own address for absolute links, "https://example.com", "" when unknown.
    """

    name: str = "app"
    secret_key: SecretKey | list[SecretKey] = ""
    old_secret_keys: list[SecretKey] = []
    hosts: list[str] = []
    url: str = ""

    @property
    def secret_keys(self) -> list[str]:
        """The secret keys, the current one first; [] when there is none."""
        current = [self.secret_key] if isinstance(self.secret_key, str) else self.secret_key
        return [*current, *self.old_secret_keys] if any(current) else []


class DatabaseSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[database]`: where the data is, and what is told of queries.

    Args:    url: as `spica.db.engine.configure` takes it; "" for an app without a database;
             log_queries: a log line for each, None for only in development; n_plus_one: what one query again and again
             from one line is, None for a log line in development and an error in tests; query_comments: whether
             statements name their route.
    """

    url: str = ""
    log_queries: bool | None = None
    n_plus_one: Literal["off", "log", "raise"] | None = None
    query_comments: bool = False


class PasswordsSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[passwords]`: what hashing a password costs (Argon2id), and which ones are taken.

    Args:    memory_kib, rounds, lanes: of one hash, None for RFC 9106's second recommendation, in tests for the
             cheapest; threads: hashes at the same time in one worker, each with that memory; max_waiting: hashes that
             may wait for a thread, beyond which 503 is answered; min_characters: of a new password.
    """

    memory_kib: Annotated[int, msgspec.Meta(ge=8, le=4_194_304)] | None = None
    rounds: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None
    lanes: Annotated[int, msgspec.Meta(ge=1, le=64)] | None = None
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    max_waiting: Annotated[int, msgspec.Meta(ge=1)] = 64
    min_characters: Annotated[int, msgspec.Meta(ge=1, le=128)] = 8


class HealthSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[health]`: the pages that tell load balancers and orchestrators how this process is.

    Args:    enabled: whether there are any; live: where it answers as long as the process does; ready: where it answers
             200 only while requests can be; timeout_s: how long one check may take.
    """

    enabled: bool = True
    live: PagePath = "/health"
    ready: PagePath = "/ready"
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 0.8


class OpenapiSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[openapi]`: the API document and its pages.

    Args:    title: default the application's name; version: of the API; description: CommonMark; servers: addresses
             that clients reach it by, default [app] url; enabled: whether the pages are served, None for everywhere but
             in production; path: of the pages; prefixes: of the paths that are described, [] for all.
    """

    title: str = ""
    version: str = "0.1.0"
    description: str = ""
    servers: list[str] = []
    enabled: bool | None = None
    path: PagePath = "/api/docs"
    prefixes: list[str] = []


class PubsubSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[pubsub]`: how broadcasts reach the other processes of the application.

    Args:    url: "memory" for none, "local" for those of this host, or a server's; "" is "local", in tests "memory";
             name: what tells this application from others on the same server or host, default its own name.
    """

    url: str = ""
    name: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]{0,47})?$", examples=["shop"])] = ""


class PresenceSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[presence]`: who is in the topics of channels.

    Args:    heartbeat_s: how often a process tells the others that it is there; after two without a word, and a third
             of one, its presences are dropped. The same in all processes.
    """

    heartbeat_s: Annotated[float, msgspec.Meta(ge=0.05, le=60)] = 1.5


class AuditSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[audit]`: what `spica audit` asks, and what it leaves out.

    Args:    ignore: advisories that are known and accepted, by any of their names; service: who knows of
             vulnerabilities: "pypi", "osv", or the address of a server that answers as OSV does.
    """

    ignore: list[str] = []
    service: AuditService = "pypi"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration.

    Args:    env: development, test or production; root: the project's folder, None for a one-file app; app, server,
             runtime, database, passwords, openapi, health, pubsub, presence, audit: the sections; secrets: those of
             the encrypted file; extra: the sections of the project's own, by name, each an attribute too.
    """

    env: str = msgspec.field(default_factory=environment_name)
    root: Path | None = None
    app: AppSection = AppSection()
    server: ServerSection = ServerSection()
    runtime: RuntimeSection = RuntimeSection()
    database: DatabaseSection = DatabaseSection()
    passwords: PasswordsSection = PasswordsSection()
    openapi: OpenapiSection = OpenapiSection()
    health: HealthSection = HealthSection()
    pubsub: PubsubSection = PubsubSection()
    presence: PresenceSection = PresenceSection()
    audit: AuditSection = AuditSection()
    secrets: Secrets = msgspec.field(default_factory=Secrets)
    extra: dict[str, msgspec.Struct] = {}

    @property
    def is_production(self) -> bool:
        """Whether this is the production environment."""
        return self.env == "production"

    def section(self, name: str) -> Any:
        """Return a section of the project's own by its name; KeyError when there is none."""
        return self.extra[name]

    def section_of(self, kind: type[Kind]) -> Kind:
        """Return the section that is of a type; KeyError when there is none."""
        for section in (
            self.app,
            self.server,
            self.runtime,
            self.database,
            self.passwords,
            self.openapi,
            self.health,
            self.pubsub,
            self.presence,
            self.audit,
            *self.extra.values(),
        ):
            if type(section) is kind:
                return section
        raise KeyError(kind.__name__)

    def __getattr__(self, name: str) -> Any:
        section = self.extra.get(name) if not name.startswith("__") else None
        if section is None:
            near = closest(name, [*SECTIONS, *self.extra, "env", "root", "secrets"])
            hint = f"; did you mean {near[0]}?" if near else ""
            raise AttributeError(f"the configuration has no section {name!r}{hint}")
        return section


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "app": AppSection,
    "server": ServerSection,
    "runtime": RuntimeSection,
    "database": DatabaseSection,
    "passwords": PasswordsSection,
    "openapi": OpenapiSection,
    "health": HealthSection,
    "pubsub": PubsubSection,
    "presence": PresenceSection,
    "audit": AuditSection,
}
