"""The application under attack. It counts what its handlers do, so that an attack on them shows."""

from __future__ import annotations

import asyncio
import os
import time

from spica import App, Request, WebSocket, broadcast

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


@app.ws("/news")
async def news(socket: WebSocket) -> None:
    await socket.subscribe("news")
    async for _ in socket:
        pass


@app.get("/publish/{size:int}")
def publish(size: int) -> int:
    return broadcast("news", bytes(size))
