"""One application on several machines: a server each with nothing in common but the broker, and their visitors."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.adapters.pubsub.servers import BrokerServer
from tests.adapters.servers import PATIENCE_S
from tests.integration.presence_app import take_diff
from tests.processes import RunningServer, serving

SILENCE_S = 3.5
"""After how long a machine that says nothing has lost its people: docs/reference/presence.md."""

APP = """
import os
from pathlib import Path
from typing import Any
from spica import App, Channel, Socket, on

app = App(Path(__file__).parent)

class Room(Channel, topic="room:*"):
    async def join(self) -> None:
        await self.presence.track(self.socket.id, {"machine": os.environ["MACHINE"]})

    @on("say")
    async def say(self, text: str) -> None:
        await self.broadcast("said", {"by": self.socket.id, "text": text})

    @on("away")
    async def away(self) -> None:
        await self.presence.update(self.socket.id, lambda meta: {**meta, "away": True})

    @on("bring")
    async def bring(self, count: int) -> None:
        for number in range(count):
            await self.presence.track(f"{self.socket.id}-{number}", {"text": f"{number:05}" * 800})

    @on("sign_out")
    async def sign_out(self, user: str) -> None:
        await UserSocket.disconnect(user)

@app.socket("/socket")
class UserSocket(Socket):
    channels = [Room]

    def connect(self, user: str) -> None:
        self.id = user

@app.get("/people/{room}")
def people(room: str) -> Any:
    return Room.presence(f"room:{room}")
"""
CONFIG = """
[app]
name = "Machines"

[pubsub]
url = "${BROKER}"
name = "${NAME}"

[presence]
heartbeat_s = "${HEARTBEAT_S:-1.5}"
"""

People = dict[str, list[dict[str, Any]]]
"""Metas by the key of who is there."""


def in_order(people: People) -> People:
    """Each one's metas by their references: their order differs from machine to machine."""
    return {key: sorted(metas, key=lambda meta: str(meta["phx_ref"])) for key, metas in people.items()}


@dataclass(frozen=True)
class Machine:
    """A server of the application. Args: name: which it tells of itself."""

    name: str
    server: RunningServer

    async def ask(self, path: str) -> tuple[int, Any]:
        """Send a request. Returns the status and what the JSON holds."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            head, _, content = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        return int(head.split()[1]), json.loads(content)

    async def people(self) -> People:
        """Who is in room 7, as the application is told here."""
        status, told = await self.ask("/people/7")
        assert status == 200, told
        return in_order({key: one["metas"] for key, one in told.items()})

    async def until_ready(self, status: int) -> Any:
        """Wait until `/ready` has this status. Returns what it says."""

        async def is_so() -> bool:
            nonlocal told
            now, told = await self.ask("/ready")
            return now == status

        told: Any = None
        await until_asked(is_so, lambda: f"{told} is not {status}")
        return told

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Have it do nothing for the block."""
        self.server.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.server.process.send_signal(signal.SIGCONT)


class Guest:
    """A client that has joined room 7.

    people: what its page would show; left: the keys that it saw leave; said: who said what; code: that of the Close
    frame, None while it is connected.
    """

    def __init__(self, connection: ClientConnection, machine: Machine, user: str) -> None:
        self.machine = machine
        self.user = user
        self.people: People = {}
        self.left: list[str] = []
        self.said: list[tuple[str, str]] = []
        self.code: int | None = None
        self._connection = connection
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read())

    async def ask(self, event: str, **payload: object) -> Any:
        """Push an event. Returns the payload of its answer."""
        ref = str(len(self._answers) + 1)
        answer = self._answers[ref] = asyncio.get_running_loop().create_future()
        await self._connection.send(json.dumps(["1", ref, "room:7", event, payload]))
        async with asyncio.timeout(PATIENCE_S):
            return await answer

    async def leave(self) -> None:
        """Close the connection, as a page does that is left."""
        await self._connection.close()
        await self._reading

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in self._connection:
                _, ref, _, event, payload = json.loads(frame)
                if event == "phx_reply":
                    self._answers[ref].set_result(payload)
                elif event == "presence_state":
                    self.people = {key: value["metas"] for key, value in payload.items()}
                elif event == "presence_diff":
                    take_diff(self.people, payload)
                    self.left += payload["leaves"]
                elif event == "said":
                    self.said.append((payload["by"], payload["text"]))
        self.code = self._connection.close_code


