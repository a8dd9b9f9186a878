"""Broadcasts between real processes: workers of `spica server`, scripts beside them, processes that are killed or stand
still."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spica.pubsub import PubSub
from spica.pubsub.brokers import local
from spica.pubsub.brokers.local import LocalBroker
from tests.integration.workers import WAIT_S, Served, connect, read_answer, served
from tests.processes import SPICA
from tests.waiting import until

APP = """
import os
from spica import App, Context, Event, pubsub

app = App()

@app.get("/pid")
def pid() -> str:
    return str(os.getpid())

@app.post("/say/{text}")
async def say(text: str, count: int = 1) -> str:
    for number in range(count):
        await pubsub.broadcast("room:7", "said", {"text": text, "by": os.getpid(), "number": number})
    return str(os.getpid())

@app.get("/subscribed")
def subscribed() -> dict:
    return {"pid": os.getpid(), "listens": app.pubsub.has_listeners, "peers": len(app.pubsub.peers)}

@app.sse("/events")
async def events():
    async with pubsub.subscribe("room:7", max_waiting=20_000) as heard:
        yield Event(str(os.getpid()), event="pid")
        async for event in heard:
            yield Event(event.payload, event=event.name, id=event.id)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="spica-test-", dir="/tmp") as made:
        yield Path(made)


class Listening:
    """A client of /events. `pid`: the worker that serves it."""

    def __init__(self, port: int) -> None:
        self._peer = connect(port)
        self._peer.sendall(b"GET /events HTTP/1.1\r\nHost: test\r\n\r\n")
        self._had = b""
        self._await(b"\r\n\r\n")
        self.pid = int(self._await(b"\n\n").rsplit(b"data: ", 1)[1])

    def read(self) -> dict[str, object]:
        """The data of the next event."""
        while True:
            block = self._await(b"\n\n")
            found = re.search(rb"data: (\{.*\})", block)
            if found:
                return dict(json.loads(found[1]))

    def is_silent(self, for_s: float) -> bool:
        """Whether nothing comes, for so long."""
        return not self._had.strip() and not select.select([self._peer], [], [], for_s)[0]

    def has_ended(self) -> bool:
        """Whether the stream ended as it should: with its last chunk."""
        self._await(b"0\r\n\r\n")
        return self._peer.recv(10) == b""

    def close(self) -> None:
        self._peer.close()

    def _await(self, end: bytes) -> bytes:
        while end not in self._had:
            data = self._peer.recv(65536)
            assert data, "the stream ended"
            self._had += data
        block, _, self._had = self._had.partition(end)
        return block


class Kept:
    """A connection that is kept. `pid`: the worker that serves it."""

    def __init__(self, port: int) -> None:
        self._peer = connect(port)
        self.pid = int(self.ask("GET", "/pid"))

    def ask(self, method: str, path: str) -> str:
        self._peer.sendall(f"{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n".encode())
        status, content, _ = read_answer(self._peer)
        assert status == 200, (status, content)
        return content.decode()

    def close(self) -> None:
        self._peer.close()


def one_for_each(
    server: Served, make: Callable[[int], Listening | Kept], pids: set[int]
) -> dict[int, Listening | Kept]:
    """Connect until every one of the workers serves a client."""
    found: dict[int, Listening | Kept] = {}
    deadline = time.monotonic() + WAIT_S
    while set(found) != pids:
        assert time.monotonic() < deadline, (found, pids)
        client = make(server.port)
        if client.pid in pids and client.pid not in found:
            found[client.pid] = client
        else:
            client.close()
    return found


def listen_at(server: Served, pids: set[int]) -> dict[int, Listening]:
    return {pid: one for pid, one in one_for_each(server, Listening, pids).items() if isinstance(one, Listening)}


def keep_at(server: Served, pids: set[int]) -> dict[int, Kept]:
    return {pid: one for pid, one in one_for_each(server, Kept, pids).items() if isinstance(one, Kept)}


@contextlib.contextmanager
def serving(folder: Path, workers: int, app: str = APP) -> Iterator[tuple[Served, set[int]]]:
    with served(folder, "--workers", str(workers), app=app) as server:
        yield server, server.await_pids(lambda pids: len(pids) == workers)


@pytest.mark.parametrize("workers", [2, 4])
def test_a_broadcast_at_any_worker_reaches_the_clients_of_all(tmp_path: Path, workers: int) -> None:
    with serving(tmp_path, workers) as (server, pids):
        heard, said = listen_at(server, pids), keep_at(server, pids)
        for pid, client in said.items():
            client.ask("POST", f"/say/from-{pid}")
            for listening in heard.values():
                assert listening.read() == {"text": f"from-{pid}", "by": pid, "number": 0}
        for listening in heard.values():
            assert listening.is_silent(0.05), "each event once"


