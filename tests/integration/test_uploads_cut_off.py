"""An upload whose client goes away at any moment: nothing of it is left, and its handler is not called, or is told.

Each moment is tried with a goodbye (FIN) and with a reset (RST), with an announced length and in chunks, by our own
server and behind another one. What could be left is read from the process itself: descriptors, files, tasks.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ANNOUNCED, RunningServer, serving, started

APP = """
import asyncio
import gc
import os
from pathlib import Path
from typing import Annotated

from spica import App, ContentStream, Context, Form, UploadFile

app = App()
seen = {"called": 0, "told": 0, "finished": 0}


@app.post("/take")
async def take(file: UploadFile, title: Annotated[str, Form()] = "") -> dict:
    seen["called"] += 1
    try:
        await asyncio.sleep(100 if title == "wait" else 0)
        async for block in file:
            await asyncio.sleep(0)
    except BaseException:
        seen["told"] += 1
        raise
    seen["finished"] += 1
    return {"size": file.size}


@app.post("/answer")
async def answer(file: UploadFile):
    seen["called"] += 1
    try:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)
    finally:
        seen["told"] += 1


@app.post("/stream")
async def stream(content: ContentStream) -> str:
    seen["called"] += 1
    try:
        async for block in content:
            pass
    except BaseException:
        seen["told"] += 1
        raise
    seen["finished"] += 1
    return "ok"


@app.get("/state")
async def state() -> dict:
    gc.collect()
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            pass
    return {
        **seen,
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(links),
        "deleted": [link for link in links if "(deleted)" in link],
        "files": sorted(os.listdir(os.environ["TMPDIR"])),
    }
"""

BOUNDARY = b"----cut"
LARGE = b"0123456789abcdef" * 65_536  # 1 MiB: beyond what stays in memory
SMALL = b"small"
FORM = f"multipart/form-data; boundary={BOUNDARY.decode()}"


def build_form(content: bytes, title: str = "") -> tuple[bytes, bytes, bytes]:
    """A form as what comes before the file's octets, these, and what follows."""
    before = (
        b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="title"\r\n\r\n' + title.encode() + b"\r\n"
        b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    )
    return before, content, b"\r\n--" + BOUNDARY + b"--\r\n"


@dataclass
class Moment:
    """Where an upload is cut: so many octets of its head and of its form are sent."""

    content: bytes
    head: float = 1.0  # part of the head that is sent
    place: Callable[[bytes, bytes, bytes], int] = lambda before, content, after: 0

    def octets(self, path: str, *, chunked: bool) -> bytes:
        before, content, after = build_form(self.content)
        form = before + content + after
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(form)}"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n{length}\r\n\r\n".encode()
        if self.head < 1:
            return head[: int(len(head) * self.head)]
        sent = form[: self.place(before, content, after)]
        if not chunked:
            return head + sent
        # The last chunk says that there is more of it than comes.
        chunks = [sent[at : at + 70_000] for at in range(0, len(sent), 70_000)] or [b""]
        framed = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks[:-1]]
        return head + b"".join(framed) + b"%x\r\n%s" % (len(chunks[-1]) + 9, chunks[-1])


MOMENTS = {
    "in the head": Moment(SMALL, head=0.6),
    "after the head": Moment(SMALL),
    "in the first delimiter": Moment(SMALL, place=lambda b, c, a: 5),
    "in the header of a part": Moment(SMALL, place=lambda b, c, a: 40),
    "in a text": Moment(SMALL, place=lambda b, c, a: b.index(b"\r\n\r\n") + 4),
    "in a small file": Moment(SMALL, place=lambda b, c, a: len(b) + 2),
    "in a large file, still in memory": Moment(LARGE, place=lambda b, c, a: len(b) + 30_000),
    "in a large file, spooled": Moment(LARGE, place=lambda b, c, a: len(b) + 600_000),
    "after the file": Moment(LARGE, place=lambda b, c, a: len(b) + len(c)),
    "in the last delimiter": Moment(LARGE, place=lambda b, c, a: len(b) + len(c) + 6),
    "before the last octet": Moment(LARGE, place=lambda b, c, a: len(b) + len(c) + len(a) - 1),
}


