"""From a broadcast to the frames of all who have joined, on one node and on several."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from spica import Channel, Socket, on, on_broadcast
from spica.channels.fanout import Fanout
from spica.pubsub import PubSub, use
from tests.unit.channels.fakes import Hub, Peer, reachable, reply
from tests.unit.pubsub.fakes import Hall


class Room(Channel, topic="room:{room_id}"):
    @on("say")
    async def say(self, text: str) -> None:
        await self.broadcast_from("said", {"text": text})

    @on("octets")
    async def octets(self, content: bytes) -> None:
        await self.broadcast("octets", content)


class Hearing(Channel, topic="room:{room_id}"):
    @on_broadcast("said")
    async def said(self, payload: dict[str, str]) -> None:
        await self.push("heard", payload)


class UserSocket(Socket):
    channels = (Room,)


class HearingSocket(Socket):
    channels = (Hearing,)


@pytest.fixture(autouse=True)
def no_bus_left() -> Iterator[None]:
    yield
    use(None)


async def test_sockets_of_different_classes_share_a_topic() -> None:
    fanout, hub = Fanout(PubSub()), Hub()
    with reachable(hub):
        one, two = Peer(UserSocket, fanout=fanout, hub=hub), Peer(HearingSocket, fanout=fanout, hub=hub)
        for peer in (one, two):
            await peer.ask("1", "1", "room:a", "phx_join", {})
        assert await one.ask("1", "2", "room:a", "say", {"text": "x"}) == [reply("1", "2", "room:a")]
        assert await two.sent() == [["1", None, "room:a", "heard", {"text": "x"}]]
        await fanout.bus.broadcast("room:a", "else", [1])
        for peer in (one, two):
            assert await peer.sent() == [[None, None, "room:a", "else", [1]]]
            await peer.hang_up()


async def test_applications_of_one_process_do_not_hear_each_other() -> None:
    hub, one, two = Hub(), Fanout(PubSub()), Fanout(PubSub())
    with reachable(hub):
        peers = [Peer(UserSocket, fanout=fanout, hub=hub) for fanout in (one, two)]
        for peer in peers:
            await peer.ask("1", "1", "room:a", "phx_join", {})
        await one.bus.broadcast("room:a", "news", {})
        assert [len(await peer.sent()) for peer in peers] == [1, 0]
        for peer in peers:
            await peer.hang_up()


async def test_nodes_hear_each_other() -> None:
    hall, hub = Hall(), Hub()
    fanouts = [Fanout(PubSub(hall.broker())) for _ in range(2)]
    with reachable(hub):
        peers = [Peer(UserSocket, fanout=fanout, hub=hub) for fanout in fanouts]
        for peer in peers:
            await peer.ask("1", "1", "room:a", "phx_join", {})
        assert await peers[0].ask("1", "2", "room:a", "say", {"text": "x"}) == [reply("1", "2", "room:a")]
        assert await peers[1].sent() == [[None, None, "room:a", "said", {"text": "x"}]]
        peers[1].native.feed(b"\x00\x01\x01\x06\x0612room:aoctets\x00\xff")
        for peer in peers:
            assert b"\x02\x06\x06room:aoctets\x00\xff" in await peer.sent()
        for peer in peers:
            await peer.hang_up()
    for fanout in fanouts:
        await fanout.bus.stop()


async def test_a_user_is_disconnected_on_every_node_and_class_by_class() -> None:
    hall = Hall()
    fanouts = [Fanout(PubSub(hall.broker())) for _ in range(2)]
    use(fanouts[0].bus)

    def name(socket: Socket) -> None:
        socket.id = "7"

    peers = [Peer(UserSocket, fanout=fanout, set_up=name) for fanout in fanouts]
    other = Peer(HearingSocket, fanout=fanouts[1], set_up=name)
    await UserSocket.disconnect("8")
    await UserSocket.disconnect("7")
    await asyncio.wait_for(asyncio.gather(*(peer.task for peer in peers)), 30)
    assert [peer.native.end for peer in peers] == [(1000, "disconnected")] * 2
    assert other.native.end is None
    await other.hang_up()
    for fanout in fanouts:
        await fanout.bus.stop()


async def test_octets_beside_a_topic_that_is_too_long_for_them_reach_nobody(caplog: pytest.LogCaptureFixture) -> None:
    fanout, hub = Fanout(PubSub()), Hub()
    topic = "room:" + "é" * 200
    with reachable(hub):
        peer = Peer(UserSocket, fanout=fanout, hub=hub)
        assert await peer.ask("1", "1", topic, "phx_join", {}) == [reply("1", "1", topic)]
        await fanout.bus.broadcast(topic, "octets", b"\x00")
        await fanout.bus.broadcast(topic, "text", {})
        assert await peer.sent() == [[None, None, topic, "text", {}]]
        await peer.hang_up()
    assert "can't be sent beside" in caplog.text


async def test_such_octets_during_a_join_do_no_harm_either(caplog: pytest.LogCaptureFixture) -> None:
    gate = asyncio.Event()

    class Slow(Channel, topic="room:{room_id}"):
        async def join(self) -> None:
            await gate.wait()

    class SlowSocket(Socket):
        channels = (Slow,)

    topic = "room:" + "é" * 200
    peer = Peer(SlowSocket)
    assert await peer.ask("1", "1", topic, "phx_join", {}) == []
    await peer.fanout.bus.broadcast(topic, "octets", b"\x00")
    await peer.fanout.bus.broadcast(topic, "text", {})
    gate.set()
    assert await peer.sent() == [reply("1", "1", topic), [None, None, topic, "text", {}]]
    await peer.hang_up()
    assert "can't be sent beside" in caplog.text