def test_many_events_reach_every_worker_in_order(tmp_path: Path) -> None:
    with serving(tmp_path, 2) as (server, pids):
        heard, said = listen_at(server, pids), keep_at(server, pids)
        client = next(iter(said.values()))
        client.ask("POST", "/say/x?count=10000")
        for listening in heard.values():
            assert [listening.read()["number"] for _ in range(10_000)] == list(range(10_000))


def test_a_worker_that_was_killed_is_replaced_and_heard(tmp_path: Path) -> None:
    with serving(tmp_path, 2) as (server, pids):
        heard = listen_at(server, pids)
        victim, survivor = sorted(pids)
        os.kill(victim, signal.SIGKILL)
        now = server.await_pids(lambda seen: len(seen) == 2 and victim not in seen)
        (newcomer,) = now - {survivor}
        heard |= listen_at(server, {newcomer})
        for pid, client in keep_at(server, now).items():
            client.ask("POST", f"/say/from-{pid}")
            for one in (survivor, newcomer):
                assert heard[one].read()["by"] == pid
        told = json.loads(next(iter(keep_at(server, {survivor}).values())).ask("GET", "/subscribed"))
        assert told["peers"] == 1


def test_a_client_that_leaves_is_unsubscribed(tmp_path: Path) -> None:
    """At once when it closes while nothing is sent to it, and when it closes with events on their way."""
    with serving(tmp_path, 2) as (server, pids):
        heard, said = listen_at(server, pids), keep_at(server, pids)
        one, two = sorted(pids)
        heard[one].close()
        await_told(said[one], lambda told: not told["listens"])
        assert json.loads(said[two].ask("GET", "/subscribed"))["listens"]
        said[two].ask("POST", "/say/x?count=5000")
        heard[two].close()
        await_told(said[two], lambda told: not told["listens"])


