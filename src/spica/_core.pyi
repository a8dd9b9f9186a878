"""The compiled heart of Spica: sockets, HTTP, routing, escaping and sealing."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, Self, TypedDict, Unpack, final

from typing_extensions import disjoint_base

__all__ = [
    "POLLER",
    "Application",
    "EnvelopeSealer",
    "FileContent",
    "IncomingContent",
    "MemoryConnection",
    "NumberPath",
    "OutgoingContent",
    "PublicFile",
    "Request",
    "RouteConflict",
    "RoutePatternError",
    "Server",
    "TlsAcceptor",
    "TlsConfigurationError",
    "WebSocket",
    "aead_open",
    "aead_seal",
    "base64url_decode",
    "base64url_encode",
    "encode_smallest",
    "escape",
    "hkdf_sha256",
    "mask_secret",
    "origin_allowed",
    "random_text",
    "self_signed_certificate",
    "trim_memory",
    "unmask_secret",
]

POLLER: Literal["epoll", "kqueue"]  # what the reactor asks for readiness on this system

class RouteConflict(ValueError):
    """Routes of which some can never be reached.

    args[0] is a list of (method, path that both answer, first, second, why, fix).
    """

class RoutePatternError(ValueError):
    """A pattern that is not understood: args are (what, route, why, fix)."""

@final
class Request:
    """One request's head and whole content. Immutable; text is decoded when it is asked for."""

    @property
    def method(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def scheme(self) -> str: ...
    @property
    def client(self) -> tuple[str, int] | None: ...
    @property
    def fields(self) -> list[tuple[str, str]]: ...
    def field(self, name: str) -> str | None: ...
    def field_values(self, name: str) -> list[str]: ...
    def read_cookies(self, limit: int) -> dict[str, str] | None: ...
    def check_conditions(self, etag: str | None, last_modified: int | None) -> Literal[200, 304, 412]: ...
    @property
    def content(self) -> bytes: ...
    @property
    def has_content(self) -> bool: ...
    @property
    def content_length(self) -> int: ...
    @property
    def is_spooled(self) -> bool: ...
    def read_content(self, offset: int, limit: int) -> bytes: ...
    @property
    def incoming(self) -> Any: ...
    def send_early_hints(self, fields: list[tuple[str, str]]) -> None: ...
    @property
    def params(self) -> tuple[object, ...]: ...
    @property
    def route(self) -> int: ...
    @staticmethod
    def build(
        method: str,
        target: str,
        fields: list[tuple[str, str]],
        content: bytes | None = None,
        *,
        incoming: object = None,
        spooled: int | None = None,
        scheme: str = "http",
        client: tuple[str, int] | None = None,
    ) -> Request: ...

@final
class IncomingContent:
    """The content of a request while it arrives.

    `take` gives octets, b"" at the end, None when there is nothing yet, (status, reason) when it is broken.
    """

    def take(self) -> bytes | tuple[int, str] | None: ...
    def arrived(self) -> asyncio.Future[None]: ...
    @property
    def trailers(self) -> list[tuple[str, str]]: ...

@final
class OutgoingContent:
    """The content of a response while it is made. `write` returns whether there is room for more; else await `room`."""

    def write(self, chunk: bytes | bytearray | memoryview | str) -> bool: ...
    def room(self) -> asyncio.Future[None]: ...
    def set_trailers(self, trailers: list[tuple[str, str]]) -> None: ...
    @property
    def missing(self) -> int: ...

@final
class PublicFile:
    """The answer with a public file; `Application.begin` gives it where no route is, `Application.finish` takes it."""

@final
class FileContent:
    """The content of a file's answer: `read` gives the next octets, b"" at the end."""

    def read(self, limit: int) -> bytes: ...

@final
class Application:
    """The compiled route table: how each route is called, what its value becomes, what errors and misses become."""

    def __new__(
        cls,
        *,
        encode: Callable[[object], bytes],
        response_type: type,
        on_error: Callable[[Request, BaseException], object],
        on_miss: Callable[[Request, int, str], object],
        send_stream: Callable[[OutgoingContent, Any], Coroutine[Any, Any, bool]],
        fields: list[tuple[str, str]] = ...,
        public: list[tuple[str, str] | tuple[str, str, str]] = ...,
        readers: tuple[list[str], list[tuple[str, str]], str, bool] | None = ...,
    ) -> Application: ...
    def add_route(
        self,
        method: str,
        pattern: str,
        handler: Callable[..., object],
        *,
        takes: Literal["params", "request"],
        order: list[int] = ...,
        kind: Literal["plain", "step", "task", "socket"],
        status: int = 200,
        label: str = "",
        content: Literal["whole", "stream"] = "whole",
        vital: bool = False,
        origins: list[str] = ...,
        host: str | None = None,
        constraints: list[tuple[str, str]] = ...,
        parsers: list[tuple[int, Callable[[Any], object]]] = ...,
        when: Callable[[Request], object] | None = None,
        guard: str = "",
        fallback: bool = False,
    ) -> int: ...
    def narrow(self, number: int, *, max_content_bytes: int | None = None, logged: bool = True) -> None: ...
    def freeze(self) -> None: ...
    def match(self, request: Request) -> tuple[int, tuple[object, ...] | str]: ...
    @property
    def has_streams(self) -> bool: ...
    def streams_content(self, request: Request) -> bool: ...
    def begin_socket(self, request: Request) -> Callable[..., Any] | None: ...
    def begin(self, request: Request) -> object: ...
    def finish(self, request: Request, value: object) -> tuple[int, list[tuple[bytes, bytes]], Any]: ...
    @property
    def fields(self) -> list[tuple[str, str]]: ...

class _CompressionOptions(TypedDict, total=False):
    """How responses are compressed; None leaves the default of core/coding/src/policy.rs, which has everything on."""

    enabled: bool | None
    gzip: bool | None
    brotli: bool | None
    zstd: bool | None
    threshold_bytes: int | None
    types: list[str] | None

class _ReactorOptions(TypedDict, total=False):
    """What an operator may set; None leaves the default of core/server/src/options.rs."""

    max_content_bytes: int | None
    request_line_bytes: int | None
    field_block_bytes: int | None
    max_fields: int | None
    chunk_extension_bytes: int | None
    max_connections: int | None
    max_waiting: int | None
    http2: bool | None
    http2_max_streams: int | None
    max_queue_s: float | None
    head_timeout_s: float | None
    content_timeout_s: float | None
    keep_alive_timeout_s: float | None
    write_timeout_s: float | None
    linger_timeout_s: float | None
    max_message_bytes: int | None
    max_queue_bytes: int | None
    ping_interval_s: float | None
    close_timeout_s: float | None
    deflate_messages: bool | None
    spool_folder: str | None
    trusted_proxies: list[str] | None
    forwarded_fields: list[str] | None
    compression: _CompressionOptions | None

class TlsConfigurationError(ValueError):
    """A certificate, key or TLS setting that can't serve: args are (what, where, why, fix)."""

@final
class TlsAcceptor:
    """Certificates and how TLS is spoken with them; `reload` reads the files again and says whether they changed."""

    def __new__(
        cls,
        certificates: list[tuple[str, str]],
        *,
        minimum: Literal["1.2", "1.3"] = "1.2",
        http2: bool = True,
        ticket_secret: bytes | None = None,
    ) -> TlsAcceptor: ...
    def reload(self) -> bool: ...
    @property
    def certificates(self) -> list[tuple[str, list[str], int]]: ...

def self_signed_certificate(names: list[str] = ...) -> tuple[str, str]: ...

@final
class Server:
    """The reactor of one worker, bound to one event loop and its thread."""

    def __new__(
        cls,
        application: Application,
        event_loop: object,
        *,
        access_log: Literal["text", "json"] | None = None,
        **options: Unpack[_ReactorOptions],
    ) -> Server: ...
    def listen(self, descriptor: int, tls: TlsAcceptor | None = None) -> None: ...
    def fileno(self) -> int: ...
    def poll(self) -> None: ...
    def broadcast(self, topic: str, payload: object, *, except_: object = None) -> int: ...
    def subscribers(self, topic: str) -> int: ...
    def connect(self, sink: Callable[[bytes | None], object]) -> MemoryConnection: ...
    def connect_over(
        self,
        sink: Callable[[bytes | bool | None], object],
        *,
        peer: tuple[str, int] | None = None,
        tls: TlsAcceptor | None = None,
        window: int = 262_144,
    ) -> MemoryConnection: ...
    def drain(self, linger_s: float = 0.0) -> None: ...
    def abort(self) -> None: ...
    @property
    def connections(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    def counts(self) -> dict[str, int]: ...

@final
class WebSocket:
    """One WebSocket of this server. `take` gives a message, None when there is none yet, (code, reason) at the end;
    `send` returns whether there is room for more, None when it has ended."""

    @property
    def protocols(self) -> list[str]: ...
    @property
    def is_accepted(self) -> bool: ...
    @property
    def end(self) -> tuple[int, str] | None: ...
    def accept(self, protocol: str | None = None, fields: list[tuple[str, str]] = ...) -> None: ...
    def take(self) -> str | bytes | tuple[int, str] | None: ...
    def arrived(self) -> asyncio.Future[None]: ...
    def send(self, message: bytes | bytearray | memoryview | str) -> bool | None: ...
    def room(self) -> asyncio.Future[None]: ...
    def close(self, code: int = 1000, reason: str = "") -> None: ...
    def subscribe(self, topic: str) -> None: ...
    def unsubscribe(self, topic: str) -> None: ...

@final
class MemoryConnection:
    """One connection of a Server that has no socket; made by Server.connect and Server.connect_over."""

    def feed(self, data: bytes) -> bool: ...
    def written(self, count: int) -> bool: ...
    def close(self) -> None: ...

def origin_allowed(origin: str | None, host: str | None, is_secure: bool, allowed: list[str]) -> bool: ...
def encode_smallest(content: bytes, coding: Literal["zstd", "br", "gzip"]) -> bytes: ...
def escape(text: str) -> str: ...
def trim_memory() -> None: ...
def aead_seal(
    key: bytes, plaintext: bytes, aad: bytes, *, cipher: str = "aes-256-gcm", nonce: bytes | None = None
) -> bytes: ...
def aead_open(key: bytes, sealed: bytes, aad: bytes, *, cipher: str = "aes-256-gcm") -> bytes | None: ...
def hkdf_sha256(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes: ...

@final
class EnvelopeSealer:
    """The keys of one purpose, made ready once: `(kid, 32 octets)`, of which the first seals and all open."""

    def __new__(cls, keys: Sequence[tuple[str, bytes]]) -> EnvelopeSealer: ...
    def seal(self, message: bytes, context: str, expiry: int) -> str: ...
    def open(self, text: str, context: str, now: float) -> bytes | None: ...

def random_text(size: int) -> str: ...
def base64url_encode(octets: bytes) -> str: ...
def base64url_decode(text: str) -> bytes | None: ...
def mask_secret(secret: str) -> str: ...
def unmask_secret(token: str) -> bytes | None: ...

@disjoint_base
class NumberPath:
    """What is called for a path: of numbers between `texts`, and of records' ids, at once; else by `build`."""

    def __new__(cls, texts: list[str] | None) -> Self: ...
    def __call__(self, *values: object, **named: object) -> str: ...
