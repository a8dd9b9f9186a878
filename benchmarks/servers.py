"""The servers that are compared: what each is, how it is started, and what it needs to be installed.

Rules: one worker process, one thread that runs Python, uvloop and httptools where the server can use them, no access
log, production settings; otherwise as each project's documentation starts it. A server that serves in several ways
(TLS, files, WebSockets) is several entries of one family: `spica-tls` is of the family `spica`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import places
from benchmarks.protocols import Protocol

SETUP_HINT = "run `make bench-setup`"
_PEER = places.PEERS_VENV / "bin"
_SPICA = places.VENV / "bin" / "spica"
_GRANIAN = [
    *(str(_PEER / "granian"), "--host", "127.0.0.1", "--port", "{port}", "--workers", "1", "--loop", "uvloop"),
    # By default it takes no more than 1,024 connections at once, fewer than are opened to weigh them.
    *("--no-ws", "--log-level", "critical", "--backlog", "16384", "--backpressure", "16384"),
]
_UVICORN = [
    *(str(_PEER / "uvicorn"), "--host", "127.0.0.1", "--port", "{port}", "--workers", "1", "--loop", "uvloop"),
    # Its default of 5 s would close connections while thousands of them are being opened to weigh them.
    *("--http", "httptools", "--no-access-log", "--log-level", "critical", "--timeout-keep-alive", "75"),
]
_GRANIAN_RSGI = [*_GRANIAN, "--interface", "rsgi", "granian_rsgi:app"]
_NGINX = Path(shutil.which("nginx") or "/usr/sbin/nginx")


@dataclass(frozen=True)
class Server:
    """One server under test. `command` has {port} where the port goes; without the file `needs` it cannot run.

    It has started when it answers GET `hello`, asked in `protocol`, over TLS where it speaks nothing else. A variant is
    there for some workloads: its start and its memory at rest are not measured.
    """

    name: str
    title: str
    command: list[str]
    needs: Path
    hint: str = SETUP_HINT
    folder: Path = places.PEERS
    environment: dict[str, str] = field(default_factory=dict)
    hello: str = "/plaintext"
    protocol: Protocol = Protocol.HTTP1
    tls: bool = False
    is_variant: bool = False

    @property
    def installed(self) -> bool:
        return self.needs.exists()

    @property
    def family(self) -> str:
        return self.name.partition("-")[0]


def _spica(name: str, title: str, command: list[str], *, hello: str = "/plaintext", **others: Any) -> Server:
    return Server(
        name,
        title,
        [str(_SPICA), "server", "--port", "{port}", *command],
        _SPICA,
        hint="run `make setup`",
        environment={"SPICA_ENV": "production"},
        hello=hello,
        **{"folder": places.ROOT, **others},
    )


def _nginx(name: str, title: str, way: str, *, tls: bool = False, protocol: Protocol = Protocol.HTTP1) -> Server:
    command = ["sh", str(places.PEERS / "nginx.sh"), "{port}", str(places.BUILD), way]
    hint = "`apt-get install nginx-light` (or your system's like)"
    return Server(name, title, command, _NGINX, hint, protocol=protocol, tls=tls, is_variant=True)


def _room(name: str, title: str, program: str) -> Server:
    """A WebSocket server of one room, a program of peers/ that takes the port."""
    command = [str(_PEER / "python"), program, "{port}"]
    needs = next(places.PEERS_VENV.glob(f"lib/python*/site-packages/{name}"), places.PEERS_VENV / name)
    return Server(name, title, command, needs, hello="/ws", protocol=Protocol.WEBSOCKET, is_variant=True)


LIMIT = Server("limit", "limit (C epoll, canned answer)", [str(places.LIMIT), "{port}"], places.LIMIT)
SPICA = _spica("spica", "spica", ["--quiet", "benchmarks.spica_app:app"])
LIMIT_FANOUT = Server(
    "limit-fanout",
    "limit (C epoll, one send a socket)",
    [str(places.FANOUT_LIMIT), "{port}"],
    places.FANOUT_LIMIT,
    hello="/ws",
    protocol=Protocol.WEBSOCKET,
    is_variant=True,
)
_CERTIFICATE = [str(places.CERTIFICATE), str(places.KEY)]

SPICA_VARIANTS = [
    _spica(
        "spica-tls",
        "spica, TLS",
        ["--quiet", "benchmarks.spica_app:app", "--tls-cert", _CERTIFICATE[0], "--tls-key", _CERTIFICATE[1]],
        tls=True,
        is_variant=True,
    ),
    _spica("spica-files", "spica", ["--quiet", "benchmarks.spica_files_app:app"], hello="/1k.bin", is_variant=True),
    _spica("spica-page", "spica", [], hello="/page", folder=places.SUITE / "page", is_variant=True),
    _spica("spica-pages", "spica", ["--quiet", "benchmarks.pages.spica_app:app"], hello="/db", is_variant=True),
    _spica(
        "spica-websocket",
        "spica",
        ["--quiet", "benchmarks.spica_websocket_app:app"],
        hello="/ws",
        protocol=Protocol.WEBSOCKET,
        is_variant=True,
    ),
]

PEERS = [
    Server("granian", "granian, raw RSGI", _GRANIAN_RSGI, _PEER / "granian"),
    Server("uvicorn", "uvicorn, raw ASGI", [*_UVICORN, "uvicorn_asgi:app"], _PEER / "uvicorn"),
    Server(
        "starlette",
        "starlette / granian",
        [*_GRANIAN, "--interface", "asgi", "starlette_app:app"],
        _PEER / "granian",
    ),
    Server("fastapi", "fastapi / uvicorn", [*_UVICORN, "fastapi_app:app"], _PEER / "uvicorn"),
    Server(
        "litestar",
        "litestar / granian",
        [*_GRANIAN, "--interface", "asgi", "litestar_app:app"],
        _PEER / "granian",
    ),
    Server("blacksheep", "blacksheep / uvicorn", [*_UVICORN, "blacksheep_app:app"], _PEER / "uvicorn"),
    Server(
        "robyn",
        "robyn",
        [str(_PEER / "python"), "robyn_app.py", "--log-level", "ERROR", "--disable-openapi", "{port}"],
        _PEER / "robyn",
    ),
    Server(
        "bolt",
        "django-bolt",
        [
            *(str(_PEER / "python"), "bolt_manage.py", "runbolt", "--host", "127.0.0.1", "--port", "{port}"),
            *("--processes", "1"),
        ],
        _PEER / "django-bolt",
    ),
]

_GUNICORN = [
    *(str(_PEER / "gunicorn"), "--bind", "127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread"),
    *("--threads", "16", "--keep-alive", "75", "--log-level", "critical"),
]


def _data(name: str, title: str, command: list[str]) -> Server:
    """A peer with TechEmpower's pages."""
    return Server(
        f"{name}-data", title, [*command, f"{name}_data:app"], _PEER / "uvicorn", hello="/db", is_variant=True
    )


