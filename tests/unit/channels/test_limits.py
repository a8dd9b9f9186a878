"""What one client can make a server hold or wait for: messages, payloads of joins, replies, ends that don't end."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from spica.channels import Channel, Socket, connection, on
from spica.channels.connection import Connection
from spica.injection.scope import Scope
from spica.presence.errors import InvalidPresence
from tests.unit.channels.fakes import Peer, reply, settle
from tests.waiting import until

JOIN, LEAVE = "phx_join", "phx_leave"
gate = asyncio.Event()
ended: list[str] = []


class Room(Channel, topic="room:{name}"):
    @on("echo")
    def echo(self, body: str) -> int:
        return len(body)

    @on("wait")
    async def wait(self, body: str) -> int:
        await gate.wait()
        return len(body)

    async def leave(self, reason: str) -> None:
        await asyncio.sleep(0)
        ended.append(reason)


class Small(Socket):
    channels = (Room,)
    max_waiting = 3_000


@pytest.fixture(autouse=True)
def closed_gate() -> None:
    global gate
    gate = asyncio.Event()
    ended.clear()


def too_many(join_ref: str, ref: str, topic: str) -> Any:
    return reply(join_ref, ref, topic, {"reason": "too many messages wait"}, "error")


async def test_the_messages_that_wait_are_bounded_by_their_length_over_all_channels() -> None:
    peer = Peer(Small)
    for name in ("a", "b"):
        await peer.ask(name, name, f"room:{name}", JOIN, {})
    assert await peer.ask("a", "1", "room:a", "wait", {"body": "x" * 1_000}) == []
    assert await peer.ask("a", "2", "room:a", "echo", {"body": "x" * 1_000}) == []
    assert await peer.ask("b", "3", "room:b", "echo", {"body": "x" * 1_000}) == [too_many("b", "3", "room:b")]
    assert await peer.ask("b", "4", "room:b", "echo", {"body": "x"}) == [reply("b", "4", "room:b", 1)]
    gate.set()
    await settle()
    assert await peer.sent() == [reply("a", "1", "room:a", 1_000), reply("a", "2", "room:a", 1_000)]
    assert await peer.ask("b", "5", "room:b", "echo", {"body": "x" * 1_000}) == [reply("b", "5", "room:b", 1_000)]
    assert peer.connection.kept == 0
    await peer.hang_up()


async def test_one_message_is_always_taken() -> None:
    peer = Peer(Small)
    await peer.ask("a", "a", "room:a", JOIN, {})
    assert await peer.ask("a", "1", "room:a", "echo", {"body": "x" * 9_000}) == [reply("a", "1", "room:a", 9_000)]
    await peer.hang_up()


async def test_what_channels_keep_of_their_joins_is_bounded() -> None:
    peer = Peer(Small)
    assert await peer.ask("a", "a", "room:a", JOIN, {"x": "x" * 3_000}) == [reply("a", "a", "room:a")]
    assert await peer.ask("b", "b", "room:b", JOIN, {"x": "x" * 3_000}) == [too_many("b", "b", "room:b")]
    assert await peer.ask("c", "c", "room:c", JOIN, {"x": "x"}) == [reply("c", "c", "room:c")]
    await peer.ask("a", "1", "room:a", LEAVE, {})
    assert await peer.ask("b", "b", "room:b", JOIN, {"x": "x" * 3_000}) == [reply("b", "b", "room:b")]
    await peer.ask("b", "2", "room:b", LEAVE, {})
    assert peer.connection.kept == 0
    await peer.hang_up()


@pytest.mark.parametrize("how", ["leave", "close", "hang_up"])
async def test_what_waited_is_held_no_more_after_the_end(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spica.channels.membership.GRACE_S", 0.02)
    monkeypatch.setattr(connection, "GRACE_S", 0.02)
    peer = Peer(Small)
    await peer.ask("a", "a", "room:a", JOIN, {"x": "x" * 1_500})
    channel = peer.connection._topics["room:a"].channel
    await peer.ask("a", "1", "room:a", "wait", {"body": "x"})
    await peer.ask("a", "2", "room:a", "echo", {"body": "x"})
    assert peer.connection.kept > 500
    if how == "leave":
        await peer.ask("a", "3", "room:a", LEAVE, {})
    elif how == "close":
        await channel.close()
    else:
        await peer.hang_up()
    await until(lambda: bool(ended))
    await until(lambda: peer.connection.kept == 0)
    if how != "hang_up":
        await peer.hang_up()


async def test_who_takes_no_replies_gets_no_further_ones() -> None:
    peer = Peer(Small)
    await peer.ask("a", "a", "room:a", JOIN, {})
    await peer.ask("a", "1", "room:a", "wait", {"body": "x"})
    for ref in "234":
        await peer.ask("a", ref, "room:a", "echo", {"body": "x"})
    peer.native.has_room = False
    gate.set()
    await settle()
    assert await peer.sent() == [reply("a", "1", "room:a", 1)]
    peer.native.give_room()
    await settle()
    assert await peer.sent() == [reply("a", ref, "room:a", 1) for ref in "234"]
    await peer.hang_up()
    assert ended == ["closed"]


async def test_who_takes_no_replies_can_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spica.channels.membership.GRACE_S", 0.02)
    peer = Peer(Small)
    await peer.ask("a", "a", "room:a", JOIN, {})
    channel = peer.connection._topics["room:a"].channel
    await peer.ask("a", "1", "room:a", "wait", {"body": "x"})
    peer.native.has_room = False
    gate.set()
    await settle()
    await channel.close("kicked")
    await until(lambda: ended == ["kicked"])
    peer.native.give_room()
    await peer.hang_up()


async def test_a_channel_that_has_left_is_not_kept_by_the_limit_of_its_leave() -> None:
    peer = Peer(Small)
    await peer.ask("a", "a", "room:a", JOIN, {})
    channel = weakref.ref(peer.connection._topics["room:a"].channel)
    await peer.ask("a", "1", "room:a", LEAVE, {})
    await until(lambda: bool(ended))
    await settle()
    gc.collect()
    assert channel() is None
    await peer.hang_up()


async def test_an_end_that_does_not_end_is_limited(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "GRACE_S", 0.02)

    class Endless(Socket):
        async def disconnected(self, code: int, reason: str) -> None:
            await asyncio.Event().wait()

    async def hold() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.Event().wait()

    scope = Scope()
    await scope.aopen(hold, hold())  # type: ignore[arg-type]
    peer = Peer(Endless, scope=scope)
    peer.native.hang_up()
    with caplog.at_level(logging.ERROR, "spica.channels"):
        await asyncio.wait_for(peer.task, 30)
    assert [record.message for record in caplog.records] == [
        "Endless failed when it ended",
        "a provider of Endless failed when it ended",
    ]


async def test_any_text_is_an_id() -> None:
    class Named(Socket):
        async def disconnected(self, code: int, reason: str) -> None:
            ended.append(reason)

    for id in ("user:7", "x" * 3_000, "\ud800" * 300):
        peer = Peer(Named, set_up=lambda socket, id=id: setattr(socket, "id", id))
        await settle()
        await peer.fanout.bus.broadcast(Named.topic_of(id), "disconnect")
        await asyncio.wait_for(peer.task, 30)
        assert ended.pop() == "disconnected"
    assert Named.topic_of("x" * 3_000) != Named.topic_of("x" * 3_001)


async def test_providers_end_when_the_loop_can_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Connection) -> None:
        raise ZeroDivisionError

    torn_down: list[int] = []

    def provider() -> Iterator[int]:
        try:
            yield 1
        finally:
            torn_down.append(1)

    scope = Scope()
    scope.open(provider, provider())  # type: ignore[arg-type]
    monkeypatch.setattr(Connection, "_listen", fail)
    peer = Peer(Small, scope=scope)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(peer.task, 30)
    assert torn_down == [1]
    assert not peer.fanout._endings


async def test_a_key_that_nobody_can_be_sent_is_refused() -> None:
    class Here(Channel, topic="here"):
        async def join(self) -> None:
            with pytest.raises(InvalidPresence, match="surrogates not allowed"):
                await self.presence.track("a\ud800")
            await self.presence.track("b")

    class Presences(Socket):
        channels = (Here,)

    peer = Peer(Presences)
    answers = await peer.ask("1", "1", "here", JOIN, {})
    assert [answer[3] for answer in answers] == ["phx_reply", "presence_state"]
    assert list(answers[1][4]) == ["b"]
    await peer.hang_up()
    await peer.fanout.presence.stop()


async def test_what_overtakes_a_join_is_bounded_by_its_length() -> None:
    class Slow(Channel, topic="slow"):
        async def join(self) -> None:
            await gate.wait()

    class Slows(Socket):
        channels = (Slow,)

    peer = Peer(Slows)
    await peer.ask("1", "1", "slow", JOIN, {})
    for _ in range(5):
        await peer.fanout.bus.broadcast("slow", "long", "x" * 1_000_000)
    gate.set()
    refused = {"reason": "too much was broadcast during the join"}
    assert await peer.sent() == [reply("1", "1", "slow", refused, "error")]
    await peer.hang_up()
