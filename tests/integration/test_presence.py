"""Presence over real sockets: what clients are told, and how an entry ends with its channel."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import pytest

from spica import App, Channel, Forbidden, Socket, on, on_broadcast
from spica.channels import ChannelUsage
from spica.http.errors import UnencodableValue
from spica.presence.errors import InvalidPresence, NotTracked, PresenceRefused
from spica.presence.tracker import Tracker
from spica.server.run import ServerOptions, _serve
from spica.testing import ChannelEnded, Client, JoinRefused, PushRefused
from tests.integration.test_channels import until
from tests.serving import open_client

app = App(env="test")


class Room(Channel, topic="room:{room_id:int}"):
    async def join(self, room_id: int, name: str = "Ann", tracks: bool = True, refuse: bool = False) -> Any:
        if tracks:
            await self.presence.track(self.socket.user, {"name": name})
        if refuse:
            raise Forbidden("full")
        return {"room": room_id, "seen": sorted(self.presence.list())}

    @on("rename")
    async def rename(self, name: str) -> None:
        await self.presence.update(self.socket.user, lambda meta: {**meta, "name": name})

    @on("typing")
    async def typing(self) -> None:
        await self.presence.track(f"{self.socket.user}:typing")

    @on("quiet")
    async def quiet(self) -> None:
        await self.presence.untrack(f"{self.socket.user}:typing")
        await self.presence.untrack("nobody")

    @on("who")
    def who(self) -> Any:
        return self.presence.list()

    @on("watch")
    def watch(self) -> None:
        self.presence.watch()
        self.presence.watch()

    @on("crash")
    async def crash(self) -> None:
        raise ZeroDivisionError


class Gate(Channel, topic="gate"):
    """Answers diffs itself, and tries to be there after its end."""

    error: Exception | None = None

    async def join(self) -> None:
        await self.presence.track("gate")

    @on_broadcast("presence_diff")
    async def changed(self, payload: Any) -> None:
        await self.push("changed", {"joins": sorted(payload["joins"]), "leaves": sorted(payload["leaves"])})

    @on("update")
    async def update(self, key: str) -> None:
        await self.presence.update(key, {})

    @on("track")
    async def track(self, key: Any = "", meta: Any = None) -> str:
        try:
            await self.presence.track(key, meta)
        except InvalidPresence as error:
            return error.what
        return "ok"

    @on("enter")
    async def enter(self, key: Any = "", meta: Any = None) -> None:
        await self.presence.track(key, meta)

    @on("change")
    async def change(self, meta: Any = None) -> None:
        await self.presence.update("gate", meta)

    @on("mistake")
    async def mistake(self, what: str) -> None:
        await self.presence.track(*{"key": (Ellipsis,), "nobody": (None,), "meta": ("1", self)}[what])  # type: ignore[arg-type]

    async def leave(self, reason: str) -> None:
        try:
            await self.presence.track("ghost")
        except ChannelUsage as error:
            Gate.error = error


@app.socket("/socket")
class UserSocket(Socket):
    channels = (Room, Gate)

    def connect(self, user: int = 1) -> None:
        self.user = user


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with open_client(app) as client:
        yield client


def names(topic: str = "room:7") -> dict[str, list[Any]]:
    return {key: [meta.get("name") for meta in one["metas"]] for key, one in Room.presence(topic).items()}


async def test_a_newcomer_gets_the_state_behind_its_reply_and_everybody_the_diff(client: Client) -> None:
    async with client.socket("/socket?user=1") as ann, client.socket("/socket/websocket?vsn=2.0.0&user=2") as bob:
        first = await ann.join("room:7")
        state = await first.expect_push("presence_state")
        assert [meta["name"] for meta in state["1"]["metas"]] == ["Ann"]
        await first.expect_broadcast("presence_diff", leaves={}, joins=state)

        await bob.send(json.dumps(["3", "3", "room:7", "phx_join", {"name": "Bob"}]))
        reply, told, diff = [json.loads(await bob.receive()) for _ in range(3)]
        assert reply[3:] == ["phx_reply", {"status": "ok", "response": {"room": 7, "seen": ["1", "2"]}}]
        assert told[:4] == ["3", None, "room:7", "presence_state"]
        assert {key: [meta["name"] for meta in one["metas"]] for key, one in told[4].items()} == names()
        assert names() == {"1": ["Ann"], "2": ["Bob"]}
        assert diff[:4] == [None, None, "room:7", "presence_diff"]
        assert diff[4] == {"joins": {"2": told[4]["2"]}, "leaves": {}}
        assert await first.expect_broadcast("presence_diff") == diff[4]


async def test_an_application_serves_once_it_knows_who_is_there() -> None:
    with tempfile.TemporaryDirectory(prefix="spica-test-", dir="/tmp") as folder:
        there, starting, last = (App(env="test", pubsub=f"local://{folder}") for _ in range(3))
        for one in (there, starting, last):
            one.socket("/socket")(UserSocket)
        async with open_client(there) as client, client.socket("/socket") as ann:
            await ann.join("room:7")
            async with contextlib.AsyncExitStack() as stack:
                for one in (starting, last):  # the last one is answered by one with nobody, too
                    await stack.enter_async_context(served_by_asgi(one))
                    assert names() == {"1": ["Ann"]}


@contextlib.asynccontextmanager
async def served_by_asgi(app: App) -> AsyncIterator[None]:
    """From the moment when an ASGI server may accept until it has stopped."""
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    serving = asyncio.create_task(app({"type": "lifespan"}, told.get, answers.put))
    for phase in ("startup", "shutdown"):
        await told.put({"type": f"lifespan.{phase}"})
        assert (await answers.get())["type"] == f"lifespan.{phase}.complete"
        if phase == "startup":
            yield
    await serving


async def stand_still(tracker: Tracker) -> None:
    await asyncio.sleep(1000)


async def fail(tracker: Tracker) -> None:
    raise ZeroDivisionError


def with_channels(log: list[str]) -> App:
    """An application that writes down when it is started and stopped."""
    one = App(env="test")
    one.socket("/socket")(UserSocket)

    async def life(app: App) -> AsyncIterator[None]:
        log.append("entered")
        try:
            yield
        finally:
            log.append("left")

    one.lifespan(life)
    return one


async def test_who_does_not_serve_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tracker, "learn", stand_still)
    one = with_channels([])
    await asyncio.wait_for(one.startup(), 10)
    await one.shutdown()


@pytest.mark.parametrize("learn", [stand_still, fail])
async def test_an_asgi_application_that_learns_nothing_is_stopped_whole(
    learn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tracker, "learn", learn)
    log: list[str] = []
    one = with_channels(log)
    node = one.pubsub.node
    answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def begin() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    serving = asyncio.create_task(one({"type": "lifespan"}, begin, answers.put))
    await until(lambda: "entered" in log)
    if learn is stand_still:
        serving.cancel()
    await asyncio.wait((serving,))
    assert serving.cancelled() or answers.get_nowait()["type"] == "lifespan.startup.failed"
    assert log == ["entered", "left"]
    assert_stopped(one, node)


@pytest.mark.parametrize("learn", [stand_still, fail])
async def test_a_server_that_learns_nothing_accepts_nobody_and_is_stopped_whole(
    learn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tracker, "learn", learn)
    log: list[str] = []
    one = with_channels(log)
    node = one.pubsub.node

    def accept(app: App) -> Any:
        raise AssertionError("it accepts")

    serving = asyncio.create_task(_serve(one, [], ServerOptions(), accept, is_worker=False))
    await until(lambda: "entered" in log)
    if learn is stand_still:
        serving.cancel()
    with pytest.raises(asyncio.CancelledError if learn is stand_still else ZeroDivisionError):
        await serving
    assert log == ["entered", "left"]
    assert_stopped(one, node)


@pytest.mark.parametrize("ends", ["cancelled", "failed"])
async def test_a_start_that_ends_half_way_stops_presence_too(ends: str) -> None:
    log: list[str] = []
    one = with_channels(log)
    node = one.pubsub.node

    @one.lifespan
    async def last(app: App) -> AsyncIterator[None]:
        if ends == "failed":
            raise ZeroDivisionError
        await asyncio.sleep(1000)
        yield

    with pytest.raises(ZeroDivisionError if ends == "failed" else TimeoutError):
        await asyncio.wait_for(one.startup(), 0.05)
    assert log == ["entered", "left"]
    assert_stopped(one, node)


def assert_stopped(app: App, node: str) -> None:
    presence = app.compiled.fanout.presence  # type: ignore[union-attr]
    assert presence._replica is None
    assert presence.bus.node != node, "a bus that was stopped has another name when it starts again"


async def test_an_update_is_one_diff(client: Client) -> None:
    async with client.socket("/socket") as ann:
        room = await ann.join("room:7")
        joined = await room.expect_broadcast("presence_diff")
        await room.push("rename", name="Anna")
        diff = await room.expect_broadcast("presence_diff")
        before, after = joined["joins"]["1"]["metas"][0], diff["joins"]["1"]["metas"][0]
        assert diff["leaves"] == joined["joins"]
        assert after == {"phx_ref": after["phx_ref"], "phx_ref_prev": before["phx_ref"], "name": "Anna"}
        assert names() == {"1": ["Anna"]}


async def test_several_sockets_of_one_user_are_metas_of_one_key(client: Client) -> None:
    async with client.socket("/socket") as phone, client.socket("/socket") as desk:
        await phone.join("room:7", name="phone")
        room = await desk.join("room:7", name="desk")
        assert names() == {"1": ["phone", "desk"]}
        await room.leave()
        assert names() == {"1": ["phone"]}


async def test_several_keys_of_one_channel_come_and_go_alone(client: Client) -> None:
    async with client.socket("/socket") as ann:
        room = await ann.join("room:7")
        await room.push("typing")
        await room.push("typing")
        assert names() == {"1": ["Ann"], "1:typing": [None]}
        await room.push("quiet")
        assert names() == {"1": ["Ann"]}
        assert (await room.push("who"))["1"]["metas"][0]["name"] == "Ann"


async def test_an_entry_ends_with_its_channel_whatever_ends_that(client: Client) -> None:
    async with client.socket("/socket?user=9") as watcher:
        others = await watcher.join("room:7", tracks=False)
        assert names() == {}
        for end in ("leave", "crash", "lose", "close", "replace"):
            async with client.socket("/socket") as ann:
                room = await ann.join("room:7")
                await others.expect_broadcast("presence_diff", leaves={})
                if end == "leave":
                    await room.leave()
                elif end == "crash":
                    with pytest.raises(ChannelEnded):
                        await room.push("crash")
                elif end == "lose":
                    ann.lose()
                elif end == "replace":
                    await ann.join("room:7", tracks=False)
            await others.expect_broadcast("presence_diff", joins={})
            assert names() == {}, end


async def test_a_refused_join_leaves_nobody(client: Client) -> None:
    async with client.socket("/socket") as ann:
        with pytest.raises(JoinRefused):
            await ann.join("room:7", refuse=True)
        assert names() == {}


async def test_who_watches_is_told_and_is_not_there(client: Client) -> None:
    async with client.socket("/socket?user=1") as ann, client.socket("/socket?user=2") as bob:
        await ann.join("room:7")
        room = await bob.join("room:7", tracks=False)
        await room.push("watch")
        assert list(await room.expect_push("presence_state")) == ["1"]
        await room.refute_broadcast("presence_state", within=0.05)
        assert list(names()) == ["1"]


async def test_a_channel_may_answer_diffs_itself(client: Client) -> None:
    async with client.socket("/socket") as ann:
        gate = await ann.join("gate")
        await gate.expect_push("changed", joins=["gate"], leaves=[])
        assert await gate.push("track", key="2") == "ok"
        await gate.expect_push("changed", joins=["2"], leaves=[])


async def test_mistakes_are_told(client: Client) -> None:
    async with client.socket("/socket") as ann:
        gate = await ann.join("gate")
        assert await gate.push("track", key="") == "the key of a presence is a text of 0 characters"
        assert await gate.push("track", key=True) == "the key of a presence is True"
        assert await gate.push("track", key="1", meta=[1]) == "the meta is [1]"
        assert (await gate.push("track", key="1", meta={"x": "y" * 20_000})).startswith(
            "the meta of a presence is 20,0"
        )
        assert await gate.push("track", key=3, meta={"phx_ref": "mine", "name": "Eve"}) == "ok"
        (meta,) = Gate.presence("gate")["3"]["metas"]
        assert meta == {"phx_ref": meta["phx_ref"], "name": "Eve"}
        assert meta["phx_ref"] != "mine"
        with pytest.raises(ChannelEnded):
            await gate.push("update", key="nobody")  # NotTracked: the channel crashes
    await until(lambda: Gate.error is not None)
    assert Gate.presence("gate") == {}
    with pytest.raises(ChannelUsage, match="not joined by"):
        Room.presence("rom:7")


@pytest.mark.parametrize(
    ("event", "payload", "error"),
    [
        ("enter", {"key": ""}, {"name": "key", "message": "expected 1 to 255 characters", "code": "too_short"}),
        ("enter", {"key": "x" * 256}, {"name": "key", "message": "expected 1 to 255 characters", "code": "too_long"}),
        ("enter", {"key": 10**300}, {"name": "key", "message": "expected 1 to 255 characters", "code": "too_long"}),
        *(
            ("enter", {"key": key}, {"name": "key", "message": "expected a text or a whole number", "code": "type"})
            for key in (True, 1.5, ["7"], {"id": 7})
        ),
        *(
            ("enter", {"key": "7", "meta": meta}, {"name": "meta", "message": "expected an object", "code": "type"})
            for meta in ("Ann", [1], 7, False)
        ),
        (
            "change",
            {"meta": {"name": "x" * 20_000}},
            {"name": "meta", "message": "expected at most 16,384 octets of JSON", "code": "too_long"},
        ),
    ],
)
async def test_what_a_client_has_sent_and_nobody_can_be_tracked_by_is_answered(
    client: Client, event: str, payload: dict[str, Any], error: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async with client.socket("/socket") as ann:
        gate = await ann.join("gate")
        with pytest.raises(PushRefused) as raised:
            await gate.push(event, payload=payload)
        assert raised.value.response == {"reason": "the presence was refused", "errors": [error]}
        assert await gate.push("enter", key="8") == {}, "the channel lives"
        assert sorted(Gate.presence("gate")) == ["8", "gate"]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("what", ["key", "nobody", "meta"])
async def test_what_the_channel_has_made_is_a_failure_of_the_channel(client: Client, what: str) -> None:
    async with client.socket("/socket") as ann:
        gate = await ann.join("gate")
        with pytest.raises(ChannelEnded) as ended:
            await gate.push("mistake", what=what)
        assert ended.value.how == "crashed"
        assert isinstance(ended.value.__cause__, InvalidPresence | UnencodableValue)
        assert not isinstance(ended.value.__cause__, PresenceRefused)


async def test_a_key_with_a_type_is_refused_before_it_can_be_none(client: Client) -> None:
    async with client.socket("/socket") as ann:
        gate = await ann.join("gate")
        with pytest.raises(PushRefused):
            await gate.push("update", key=None)
        assert await gate.push("enter", key="8") == {}, "the channel lives"


def test_not_tracked_is_told_in_words() -> None:
    assert str(NotTracked("nobody", fix="track")).startswith("SPICA-W022  nobody")


async def test_nothing_runs_while_nobody_is_tracked(client: Client) -> None:
    presence = app.compiled.fanout.presence  # type: ignore[union-attr]
    assert presence.is_resting
    async with client.socket("/socket") as ann:
        await ann.join("room:7")
        assert not presence.is_resting
    await until(lambda: presence.is_resting)
    await until(lambda: not [task for task in asyncio.all_tasks() if "presence" in task.get_name()])
