"""What a channel hears from the server: broadcasts that it answers, infos, timers, other topics; and providers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest

from spica import App, Channel, Context, Provide, Request, Socket, on, on_broadcast, on_info, pubsub
from spica.channels import ChannelUsage
from spica.channels import membership as memberships
from spica.pubsub import Event
from spica.testing import ChannelEnded, Client, PushRefused
from tests.serving import open_client
from tests.waiting import until

app = App(env="test")
told: list[Any] = []
gates: list[asyncio.Event] = []


def lend() -> Iterator[str]:
    told.append("lent")
    try:
        yield "a thing"
    except BaseException as error:
        told.append(type(error).__name__)
        raise
    finally:
        told.append("given back")


async def lend_slowly(room: str) -> AsyncIterator[str]:
    await asyncio.sleep(0)
    told.append("lent slowly")
    yield f"of {room}"
    told.append("given back slowly")


class Connection:
    """Provided by type."""


def connection() -> Iterator[Connection]:
    told.append("opened")
    yield Connection()
    told.append("shut")


app.provide(Connection, connection)


class Room(Channel, topic="room:{room}"):
    def join(self, room: str, every: float | None = None) -> None:
        self.heard = 0
        if every is not None:
            self.send_after(every, "tick", every)
        self.subscribe(f"news:{room}")

    @on_broadcast("whisper", "shout")
    async def _(self, payload: Any) -> None:
        self.heard += 1
        await self.push("overheard", {"said": payload["text"]})

    @on_broadcast("exact")
    def _(self, event: Event) -> None:
        told.append((event.topic, event.name, event.payload))

    @on_info("tick")
    async def _(self, every: float) -> None:
        await self.push("tick", {"every": every})

    @on_info("headline")
    async def _(self, payload: Any) -> None:
        await self.push("headline", payload)

    @on_info("wait")
    async def _(self) -> None:
        await gates[-1].wait()

    @on_info("fail")
    def _(self) -> None:
        raise ZeroDivisionError("of an info")

    @on("say")
    async def say(self, payload: Any) -> None:
        await self.broadcast(payload["event"], payload)

    @on("say_to_others")
    async def say_to_others(self, event: str, text: str) -> None:
        await self.broadcast_from(event, {"text": text})

    @on("later")
    async def later(self, seconds: float, times: int = 1) -> None:
        timers = [self.send_after(seconds, "tick", number) for number in range(times)]
        if times > 1:
            timers[0].cancel()

    @on("never")
    async def never(self) -> None:
        self.send_after(0, "nothing")

    @on("lend")
    def lend(self, thing: Annotated[str, Provide(lend)], fails: bool = False) -> str:
        if fails:
            raise ZeroDivisionError("with a thing")
        return thing

    @on("lend_slowly")
    async def lend_slowly(self, *, thing: Annotated[str, Provide(lend_slowly)], times: int) -> str:
        await asyncio.sleep(0)
        return thing * times

    @on("objects")
    def objects(self, ctx: Context, request: Request, socket: Socket, me: Room) -> list[bool]:
        same = ctx is self.context and request is ctx.request
        return [same, socket is self.socket, me is self, ctx.request.path == "/socket"]

    @on("octets")
    async def octets(self, content: bytes) -> bytes:
        await self.broadcast("octets", content)
        await self.push("mine", content)
        return content[::-1]


class UserSocket(Socket):
    channels = (Room,)

    def connect(self, given: Connection, ctx: Context) -> None:
        self.given = given

    async def disconnected(self, code: int, reason: str) -> None:
        told.append(("disconnected", code, reason))


app.socket("/socket", UserSocket)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    told.clear()
    gates.append(asyncio.Event())
    async with open_client(app) as client:
        yield client


async def test_a_broadcast_that_a_method_answers_is_not_sent(client: Client) -> None:
    async with client.socket("/socket") as s, client.socket("/socket") as t:
        one, two = await s.join("room:a"), await t.join("room:a")
        await one.push("say", event="whisper", text="hush")
        for room in (one, two):
            await room.expect_push("overheard", said="hush")
            await room.refute_broadcast("whisper", within=0.05)
        await one.push("say", event="loud", text="all")
        for room in (one, two):
            await room.expect_broadcast("loud", text="all")


async def test_who_broadcasts_to_others_does_not_answer_it_either(client: Client) -> None:
    async with client.socket("/socket") as s, client.socket("/socket") as t:
        one, two = await s.join("room:a"), await t.join("room:a")
        await one.push("say_to_others", event="shout", text="hey")
        await two.expect_push("overheard", said="hey")
        await one.refute_push("overheard", within=0.05)


async def test_a_method_may_take_the_event_itself(client: Client) -> None:
    async with client.socket("/socket") as s:
        await s.join("room:a")
        await pubsub.broadcast("room:a", "exact", {"n": 1})
        assert ("room:a", "exact", {"n": 1}) in told


async def test_timers_ring_until_the_channel_ends(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:a", every=0.01)
        await room.expect_push("tick", every=0.01)
        await room.push("later", seconds=0.01, times=3)
        await room.expect_push("tick", every=1)
        await room.expect_push("tick", every=2)
        await room.refute_push("tick", within=0.03)
        await room.push("later", seconds=0.5)
        await room.leave()
        again = await s.join("room:a")
        await again.refute_push("tick", within=0.8)


async def test_an_info_without_a_method_is_a_mistake(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:a")
        with pytest.raises(ChannelEnded) as ended:
            await room.push("never")
        assert isinstance(ended.value.__cause__, ChannelUsage)


async def test_other_topics_are_heard_until_the_end(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:a")
        await pubsub.broadcast("news:a", "headline", {"text": "new"})
        await pubsub.broadcast("news:a", "unknown", {"text": "new"})
        await room.expect_push("headline", text="new")
        await room.leave()
        assert "news:a" not in app.pubsub._topics
        assert "room:a" not in app.pubsub._topics


async def test_an_info_that_fails_crashes_the_channel(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:a")
        await pubsub.broadcast("news:a", "fail")
        with pytest.raises(AssertionError, match="crashed"):
            await room.expect_push("anything")


async def test_more_infos_than_are_handled_crash_the_channel(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(memberships, "MAX_WAITING", 8)
    async with client.socket("/socket") as s:
        room = await s.join("room:a")
        for _ in range(10):
            await pubsub.broadcast("news:a", "wait")
        gates[-1].set()
        with pytest.raises(AssertionError, match="crashed"):
            await room.expect_push("anything")
    assert "SPICA-W006" in caplog.text


async def test_more_messages_than_are_handled_are_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memberships, "MAX_WAITING", 2)
    async with client.socket("/socket") as s:
        room = await s.join("room:a")
        await pubsub.broadcast("news:a", "wait")
        waiting = [asyncio.create_task(room.push("later", seconds=0)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(PushRefused) as refused:
            await room.push("later", seconds=0)
        assert refused.value.response == {"reason": "too many messages wait"}
        gates[-1].set()
        assert await asyncio.gather(*waiting) == [{}, {}]


async def test_providers_live_as_long_as_a_call(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:a")
        assert await room.push("lend") == "a thing"
        assert told == ["opened", "lent", "given back"]
        with pytest.raises(ChannelEnded):
            await room.push("lend", fails=True)
        assert told == ["opened", "lent", "given back", "lent", "ZeroDivisionError", "given back"]
        told.clear()
        room = await s.join("room:a")
        assert await room.push("lend_slowly", times=2) == "of aof a"
        assert told == ["lent slowly", "given back slowly"]
        with pytest.raises(PushRefused):
            await room.push("lend_slowly", times="x")
        assert told == ["lent slowly", "given back slowly"], "nothing is lent for what is refused"
        told.clear()
    await until(lambda: len(told) == 2)
    assert told == [("disconnected", 1000, ""), "shut"], "providers of connect live as long as the socket"


async def test_objects_come_by_their_type(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:a")
        assert await room.push("objects") == [True] * 4


async def test_octets_go_both_ways(client: Client) -> None:
    async with client.socket("/socket") as s, client.socket("/socket") as t:
        room, other = await s.join("room:a"), await t.join("room:a")
        assert await room.push("octets", payload=b"\x00\xffabc") == b"cba\xff\x00"
        assert await room.expect_broadcast("octets") == b"\x00\xffabc"
        assert await room.expect_push("mine") == b"\x00\xffabc"
        assert await other.expect_broadcast("octets") == b"\x00\xffabc"
        with pytest.raises(PushRefused) as refused:
            await room.push("octets", n=1)
        assert refused.value.response["errors"] == [{"name": "", "message": "expected octets", "code": "type"}]