@pytest.fixture(params=["spica", "uvicorn"], scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("uploads")
    (folder / "app.py").write_text(APP)
    (folder / "tmp").mkdir()
    env = {"TMPDIR": str(folder / "tmp")}
    if request.param == "spica":
        with serving(folder, "app:app", "--quiet", **env) as running:
            yield running
    else:
        command = [sys.executable, "-m", "uvicorn", "app:app", "--port", "0", "--no-access-log"]
        with started(command, folder, ANNOUNCED, **env) as running:
            yield running


def state(server: RunningServer) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/state")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found


def settle(server: RunningServer, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask until something holds of the state, at most 30 s; the last state is given either way."""
    deadline = time.monotonic() + 30
    while not holds(found := state(server)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def is_as(before: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
    """Whether nothing more is held than before: the request that asks is in both."""
    return lambda now: (
        all(now[key] <= before[key] for key in ("tasks", "descriptors")) and not (now["deleted"] or now["files"])
    )


def send(server: RunningServer, octets: bytes) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    link.sendall(octets)
    return link


def cut(link: socket.socket, *, reset: bool) -> None:
    """Go away: with a goodbye, or as if the cable was pulled and the machine came back."""
    if reset:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.close()


def whole(path: str, title: str = "", content: bytes = LARGE) -> bytes:
    form = b"".join(build_form(content, title))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: {len(form)}\r\n\r\n"
    return head.encode() + form


@pytest.mark.parametrize("reset", [False, True], ids=["goodbye", "reset"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda name: name.replace(" ", "-"))
def test_a_form_that_is_not_whole_calls_no_handler_and_leaves_nothing(
    server: RunningServer, moment: str, chunked: bool, reset: bool
) -> None:
    before = state(server)
    links = [send(server, MOMENTS[moment].octets("/take", chunked=chunked)) for _ in range(4)]
    time.sleep(0.02)  # no event says that the server has read it: both orders are tried by doing this many times
    for link in links:
        cut(link, reset=reset)
    after = settle(server, is_as(before))
    assert is_as(before)(after), (before, after)
    assert after["called"] == before["called"]


@pytest.mark.parametrize("reset", [False, True], ids=["goodbye", "reset"])
def test_a_handler_that_waits_is_told_and_its_file_is_gone(server: RunningServer, reset: bool) -> None:
    before = state(server)
    link = send(server, whole("/take", "wait"))
    assert settle(server, lambda now: now["called"] == before["called"] + 1)["called"] == before["called"] + 1
    cut(link, reset=reset)
    after = settle(server, lambda now: now["told"] == before["told"] + 1 and is_as(before)(now))
    assert after["told"] == before["told"] + 1, "the handler was not cancelled"
    assert after["finished"] == before["finished"]
    assert is_as(before)(after), (before, after)


@pytest.mark.parametrize("reset", [False, True], ids=["goodbye", "reset"])
def test_a_client_that_leaves_while_it_is_answered(server: RunningServer, reset: bool) -> None:
    before = state(server)
    link = send(server, whole("/answer"))
    assert link.recv(10)
    cut(link, reset=reset)
    after = settle(server, lambda now: now["told"] == before["told"] + 1 and is_as(before)(now))
    assert after["told"] == before["told"] + 1, "the stream's finally did not run"
    assert is_as(before)(after), (before, after)


@pytest.mark.parametrize("reset", [False, True], ids=["goodbye", "reset"])
def test_a_handler_that_streams_the_form_itself_is_told(server: RunningServer, reset: bool) -> None:
    before = state(server)
    link = send(server, MOMENTS["in a large file, spooled"].octets("/stream", chunked=False))
    assert settle(server, lambda now: now["called"] == before["called"] + 1)["called"] == before["called"] + 1
    cut(link, reset=reset)
    after = settle(server, lambda now: now["told"] == before["told"] + 1 and is_as(before)(now))
    assert (after["told"], after["finished"]) == (before["told"] + 1, before["finished"])
    assert is_as(before)(after), (before, after)


@pytest.mark.parametrize("reset", [False, True], ids=["goodbye", "reset"])
def test_clients_that_leave_as_soon_as_all_is_sent(server: RunningServer, reset: bool) -> None:
    """While the form is decoded, in turns, or just before or after: the handler is called and told, or not called."""
    before = state(server)
    for _ in range(20):
        cut(send(server, whole("/take", "wait")), reset=reset)
    after = settle(
        server, lambda now: is_as(before)(now) and now["called"] - now["told"] == before["called"] - before["told"]
    )
    assert is_as(before)(after), (before, after)
    assert after["called"] - before["called"] == after["told"] - before["told"]
    assert after["finished"] == before["finished"]


def test_a_form_that_is_whole_is_taken_after_all_of_this(server: RunningServer) -> None:
    before = state(server)
    link = send(server, whole("/take"))
    assert b"200" in link.recv(20)
    cut(link, reset=False)
    after = settle(server, lambda now: now["finished"] == before["finished"] + 1 and is_as(before)(now))
    assert after["finished"] == before["finished"] + 1
    assert is_as(before)(after), (before, after)