def await_told(client: Kept, done: Callable[[dict[str, object]], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not done(told := json.loads(client.ask("GET", "/subscribed"))):
        assert time.monotonic() < deadline, told
        time.sleep(0.02)


SCRIPT = """
import asyncio
from app import app
async def main():
    await app.pubsub.broadcast("room:7", "said", {"text": "from a script"})
asyncio.run(main())
"""


def run_script(folder: Path, script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_a_script_broadcasts_to_the_workers(tmp_path: Path) -> None:
    with serving(tmp_path, 2) as (server, pids):
        heard = listen_at(server, pids)
        for _ in range(2):
            run_script(tmp_path, SCRIPT)
            for listening in heard.values():
                assert listening.read() == {"text": "from a script"}


def test_the_console_broadcasts_to_the_workers(tmp_path: Path) -> None:
    with serving(tmp_path, 2) as (server, pids):
        heard = listen_at(server, pids)
        line = 'from spica import pubsub\nawait pubsub.broadcast("room:7", "said", {"text": "from the console"})\n'
        done = subprocess.run(
            [SPICA, "console"],
            input=line,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for listening in heard.values():
            assert listening.read() == {"text": "from the console"}


def test_two_applications_of_one_host_are_apart(tmp_path: Path) -> None:
    for name in ("shop", "blog"):
        (tmp_path / name).mkdir()
    with serving(tmp_path / "shop", 2) as (shop, shops), serving(tmp_path / "blog", 2) as (blog, blogs):
        of_shop, of_blog = listen_at(shop, shops), listen_at(blog, blogs)
        run_script(tmp_path / "shop", SCRIPT)
        for listening in of_shop.values():
            assert listening.read() == {"text": "from a script"}
        for listening in of_blog.values():
            assert listening.is_silent(0.1)


def test_nothing_is_left_when_the_server_ends(tmp_path: Path, folder: Path) -> None:
    app = APP.replace("App()", f"App(pubsub='local://{folder}')")  # in the usual one are those of other tests' servers
    with serving(tmp_path, 2, app) as (server, pids):
        heard = listen_at(server, pids)
        assert len([path for path in folder.rglob("*") if path.is_socket()]) == 2
        began = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - began < 20, "streams of events don't hold it up: they may take 30 s"
        for listening in heard.values():
            assert listening.has_ended()
    assert list(folder.iterdir()) == []


# Processes that are copies of others

FORKED = """
import asyncio, multiprocessing, sys
from spica.pubsub import PubSub
from spica.pubsub.brokers.local import LocalBroker

bus = PubSub(LocalBroker("local://" + sys.argv[1], "shop"))

def speak():
    asyncio.run(bus.broadcast("t", "from the copy"))

async def main():
    heard = asyncio.Event()
    bus.listen("t", lambda event: heard.set())
    await bus.start()
    process = multiprocessing.get_context("fork").Process(target=speak)
    process.start()
    await asyncio.wait_for(heard.wait(), 20)
    process.join()
    assert process.exitcode == 0
    await bus.check()
    await bus.stop()

asyncio.run(main())
"""


def test_a_process_that_was_forked_off_is_another_one(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED, str(folder)], capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 0, done.stderr


# Processes that stand still

PROCESS = """
import asyncio, sys, time
from spica.pubsub import PubSub
from spica.pubsub.brokers.local import LocalBroker

async def main():
    bus = PubSub(LocalBroker("local://" + sys.argv[1], "shop"))
    heard, done = 0, asyncio.Event()
    def hear(event):
        nonlocal heard
        heard += 1
        time.sleep(float(sys.argv[2]))
        if event.name == "tell":
            print("heard", heard, event.payload, flush=True)
        elif event.name == "end":
            done.set()
    bus.listen("t", hear)
    bus.listen_peers(lambda node, is_there: print("peer", node, is_there, flush=True))
    await bus.start()
    print("ready", bus.node, flush=True)
    await done.wait()
    await bus.stop()

asyncio.run(main())
"""


class Process:
    """A process that hears, and takes its time over each event; what it prints is read line by line."""

    def __init__(self, folder: Path, slowly_s: float = 0.0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(folder), str(slowly_s)], stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.node = self.await_line("ready (.*)")

    def await_line(self, pattern: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.fullmatch(pattern, line.rstrip()):
                return found[1]
        raise AssertionError(f"ended before {pattern!r}")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


async def test_a_process_that_stands_still_holds_up_nobody_and_comes_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "PATIENCE_S", 2.0)  # the other one is to be heard although the machine is busy
    one, two = Process(folder), Process(folder)
    bus = PubSub(LocalBroker(f"local://{folder}", "shop"))
    told: list[tuple[str, bool]] = []
    bus.listen_peers(lambda node, is_there: told.append((node, is_there)))
    try:
        await bus.start()
        await until(lambda: bus.peers == {one.node, two.node})
        os.kill(one.process.pid, signal.SIGSTOP)
        began = time.monotonic()
        for _ in range(400):
            await bus.broadcast("t", "much", b"x" * 100_000)
        await bus.broadcast("t", "tell", "first")
        assert await asyncio.to_thread(two.await_line, "heard (.*) first") == "401"
        assert time.monotonic() - began < 20, "it is waited for once, not at each broadcast"
        assert (one.node, False) in told
        assert bus.peers == {two.node}
        os.kill(one.process.pid, signal.SIGCONT)
        await until(lambda: one.node in bus.peers)
        await bus.broadcast("t", "tell", "second")
        assert int(await asyncio.to_thread(one.await_line, "heard (.*) second")) < 401, "what did not fit was dropped"
        assert await asyncio.to_thread(two.await_line, "heard (.*) second") == "402"
        one.process.kill()
        await until(lambda: one.node not in bus.peers)
        await bus.broadcast("t", "end")
        assert await asyncio.to_thread(two.process.wait, WAIT_S) == 0
    finally:
        await bus.stop()
        one.end()
        two.end()


async def test_a_process_that_is_slow_but_reads_is_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each burst takes it longer than the patience, and three times as much is broadcast as may wait for it."""
    monkeypatch.setattr(local, "HIGH_WATER_BYTES", 100_000)
    monkeypatch.setattr(local, "MAX_WAITING_BYTES", 1_500_000)
    monkeypatch.setattr(local, "LEAST_BYTES", 10_000)
    monkeypatch.setattr(local, "PATIENCE_S", 0.5)
    slow = Process(folder, 0.08)
    bus = PubSub(LocalBroker(f"local://{folder}", "shop"))
    told: list[tuple[str, bool]] = []
    try:
        await bus.start()
        bus.listen_peers(lambda node, is_there: told.append((node, is_there)))
        for _ in range(5):
            await asyncio.gather(*(bus.broadcast("t", "much", b"x" * 100_000) for _ in range(10)))
        await bus.broadcast("t", "tell", "all")
        assert await asyncio.to_thread(slow.await_line, "heard (.*) all") == "51"
        assert told == []
    finally:
        await bus.stop()
        slow.end()