class Application:
    """Its machines, and who is there.

    Args:    server: the broker's; folder: an empty one; stack: ends the machines.
    """

    def __init__(self, server: BrokerServer, folder: Path, stack: contextlib.ExitStack) -> None:
        self.machines: list[Machine] = []
        self.guests: list[Guest] = []
        self._server = server
        self._folder = folder
        self._stack = stack
        self._name = secrets.token_hex(6)

    async def start(self, name: str, *, port: int = 0, heartbeat_s: float = 1.5, workers: int = 1) -> Machine:
        """Start a machine. Args: port: of a proxy that stands before the broker; workers: its processes."""
        folder = self._folder / name
        (folder / "config").mkdir(parents=True)
        (folder / "app.py").write_text(APP)
        (folder / "config" / "app.toml").write_text(CONFIG)
        (folder / "config" / "routes.py").write_text("def draw(r: object) -> None: ...\n")
        variables = {
            "BROKER": self._server.url_at(port) if port else self._server.url,
            "NAME": self._name,
            "MACHINE": name,
            "HEARTBEAT_S": str(heartbeat_s),
        }
        # In a thread: a proxy on this event loop has to go on.
        running = serving(folder, "app:app", "--quiet", "--workers", str(workers), **variables)
        machine = Machine(name, await asyncio.to_thread(self._stack.enter_context, running))
        self.machines.append(machine)
        return machine

    async def start_two(self, *, port: int = 0, heartbeat_s: float = 1.5) -> tuple[Machine, Machine]:
        """Start two machines at the same time. Args: port: of a proxy between the first one and the broker."""
        return await asyncio.gather(
            self.start("one", port=port, heartbeat_s=heartbeat_s), self.start("two", heartbeat_s=heartbeat_s)
        )

    async def visit(self, machine: Machine, *users: str) -> list[Guest]:
        """Have users join, one after the other."""
        come = []
        for user in users:
            address = f"ws://127.0.0.1:{machine.server.port}/socket/websocket?vsn=2.0.0&user={user}"
            guest = Guest(await connect(address, max_size=None, ping_interval=None, close_timeout=1), machine, user)
            come.append(guest)
            self.guests.append(guest)
            assert (await guest.ask("phx_join"))["status"] == "ok"
        return come

    async def leave(self, *guests: Guest) -> None:
        """Have guests go."""
        for guest in guests:
            self.guests.remove(guest)
            await guest.leave()

    async def kill(self, machine: Machine) -> None:
        """End a machine as `kill -9` does, and so the visits of its guests."""
        self._lose(machine)
        await asyncio.to_thread(machine.server.kill)

    async def stop(self, machine: Machine) -> None:
        """Stop a machine in order."""
        self._lose(machine)
        machine.server.killed = True  # that it ends is as it should be
        machine.server.process.terminate()
        assert await asyncio.to_thread(machine.server.process.wait, PATIENCE_S) == 0

    async def agree(self, *machines: Machine) -> float:
        """Wait until machines, default all, and their guests see who is there, all of them and nobody else.

        Returns: how many seconds that took.
        """
        asked = machines or tuple(self.machines)
        truth: dict[str, list[str]] = {}
        for guest in self.guests:
            if guest.machine in asked:
                truth.setdefault(guest.user, []).append(guest.machine.name)
        seen: dict[str, dict[str, list[str]]] = {}

        async def is_so() -> bool:
            seen.update({machine.name: _places(await machine.people()) for machine in asked})
            seen.update({guest.user: _places(guest.people) for guest in self.guests if guest.machine in asked})
            return all(places == truth for places in seen.values())

        began = asyncio.get_running_loop().time()
        await until_asked(is_so, lambda: f"{seen} is not {truth}")
        return asyncio.get_running_loop().time() - began

    def _lose(self, machine: Machine) -> None:
        self.machines.remove(machine)
        self.guests = [guest for guest in self.guests if guest.machine is not machine]


def _places(people: People) -> dict[str, list[str]]:
    """On which machines everybody is."""
    return {key: sorted(meta["machine"] for meta in metas) for key, metas in people.items()}


def refs(people: People, *users: str) -> list[str]:
    """The references of what users have tracked."""
    return [meta["phx_ref"] for user in users for meta in people[user]]


async def until_asked(is_so: Callable[[], Awaitable[bool]], describe: Callable[[], str]) -> None:
    """Wait until something is so that only asking tells."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await is_so():  # noqa: ASYNC110  # it is another process that knows
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {PATIENCE_S} s: {describe()}") from None


@contextlib.asynccontextmanager
async def application(server: BrokerServer, folder: Path) -> AsyncIterator[Application]:
    """An application without machines; those that are started end with the block, and all visits."""
    with contextlib.ExitStack() as stack:
        made = Application(server, folder, stack)
        try:
            yield made
        finally:
            await made.leave(*made.guests)
            # In a thread, as their start: they say goodbye to the broker.
            await asyncio.to_thread(stack.close)
