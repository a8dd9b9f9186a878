"""The compiled heart of Spica: sockets, HTTP, routing, escaping and sealing."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Literal, final

__all__ = [
    "Application",
    "IncomingContent",
    "MemoryConnection",
    "OutgoingContent",
    "Request",
    "RouteConflict",
    "RoutePatternError",
    "Server",
    "aead_open",
    "aead_seal",
    "escape",
    "hkdf_sha256",
    "trim_memory",
]

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
    @property
    def content(self) -> bytes: ...
    @property
    def has_content(self) -> bool: ...
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
        scheme: str = "http",
        client: tuple[str, int] | None = None,
    ) -> Request: ...

@final
class IncomingContent:
    """The content of a request while it arrives. `take` gives octets, b"" at the end, None when there is nothing yet, or
    (status, reason) when it is broken."""

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
    ) -> Application: ...
    def add_route(
        self,
        method: str,
        pattern: str,
        handler: Callable[..., object],
        *,
        takes: Literal["params", "request"],
        order: list[int] = ...,
        kind: Literal["plain", "step", "task"],
        status: int = 200,
        label: str = "",
        content: Literal["whole", "stream"] = "whole",
        vital: bool = False,
    ) -> int: ...
    def freeze(self) -> None: ...
    def match(self, method: str, path: str) -> tuple[int, tuple[object, ...] | str]: ...
    def streams_content(self, method: str, path: str) -> bool: ...
    def begin(self, request: Request) -> object: ...
    def finish(self, request: Request, value: object) -> tuple[int, list[tuple[bytes, bytes]], Any]: ...
    @property
    def fields(self) -> list[tuple[str, str]]: ...

@final
class Server:
    """The reactor of one worker, bound to one event loop and its thread."""

    def __new__(
        cls,
        application: Application,
        event_loop: object,
        *,
        max_content_bytes: int | None = None,
        max_connections: int | None = None,
        head_timeout_s: float | None = None,
        content_timeout_s: float | None = None,
        keep_alive_timeout_s: float | None = None,
        write_timeout_s: float | None = None,
        access_log: Literal["text", "json"] | None = None,
    ) -> Server: ...
    def listen(self, descriptor: int) -> None: ...
    def fileno(self) -> int: ...
    def poll(self) -> None: ...
    def connect(self, sink: Callable[[bytes | None], object]) -> MemoryConnection: ...
    def drain(self) -> None: ...
    def abort(self) -> None: ...
    @property
    def connections(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    def counts(self) -> dict[str, int]: ...

@final
class MemoryConnection:
    """One connection of a Server that has no socket; made by Server.connect."""

    def feed(self, data: bytes) -> bool: ...
    def close(self) -> None: ...

def escape(text: str) -> str: ...
def trim_memory() -> None: ...
def aead_seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes: ...
def aead_open(key: bytes, sealed: bytes, aad: bytes) -> bytes | None: ...
def hkdf_sha256(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes: ...
