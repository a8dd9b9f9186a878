"""`[server]`, what stands below it, and `[runtime]`: how an application is served.

Rules of this file:
- A section below `[server]` is a Struct and a field of `ServerSection`.
- Every default that doesn't depend on the machine stands here, so that `spica config` tells what is in force; the
  core has the same ones for those who use it alone (a test compares them).
- What is accepted is acted on. A switch of a feature that this version's core does not have yet can't be turned on; it
  stands in `AWAITED`, with the sentence that says so.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from spica.config.section import Section

Seconds = Annotated[float, msgspec.Meta(gt=0)]
SecondsOrOff = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Mode = Annotated[str, msgspec.Meta(pattern="^0?[0-7]{3}$", examples=["660"])]
# What a browser sends as Origin, "*" for any; the forms of a media type that compression knows.
Origin = Annotated[
    str,
    msgspec.Meta(pattern=r"^(\*|[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s]+)$", examples=["https://app.example", "*"]),
]
MediaTypes = Annotated[
    str,
    msgspec.Meta(pattern=r"^(\*\+[\w.-]+|[\w.+-]+/(\*|[\w.+-]+))$", examples=["text/html", "application/*", "*+json"]),
]


class Http2Section(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server.http2]`: HTTP/2, by ALPN or prior knowledge; max_concurrent_streams: on one connection."""

    enabled: bool = True
    max_concurrent_streams: Count = 256


class Http3Section(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server.http3]`: HTTP/3 over QUIC."""

    enabled: bool = False


class CertificateFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of `[server.tls] certificates`: paths of PEM files."""

    cert: str
    key: str


class TlsSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server.tls]`: TLS ended by the server itself.

    Args:    cert, key: paths of PEM files, relative to the project; certificates: further ones, chosen by the name that
             the client asks for; minimum: the oldest version that is spoken.
    """

    enabled: bool = False
    cert: str = ""
    key: str = ""
    certificates: list[CertificateFiles] = []
    minimum: Literal["1.2", "1.3"] = "1.2"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Chain and key of every certificate, the default one first."""
        first = [(self.cert, self.key or self.cert)] if self.cert else []
        return first + [(one.cert, one.key) for one in self.certificates]


class WebSocketSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server.websocket]`: WebSockets.

    Args:    origins: of the pages that may connect, where a route names none; [] for the application's own;
             max_message_bytes: of one message, as sent and inflated; max_queue_bytes: of broadcasts that a client has
             not taken, beyond which it is closed; ping_interval_s: the silence after which a client is asked for a sign
             of life, and after that given up; 0 never; close_timeout_s: for its answer to our goodbye; deflate: whether
             messages are compressed for clients that offer it.
    """

    origins: list[Origin] = []
    max_message_bytes: Count = 1_048_576
    max_queue_bytes: Count = 1_048_576
    ping_interval_s: SecondsOrOff = 30.0
    close_timeout_s: Seconds = 5.0
    deflate: bool = True

    @property
    def limits(self) -> dict[str, Any]:
        """The options of `_core.Server`, by their names there."""
        names = ("max_message_bytes", "max_queue_bytes", "ping_interval_s", "close_timeout_s")
        return {**{name: getattr(self, name) for name in names}, "deflate_messages": self.deflate}


# Text, structured data and the binary formats that carry no compression of their own (core/coding/src/types.rs).
COMPRESSED = [
    "text/*",
    "*+json",
    "*+xml",
    "*+text",
    "*+yaml",
    "application/json",
    "application/javascript",
    "application/x-javascript",
    "application/ecmascript",
    "application/xml",
    "application/xml-dtd",
    "application/wasm",
    "application/yaml",
    "application/toml",
    "application/graphql",
    "application/sql",
    "application/x-ndjson",
    "application/x-sh",
    "application/rtf",
    "application/postscript",
    "application/vnd.ms-fontobject",
    "font/ttf",
    "font/otf",
    "font/collection",
    "image/x-icon",
    "image/bmp",
]


class CompressionSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server.compression]`: content codings of responses.

    Args:    enabled: whether there are any; gzip, brotli, zstd: which ones; threshold_bytes: smaller contents go as
             they are; types: the media types that are encoded, as "text/html", "text/*" or "*+json".
    """

    enabled: bool = True
    gzip: bool = True
    brotli: bool = True
    zstd: bool = True
    threshold_bytes: Count = 1024
    types: list[MediaTypes] = msgspec.field(default_factory=COMPRESSED.copy)

    @property
    def options(self) -> dict[str, Any]:
        """The `compression` of `_core.Server`: what is not as the core has it anyway."""
        usual = CompressionSection()
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value != getattr(usual, name)}


# Keys of [server] that are options of `_core.Server` by the same name.
_CORE = (
    "trusted_proxies",
    "forwarded_fields",
    "max_content_bytes",
    "request_line_bytes",
    "field_block_bytes",
    "max_fields",
    "max_connections",
    "max_queue_s",
    "head_timeout_s",
    "content_timeout_s",
    "keep_alive_timeout_s",
    "write_timeout_s",
)


class ServerSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server]`: how it is served.

    Args:    host, port: where to listen, port 0 for any free one; bind: addresses instead of these; socket_mode: of
             Unix sockets, octal; workers: processes, "all" for one a core; supervise: a supervisor for one worker too,
             so that it is replaced and can be reloaded; pid_file: relative to the project, None for tmp/server.pid of a
             supervisor; behind_tls: whether a proxy in front ends TLS, which makes cookies Secure though we see plain
             http; access_log: the form of the line a request leaves; shutdown_timeout: how long requests in flight may
             take when the server stops, seconds; shutdown_delay: how much of that time it goes on accepting first,
             while `/ready` already says 503; boot_timeout: how long a worker may take to start; watchdog_timeout:
             after how long a worker that does not answer is named, watchdog_kill_after: killed; 0 never.
             trusted_proxies: addresses and networks whose forwarded fields are believed, forwarded_fields: which ones.
             These and the limits are handed to the core.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 3000
    bind: list[str] = []
    socket_mode: Mode = "660"
    workers: Count | Literal["all"] = 1
    supervise: bool = False
    pid_file: str | None = None
    behind_tls: bool = False
    access_log: Literal["text", "json", "off"] = "text"
    shutdown_timeout: Seconds = 30.0
    shutdown_delay: SecondsOrOff = 0.0
    boot_timeout: SecondsOrOff = 60.0
    watchdog_timeout: SecondsOrOff = 10.0
    watchdog_kill_after: SecondsOrOff = 60.0
    trusted_proxies: list[str] = []
    forwarded_fields: list[str] = msgspec.field(default_factory=lambda: ["x-forwarded-for", "x-forwarded-proto"])
    max_content_bytes: Count = 16_777_216
    request_line_bytes: Count = 8_192
    field_block_bytes: Count = 65_536
    max_fields: Count = 100
    max_connections: Count = 16_384
    max_queue_s: Seconds = 0.5
    head_timeout_s: Seconds = 20.0
    content_timeout_s: Seconds = 60.0
    keep_alive_timeout_s: Seconds = 75.0
    write_timeout_s: Seconds = 60.0
    http2: Http2Section = Http2Section()
    http3: Http3Section = Http3Section()
    tls: TlsSection = TlsSection()
    compression: CompressionSection = CompressionSection()
    websocket: WebSocketSection = WebSocketSection()

    @property
    def is_secure(self) -> bool:
        """Whether clients reach the application by TLS, ours or that of a proxy."""
        return self.behind_tls or self.tls.enabled

    @property
    def limits(self) -> dict[str, Any]:
        """The options of `_core.Server`, by their names there."""
        return {**{name: getattr(self, name) for name in _CORE}, **self.websocket.limits}


class RuntimeSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[runtime]`: what a worker runs on.

    Args:    backend: what carries the octets, "epoll" on Linux, "kqueue" on macOS and FreeBSD, "asyncio" for the loop's
             own transports; event_loop: "auto" for uvloop where it is installed; worker_threads: threads for work that
             blocks, None for Python's default; cpu_affinity: pin workers to cores, in turn: "auto" to all usable ones,
             or to these; max_tasks_per_loop: handlers of one worker that wait at the same time, more requests get 503.
    """

    backend: Literal["auto", "epoll", "kqueue", "asyncio"] = "auto"
    event_loop: Literal["auto", "uvloop", "asyncio"] = "auto"
    worker_threads: Count | None = None
    cpu_affinity: Literal["off", "auto"] | list[Annotated[int, msgspec.Meta(ge=0)]] = "off"
    max_tasks_per_loop: Count = 10_000


# By section and key: what can't be turned on yet, and what to do instead. A feature that the core has got leaves this
# table and enters `server_arguments` of spica.server.run.
AWAITED: dict[tuple[str, str], tuple[str, str]] = {
    ("server.http3", "enabled"): ("does not serve HTTP/3", "leave it false; a proxy in front can speak it"),
}