PEER_VARIANTS = [
    _data("blacksheep", "blacksheep / uvicorn, raw asyncpg, Jinja2", _UVICORN),
    _data("starlette", "starlette / uvicorn, raw asyncpg, Jinja2", _UVICORN),
    _data("fastapi", "fastapi / uvicorn, SQLAlchemy async, Jinja2", _UVICORN),
    _data("django", "django / gunicorn", _GUNICORN),
    Server(
        "django-page",
        "django / gunicorn",
        [*_GUNICORN, "--access-logfile", "-", "django_page:app"],
        _PEER / "gunicorn",
        hello="/page",
        is_variant=True,
    ),
    Server(
        "granian-tls",
        "granian, raw RSGI, TLS",
        [*_GRANIAN_RSGI, "--ssl-certificate", _CERTIFICATE[0], "--ssl-keyfile", _CERTIFICATE[1]],
        _PEER / "granian",
        tls=True,
        is_variant=True,
    ),
    _nginx("nginx", "nginx", "h1"),
    _nginx("nginx-h2", "nginx", "h2c", protocol=Protocol.HTTP2),
    _nginx("nginx-tls", "nginx, TLS", "tls", tls=True),
    _room("socketify", "socketify (uWebSockets)", "socketify_websocket.py"),
    _room("picows", "picows", "picows_websocket.py"),
]

ALL = [LIMIT, SPICA, *PEERS, LIMIT_FANOUT, *SPICA_VARIANTS, *PEER_VARIANTS]
