"""The workloads: what is asked of which servers, and the answer that counts as right."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.protocols import Protocol

_ALL_HTTP = (
    *("limit", "spica", "granian", "uvicorn", "starlette", "fastapi", "litestar"),
    *("blacksheep", "robyn", "bolt"),
)


@dataclass(frozen=True)
class Workload:
    """One kind of request under load.

    `depth` requests are written at once (with HTTP/2: on as many streams); `answer` is the decoded body to get, or its
    octets, or a function that tells whether a body is right. `servers` are measured with it, `reference` is the one
    that all others are shown as a ratio to. A server that lacks `feature` is left out, "" is what every server has.
    `unit` is what is counted; `database` is the kind of the one that is made for it, "" for none. `comes_back`: every
    request carries the cookies of one first answer.
    """

    name: str
    title: str
    path: str
    answer: object
    depth: int = 1
    protocol: Protocol = Protocol.HTTP1
    servers: tuple[str, ...] = _ALL_HTTP
    reference: str = "limit"
    feature: str = ""
    unit: str = "req"
    database: str = ""
    comes_back: bool = False

    @property
    def subject(self) -> str:
        """The server of ours, in the form that this workload is about."""
        return [name for name in self.servers if name.partition("-")[0] == "spica"][-1]

    @property
    def wanted(self) -> str:
        """The right answer, as it is told when another came."""
        if self.protocol is Protocol.WEBSOCKET:
            return "101"
        return f"200 and {self.answer.__name__ if callable(self.answer) else repr(self.answer)[:100]}"

    def accepts(self, status: int, body: bytes) -> bool:
        """Tell whether this is the right answer; JSON may be spaced and ordered as the server likes."""
        if self.protocol is Protocol.WEBSOCKET:
            return status == 101
        if status != 200:
            return False
        if callable(self.answer):
            return bool(self.answer(body))
        if isinstance(self.answer, bytes):
            return body == self.answer
        if isinstance(self.answer, str):
            return body == self.answer.encode()
        try:
            return bool(json.loads(body) == self.answer)
        except ValueError:
            return False


HELLO = "Hello, World!"
FILES = {"1k.bin": bytes(range(256)) * 4, "1m.bin": bytes(range(256)) * 4096}
"""The files of the site that is served, by name."""
FANOUT_SOCKETS = 2000
STREAMS = 100

_H2, _FILES = Protocol.HTTP2, ("spica-files", "nginx")
_TLS_PEERS = ("spica-tls", "granian-tls", "nginx-tls")

_DATA_PEERS = ("blacksheep-data", "starlette-data", "django-data", "fastapi-data")


def _is_world(found: object) -> bool:
    return (
        isinstance(found, dict)
        and found.keys() == {"id", "randomNumber"}
        and all(1 <= one <= 10_000 for one in found.values())
    )


def one_world(body: bytes) -> bool:
    """Whether this is TechEmpower's answer of one row."""
    return _is_world(json.loads(body))


def worlds(count: int) -> Callable[[bytes], bool]:
    """What tells whether a body is a list of so many rows."""

    def count_worlds(body: bytes) -> bool:
        found = json.loads(body)
        return isinstance(found, list) and len(found) == count and all(map(_is_world, found))

    return count_worlds


def thirteen_fortunes(body: bytes) -> bool:
    """Whether this is the page of fortunes: sorted, escaped, the one of the request among them."""
    return (
        body.count(b"<tr>") == 14
        and b"<script>" not in body
        and b"&lt;script&gt;" in body
        and body.index(b"Additional fortune") < body.index(b"Any program") < body.index("フレーム".encode())
    )


def ten_items(body: bytes) -> bool:
    """Whether this is the page of ten items with its layout, a CSRF token and escaped names."""
    return (
        body.count(b"<li><a href=") == 10
        and b"Item &lt;10&gt;" in body
        and b'href="/items/10"' in body
        and b'name="csrf-token" content="' in body
    )


_PAGES: list[tuple[str, str, str, Callable[[bytes], bool]]] = [
    ("db", "one row as JSON", "/db", one_world),
    ("queries", "20 rows as JSON, a query each", "/queries?n=20", worlds(20)),
    ("fortunes", "a page of 13 rows", "/fortunes", thirteen_fortunes),
    ("updates", "5 rows read and written", "/updates?n=5", worlds(5)),
]

ALL = [
    Workload("plaintext", "plaintext", "/plaintext", HELLO),
    Workload("pipelined", "plaintext, pipelined x16", "/plaintext", HELLO, depth=16),
    Workload("user", "typed int parameter to JSON", "/users/7", {"id": 7, "name": "Ada Lovelace"}),
    Workload("await", "async handler that awaits once", "/await", HELLO),
    Workload(
        *("tls", "plaintext over TLS, keep-alive", "/plaintext", HELLO),
        servers=("spica", *_TLS_PEERS),
        reference="spica",
        feature="TLS",
    ),
    Workload(
        *("h2", f"plaintext over HTTP/2, {STREAMS} streams, clear text", "/plaintext", HELLO, STREAMS, _H2),
        servers=("spica", "granian", "nginx-h2"),
        reference="nginx-h2",
        feature="HTTP/2",
    ),
    Workload(
        *("h2-tls", f"plaintext over HTTP/2, {STREAMS} streams, TLS", "/plaintext", HELLO, STREAMS, _H2),
        servers=_TLS_PEERS,
        reference="nginx-tls",
        feature="HTTP/2 over TLS",
    ),
    Workload(
        *("fanout", f"one message of 32 bytes to {FANOUT_SOCKETS:,} WebSockets", "/ws", ""),
        protocol=Protocol.WEBSOCKET,
        servers=("limit-fanout", "spica-websocket", "socketify", "picows"),
        reference="limit-fanout",
        feature="WebSockets",
        unit="delivered",
    ),
    Workload(
        *("file-1k", "static file, 1 KiB", "/1k.bin", FILES["1k.bin"]),
        servers=_FILES,
        reference="nginx",
        feature="static files",
    ),
    Workload(
        *("file-1m", "static file, 1 MiB", "/1m.bin", FILES["1m.bin"]),
        servers=_FILES,
        reference="nginx",
        feature="static files",
    ),
    Workload(
        *("page", "session, CSRF token, security fields, access line, layout and template", "/page", ten_items),
        servers=("spica-page", "django-page"),
        reference="django-page",
        feature="pages",
    ),
    Workload(
        *("page-again", "the same page for a visitor who comes back with the cookie", "/page", ten_items),
        servers=("spica-page", "django-page"),
        reference="django-page",
        feature="pages",
        comes_back=True,
    ),
    *(
        Workload(
            f"{name}{'' if database == 'postgresql' else '-sqlite'}",
            f"{title}, {'PostgreSQL' if database == 'postgresql' else 'SQLite'}",
            path,
            answer,
            servers=("spica-pages", *(_DATA_PEERS if database == "postgresql" else _DATA_PEERS[2:])),
            reference="blacksheep-data" if database == "postgresql" else "django-data",
            feature="pages with a database",
            database=database,
        )
        for database, pages in (("postgresql", _PAGES), ("sqlite", [_PAGES[0], _PAGES[2]]))
        for name, title, path, answer in pages
    ),
]
