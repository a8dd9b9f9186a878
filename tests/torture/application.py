"""The application under attack. It counts what its handlers do, so that an attack on them shows."""

from __future__ import annotations

import asyncio
import builtins
import os
import time
from collections.abc import AsyncIterator

from spica import App, Request, Response, WebSocket, broadcast

app = App(root=os.environ["SPICA_TORTURE_ROOT"])
counts = {"started": 0, "finished": 0, "uploads": 0}
LARGE = bytes(1 << 20)


@app.get("/")
def hello() -> str:
    return "Hello, World!"


@app.get("/counts")
def seen() -> dict[str, int]:
    tasks = len(asyncio.all_tasks())
    return {**counts, "waiting": counts["started"] - counts["finished"], "tasks": tasks}


@app.get("/pid")
def pid() -> int:
    works(3)  # long enough that another worker takes the next connection
    return os.getpid()


@app.post("/upload")
def upload(request: Request) -> int:
    counts["uploads"] += 1
    return len(request.content)


@app.get("/large")
def large() -> bytes:
    return LARGE


@app.get("/waits/{milliseconds:int}")
async def waits(milliseconds: int) -> str:
    counts["started"] += 1
    try:
        await asyncio.sleep(milliseconds / 1000)
    finally:
        counts["finished"] += 1
    return "waited"


@app.get("/works/{milliseconds:int}")
def works(milliseconds: int) -> str:
    until = time.thread_time() + milliseconds / 1000
    while time.thread_time() < until:
        pass
    return "worked"


@app.get("/forever")
def forever() -> str:
    while True:
        pass


@app.get("/raises")
def raises() -> str:
    raise RuntimeError("a handler's own failure")


def failure(kind: str) -> BaseException:
    """An exception of this class, which may be one that ends more than its handler where nobody looks out for it."""
    known = asyncio.CancelledError if kind == "CancelledError" else getattr(builtins, kind)
    return known("a failure of the application's own")


@app.get("/raises/{kind}")
def raises_kind(kind: str) -> str:
    raise failure(kind)


@app.get("/raises-later/{kind}")
async def raises_kind_later(kind: str) -> str:
    await asyncio.sleep(0)
    raise failure(kind)


@app.get("/breaks/{kind}")
async def breaks(kind: str) -> Response:
    async def pieces() -> AsyncIterator[str]:
        yield "a piece"
        await asyncio.sleep(0)
        raise failure(kind)

    return Response.stream(pieces())


@app.get("/recurses/{depth:int}")
def recurses(depth: int) -> int:
    return recurses(depth + 1) + 1


@app.get("/alive", vital=True)
def alive() -> str:
    return "alive"


@app.ws("/news")
async def news(socket: WebSocket) -> None:
    await socket.subscribe("news")
    async for _ in socket:
        pass


@app.ws("/echo")
async def echo(socket: WebSocket) -> None:
    async for message in socket:
        await socket.send(message)


@app.get("/publish/{size:int}")
def publish(size: int) -> int:
    return broadcast("news", bytes(size))
