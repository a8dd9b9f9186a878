"""The servers that are compared: what each is, how it is started, and what it needs to be installed.

Rules: one worker process, one thread that runs Python, uvloop and httptools where the server can use them, no access
log, production settings; otherwise as each project's documentation starts it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import places

SETUP_HINT = "run `make bench-setup`"
_PEER = places.PEERS_VENV / "bin"
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


@dataclass(frozen=True)
class Server:
    """One server under test. `command` has {port} where the port goes; without the file `needs` it cannot run."""

    name: str
    title: str
    command: list[str]
    needs: Path
    hint: str = SETUP_HINT
    folder: Path = places.PEERS
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def installed(self) -> bool:
        return self.needs.exists()


LIMIT = Server("limit", "limit (C epoll, canned answer)", [str(places.LIMIT), "{port}"], places.LIMIT)

SPICA = Server(
    "spica",
    "spica",
    [str(places.VENV / "bin" / "spica"), "server", "benchmarks.spica_app:app", "--port", "{port}", "--quiet"],
    places.VENV / "bin" / "spica",
    hint="run `make setup`",
    folder=places.ROOT,
    environment={"SPICA_ENV": "production"},
)

PEERS = [
    Server(
        "granian",
        "granian, raw RSGI",
        [*_GRANIAN, "--interface", "rsgi", "granian_rsgi:app"],
        _PEER / "granian",
    ),
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
]

ALL = [LIMIT, SPICA, *PEERS]
