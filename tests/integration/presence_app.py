"""An application with presence under several workers, and clients that know which worker they are with."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.integration.workers import WAIT_S, fetch

APP = """
import os
from typing import Any
from spica import App, Channel, Socket, on

app = App(pubsub="local")

class Room(Channel, topic="room:*"):
    async def join(self) -> dict[str, int]:
        if self.socket.user:
            await self.presence.track(self.socket.user, {"pid": os.getpid()})
        else:
            self.presence.watch()
        return {"pid": os.getpid()}

    @on("say")
    async def say(self, text: str) -> None:
        await self.broadcast("said", {"text": text, "by": self.socket.user})

    @on("track")
    async def track(self, count: int) -> None:
        for number in range(count):
            await self.presence.track(f"{self.socket.user}-{number}", {"name": f"user number {number}"})

@app.socket("/socket")
class UserSocket(Socket):
    channels = [Room]

    def connect(self, user: str = "") -> None:
        self.user = user

@app.get("/pid")
def pid() -> str:
    return str(os.getpid())

@app.get("/presence")
def presence(topic: str = "room:7") -> Any:
    return {"pid": os.getpid(), "keys": sorted(Room.presence(topic))}
"""


class Person:
    """A client that has joined a topic: `pid` is its worker, `presences` what its page would show, `left` all
    keys that it saw leave."""

    def __init__(self, connection: ClientConnection, topic: str = "room:7") -> None:
        self.topic = topic
        self.connection = connection
        self.presences: dict[str, list[dict[str, Any]]] = {}
        self.said: list[dict[str, Any]] = []
        self.left: list[str] = []
        self._answers: dict[str, Any] = {}
        self._refs = 0
        self.pid: int = self.ask("phx_join", {})["pid"]

    def ask(self, event: str, payload: Any) -> Any:
        """Push an event and wait for its answer."""
        self._refs += 1
        ref = str(self._refs)
        self.connection.send(json.dumps(["1", ref, self.topic, event, payload]))
        self.read(lambda: ref in self._answers)
        answer = self._answers.pop(ref)
        assert answer["status"] == "ok", answer
        return answer["response"]

    def read(self, done: Callable[[], object] = lambda: False, timeout_s: float = WAIT_S) -> None:
        """Take what has come, until something is so. TimeoutError when it never is."""
        deadline = time.monotonic() + timeout_s
        while not done():
            self._take(json.loads(self.connection.recv(max(0.0, deadline - time.monotonic()))))

    def read_for(self, seconds: float) -> None:
        """Take what comes in a while."""
        with contextlib.suppress(TimeoutError):
            self.read(timeout_s=seconds)

    def await_keys(self, *keys: str, timeout_s: float = WAIT_S) -> None:
        """Wait until exactly these are there, once each."""
        wanted = dict.fromkeys(keys, 1)
        try:
            self.read(lambda: {key: len(metas) for key, metas in self.presences.items()} == wanted, timeout_s)
        except TimeoutError:
            raise AssertionError(f"{sorted(self.presences)} and not {sorted(keys)}") from None

    def _take(self, message: list[Any]) -> None:
        _, ref, topic, event, payload = message
        if topic != self.topic:
            return
        if event == "phx_reply":
            self._answers[ref] = payload
        elif event == "presence_state":
            self.presences = {key: value["metas"] for key, value in payload.items()}
        elif event == "presence_diff":
            take_diff(self.presences, payload)
            self.left += payload["leaves"]
        elif event == "said":
            self.said.append(payload)


def take_diff(presences: dict[str, list[dict[str, Any]]], diff: Mapping[str, Any]) -> None:
    """`Presence.syncDiff` of phoenix.js."""
    for key, value in diff["joins"].items():
        refs = {meta["phx_ref"] for meta in value["metas"]}
        presences[key] = [meta for meta in presences.get(key, []) if meta["phx_ref"] not in refs] + value["metas"]
    for key, value in diff["leaves"].items():
        refs = {meta["phx_ref"] for meta in value["metas"]}
        presences[key] = [meta for meta in presences.get(key, []) if meta["phx_ref"] not in refs]
        if not presences[key]:
            del presences[key]


@contextlib.contextmanager
def connected(port: int, user: str = "") -> Iterator[ClientConnection]:
    """Connect to whichever worker it happens to be."""
    address = f"ws://127.0.0.1:{port}/socket/websocket?vsn=2.0.0&user={user}"
    with connect(address, max_size=None, ping_interval=None, close_timeout=1) as connection:
        yield connection


@contextlib.contextmanager
def person(port: int, user: str = "", topic: str = "room:7") -> Iterator[Person]:
    """Join a topic, with whichever worker it happens to be."""
    with connected(port, user) as connection:
        yield Person(connection, topic)


def person_with(stack: contextlib.ExitStack, port: int, user: str, pids: set[int], topic: str = "room:7") -> Person:
    """Join with one of these workers. Whose a connection is shows in another topic, so that nobody sees attempts."""
    deadline = time.monotonic() + WAIT_S
    while True:
        assert time.monotonic() < deadline, f"no connection reached {pids}"
        with contextlib.ExitStack() as attempt:
            connection = attempt.enter_context(connected(port, user))
            if Person(connection, "room:attempts").pid in pids:
                stack.push(attempt.pop_all())
                return Person(connection, topic)


def await_presence(port: int, keys: set[str], pids: set[int], timeout_s: float = WAIT_S) -> float:
    """Wait until each of these workers says that exactly these are there. Returns how many seconds that took."""
    began = time.monotonic()
    seen: dict[int, set[str]] = {}
    while not (pids <= seen.keys() and all(seen[pid] == keys for pid in pids)):
        assert time.monotonic() < began + timeout_s, ({pid: sorted(seen.get(pid, ["?"])) for pid in pids}, sorted(keys))
        answer = json.loads(fetch(port, "/presence"))
        seen[answer["pid"]] = set(answer["keys"])
    return time.monotonic() - began
