"""The loop of one connection, without a server: limits, ends, whatever a client may send, cancellation anywhere."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spica import Forbidden
from spica.channels import Channel, Socket, connection, membership, on, on_broadcast, on_info
from spica.channels.fanout import Fanout
from spica.channels.serializer import V1
from spica.injection.scope import Scope
from spica.pubsub import PubSub
from tests.unit.channels.fakes import Hub, Peer, reachable, reply, settle

JOIN, LEAVE = "phx_join", "phx_leave"
log: list[tuple[str, str]] = []


class Room(Channel, topic="room:{room_id}"):
    async def join(self, room_id: str, slow: bool = False, fails: bool = False) -> Any:
        if slow:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        if fails:
            raise ZeroDivisionError
        log.append(("joined", self.topic))
        self.gate = asyncio.Event()

    @on("echo")
    async def echo(self, payload: Any) -> Any:
        return payload

    @on("steps")
    async def steps(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    @on("hang")
    async def hang(self) -> None:
        await asyncio.Event().wait()

    @on("stubborn")
    async def stubborn(self) -> None:
        for _ in range(3):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                log.append(("refuses", self.topic))

    @on("crash")
    def crash(self) -> None:
        raise ZeroDivisionError

    @on("own_cancel")
    async def own_cancel(self) -> None:
        raise asyncio.CancelledError

    @on("exit")
    async def exit(self) -> None:
        raise SystemExit

    @on("unwritable")
    def unwritable(self) -> object:
        return object()

    @on("say")
    async def say(self, payload: Any) -> None:
        await self.broadcast("said", payload)

    @on("close")
    async def end(self) -> None:
        await self.close("enough")

    @on("end_socket")
    async def end_socket(self) -> None:
        await self.socket.close(4000, "over")

    @on_broadcast("whispered")
    def whispered(self, payload: Any) -> None:
        log.append(("heard", self.topic))

    async def leave(self, reason: str) -> None:
        log.append((f"leaves {reason}", self.topic))
        await asyncio.sleep(0)
        log.append(("left", self.topic))


class Plain(Channel, topic="plain"):
    def leave(self, reason: str) -> None:
        log.append((f"leaves {reason}", self.topic))


class Sloppy(Channel, topic="sloppy"):
    async def leave(self, reason: str) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError


class Unmakeable(Channel, topic="unmakeable"):
    def __init__(self) -> None:
        raise ZeroDivisionError


class UserSocket(Socket):
    channels = (Room, Plain, Sloppy, Unmakeable)

    async def disconnected(self, code: int, reason: str) -> None:
        log.append((f"disconnected {code}", reason))


@pytest.fixture(autouse=True)
def empty_log() -> None:
    log.clear()


async def test_a_heartbeat_and_nothing_else_on_phoenix() -> None:
    peer = Peer(UserSocket)
    assert await peer.ask(None, "1", "phoenix", "heartbeat", {}) == [reply(None, "1", "phoenix")]
    assert await peer.ask(None, "2", "phoenix", "else", {}) == [
        reply(None, "2", "phoenix", {"reason": "unmatched topic"}, "error")
    ]
    assert await peer.ask(None, None, "phoenix", "heartbeat", {}) == [], "who gives no ref wants no answer"
    await peer.hang_up()
    assert log == [("disconnected 1000", "")]


async def test_too_many_channels() -> None:
    class Two(UserSocket):
        max_channels = 2

    peer = Peer(Two)
    refused = reply("9", "9", "room:c", {"reason": "too many channels"}, "error")
    for name in ("a", "b"):
        assert await peer.ask(name, name, f"room:{name}", JOIN, {}) == [reply(name, name, f"room:{name}")]
    assert await peer.ask("9", "9", "room:c", JOIN, {}) == [refused]
    assert len(await peer.ask("3", "3", "room:a", JOIN, {})) == 2, "joining anew is not one more"
    peer.native.feed(["3", "4", "room:a", "hang", {}], ["3", "5", "room:a", LEAVE, {}])
    assert await peer.ask("9", "9", "room:c", JOIN, {}) == [refused], "what has not ended counts"
    await peer.ask("b", "6", "room:b", LEAVE, {})
    assert await peer.ask("9", "9", "room:c", JOIN, {}) == [reply("9", "9", "room:c")]
    peer.task.cancel()


async def test_joining_anew_while_the_old_one_hangs_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "GRACE_S", 0.02)

    class Two(UserSocket):
        max_channels = 2

    peer = Peer(Two)
    await peer.ask("1", "1", "room:a", JOIN, {})
    await peer.ask("1", "2", "room:a", "hang", {})
    answers = [await peer.ask(str(n), str(n), "room:a", JOIN, {}) for n in (3, 4, 5)]
    assert answers[0] == answers[1] == []
    assert answers[2] == [reply("5", "5", "room:a", {"reason": "too many channels"}, "error")]
    await asyncio.sleep(0.1)
    sent = await peer.sent()
    assert reply("4", "4", "room:a") in sent
    assert log.count(("leaves replaced", "room:a")) >= 1
    await peer.hang_up()


async def test_what_is_left_while_a_method_hangs_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "GRACE_S", 0.02)
    peer = Peer(UserSocket)
    await peer.ask("1", "1", "room:a", JOIN, {})
    await peer.ask("1", "2", "room:a", "hang", {})
    await peer.ask("1", "3", "room:a", LEAVE, {})
    await asyncio.sleep(0.1)
    assert await peer.sent() == [reply("1", "3", "room:a"), ["1", "1", "room:a", "phx_close", {}]]
    assert log == [("joined", "room:a"), ("leaves left", "room:a"), ("left", "room:a")]
    await peer.hang_up()


async def test_what_the_server_closes_while_a_method_hangs_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "GRACE_S", 0.02)
    peer = Peer(UserSocket)
    await peer.ask("1", "1", "room:a", JOIN, {})
    await peer.ask("1", "2", "room:a", "hang", {})
    await peer.connection._topics["room:a"].channel.close("kicked")
    await asyncio.sleep(0.1)
    assert await peer.sent() == [["1", "1", "room:a", "phx_close", {}]]
    assert log[1:] == [("leaves kicked", "room:a"), ("left", "room:a")]
    await peer.hang_up()


async def test_who_refuses_to_be_cancelled_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "GRACE_S", 0.02)
    peer = Peer(UserSocket)
    await peer.ask("1", "1", "room:a", JOIN, {})
    await peer.ask("1", "2", "room:a", "stubborn", {})
    await peer.ask("2", "3", "plain", JOIN, {})
    await peer.hang_up()
    await settle()
    assert log[:3] == [("joined", "room:a"), ("leaves closed", "plain"), ("refuses", "room:a")]
    assert set(log[3:]) == {("disconnected 1000", ""), ("refuses", "room:a")}
    peer.connection._memberships[0].interrupt()
    await settle()


@pytest.mark.parametrize("event", ["own_cancel", "exit", "unwritable", "crash"])
async def test_whatever_a_method_raises_is_the_end_of_its_channel_alone(event: str) -> None:
    peer = Peer(UserSocket)
    await peer.ask("1", "1", "room:a", JOIN, {})
    await peer.ask("2", "2", "plain", JOIN, {})
    assert await peer.ask("1", "3", "room:a", event, {}) == [["1", "1", "room:a", "phx_error", {}]]
    assert log[1:] == [("leaves crashed", "room:a"), ("left", "room:a")]
    assert (await peer.ask("4", "4", "room:a", JOIN, {}))[0] == reply("4", "4", "room:a")
    await peer.hang_up()
    assert log[-1] == ("disconnected 1000", "")


async def test_a_channel_that_can_not_be_made() -> None:
    peer = Peer(UserSocket)
    assert await peer.ask("1", "1", "unmakeable", JOIN, {}) == [
        reply("1", "1", "unmakeable", {"reason": "join crashed"}, "error")
    ]
    await peer.hang_up()
    assert log == [("disconnected 1000", "")]


async def test_a_leave_that_fails_is_logged_and_the_end_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    peer = Peer(UserSocket)
    await peer.ask("1", "1", "sloppy", JOIN, {})
    assert await peer.ask("1", "2", "sloppy", LEAVE, {}) == [
        reply("1", "2", "sloppy"),
        ["1", "1", "sloppy", "phx_close", {}],
    ]
    assert "Sloppy failed in 'leave'" in caplog.text
    await peer.hang_up()


async def test_a_leave_of_an_earlier_join_leaves_the_present_one() -> None:
    peer = Peer(UserSocket)
    await peer.ask("1", "1", "room:a", JOIN, {})
    await peer.ask("2", "2", "room:a", JOIN, {})
    assert await peer.ask("1", "3", "room:a", LEAVE, {}) == [reply("1", "3", "room:a")]
    assert await peer.ask("2", "4", "room:a", "echo", {"a": 1}) == [reply("2", "4", "room:a", {"a": 1})]
    assert await peer.ask(None, "5", "room:a", "echo", {"a": 1}) == [reply("2", "5", "room:a", {"a": 1})]
    await peer.hang_up()


async def test_leaving_while_joining() -> None:
    peer = Peer(UserSocket)
    peer.native.feed(["1", "1", "room:a", JOIN, {"slow": True}], ["1", "2", "room:a", LEAVE, {}])
    peer.native.feed(["3", "3", "room:a", JOIN, {"slow": True}], ["3", "4", "room:a", "echo", {"n": 1}])
    assert await peer.sent() == [
        reply("1", "1", "room:a"),
        reply("1", "2", "room:a"),
        ["1", "1", "room:a", "phx_close", {}],
        reply("3", "3", "room:a"),
        reply("3", "4", "room:a", {"n": 1}),
    ]
    await peer.hang_up()
    assert [name for name, _ in log] == ["joined", "leaves left", "left", "joined", "leaves closed", "left", log[-1][0]]


async def test_a_join_that_fails_lets_the_one_behind_it_begin() -> None:
    peer = Peer(UserSocket)
    peer.native.feed(["1", "1", "room:a", JOIN, {"slow": True, "fails": True}], ["2", "2", "room:a", JOIN, {}])
    assert await peer.sent() == [
        reply("1", "1", "room:a", {"reason": "join crashed"}, "error"),
        reply("2", "2", "room:a"),
    ]
    await peer.hang_up()
    assert log[0] == ("joined", "room:a")
    assert log.count(("leaves closed", "room:a")) == 1


async def test_two_clients_of_one_topic_and_a_third_of_version_1() -> None:
    fanout, hub = Fanout(PubSub()), Hub()
    with reachable(hub):
        one, two = Peer(UserSocket, fanout=fanout, hub=hub), Peer(UserSocket, fanout=fanout, hub=hub)
        old = Peer(UserSocket, fanout=fanout, hub=hub, serializer=V1)
        for peer in (one, two):
            await peer.ask("1", "1", "room:a", JOIN, {})
        old.native.feed(json.dumps({"topic": "room:a", "event": JOIN, "payload": {}, "ref": "1"}))
        await old.sent()
        said = [None, None, "room:a", "said", {"n": 1}]
        assert await one.ask("1", "2", "room:a", "say", {"n": 1}) == [said, reply("1", "2", "room:a")]
        assert await two.sent() == [said]
        assert await old.sent() == [{"topic": "room:a", "event": "said", "payload": {"n": 1}, "ref": None}]
        assert len(hub.frames) == 2, "a frame is written once for all of a version"
        await fanout.bus.broadcast("room:a", "whispered", {})
        assert log.count(("heard", "room:a")) == 3
        for peer in (one, two, old):
            assert await peer.sent() == []
            await peer.hang_up()
        assert fanout.topics == []
        assert not fanout.bus.has_listeners
        assert not any(hub.topics.values())


async def test_a_client_that_takes_nothing_is_not_read_from() -> None:
    peer = Peer(UserSocket)
    await peer.ask("1", "1", "room:a", JOIN, {})
    peer.native.has_room = False
    assert len(await peer.ask("1", "2", "room:a", "echo", {})) == 1
    assert await peer.ask("1", "3", "room:a", "echo", {}) == []
    peer.native.give_room()
    assert await peer.sent() == [reply("1", "3", "room:a")]
    await peer.hang_up()


async def test_a_socket_ends_itself_and_others_by_their_id() -> None:
    fanout = Fanout(PubSub())

    def name(socket: Socket) -> None:
        socket.id = "7"

    one, two = (Peer(UserSocket, fanout=fanout, set_up=name) for _ in range(2))
    await one.ask("1", "1", "room:a", JOIN, {})
    await one.ask("1", "2", "room:a", "end_socket", {})
    await asyncio.wait_for(one.task, 30)
    assert log[-1] == ("disconnected 4000", "over")
    assert not two.task.done()
    await fanout.bus.broadcast(UserSocket.topic_of("7"), "disconnect")
    await asyncio.wait_for(two.task, 30)
    assert log[-1] == ("disconnected 1000", "disconnected")
    assert not fanout.bus.has_listeners


async def test_what_lives_as_long_as_the_socket_ends_last() -> None:
    scope = Scope()

    def provider() -> Iterator[int]:
        yield 1
        log.append(("torn down", ""))

    scope.open(provider, provider())  # type: ignore[arg-type]
    peer = Peer(UserSocket, scope=scope)
    await peer.ask("1", "1", "room:a", JOIN, {})
    await peer.hang_up(1006)
    assert log[1:] == [
        ("leaves lost", "room:a"),
        ("left", "room:a"),
        ("disconnected 1006", ""),
        ("torn down", ""),
    ]


async def test_what_is_subscribed_to_when_it_can_not_stay_is_ended() -> None:
    class Wanting(Channel, topic="wanting"):
        def join(self, stays: bool = True) -> None:
            self.subscribe("news")
            self.send_after(60, "tick")
            if not stays:
                raise Forbidden

        @on_info("tick")
        def tick(self) -> None: ...

        def leave(self, reason: str) -> None:
            self.subscribe("late news")

    class WantingSocket(Socket):
        channels = (Wanting,)

    peer = Peer(WantingSocket)
    await peer.ask("1", "1", "wanting", JOIN, {"stays": False})
    assert not peer.fanout.bus.has_listeners
    await peer.ask("2", "2", "wanting", JOIN, {})
    assert peer.fanout.bus.has_listeners
    await peer.ask("2", "3", "wanting", LEAVE, {})
    assert not peer.fanout.bus.has_listeners
    await peer.hang_up()


async def test_nothing_is_kept_of_what_has_ended() -> None:
    fanout, hub = Fanout(PubSub()), Hub()

    async def visit() -> tuple[Any, Any]:
        peer = Peer(UserSocket, fanout=fanout, hub=hub)
        await peer.ask("1", "1", "room:a", JOIN, {"slow": True})
        await peer.ask("1", "2", "room:a", "steps", {})
        channel = weakref.ref(peer.connection._topics["room:a"].channel)
        socket = weakref.ref(peer.connection.socket)
        peer.native.feed(["1", "3", "room:a", "steps", {}], ["4", "4", "room:a", JOIN, {"slow": True}])
        await peer.ask("4", "5", "room:a", LEAVE, {})
        await peer.hang_up()
        return channel, socket

    kept = await visit()
    await settle()
    gc.collect()
    assert [one() for one in kept] == [None, None]


@pytest.mark.parametrize("turns", range(1, 15))
async def test_cancelled_anywhere_everybody_leaves_once(turns: int) -> None:
    fanout, hub = Fanout(PubSub()), Hub()
    peer = Peer(UserSocket, fanout=fanout, hub=hub)
    peer.native.feed(["1", "1", "room:a", JOIN, {"slow": True}], ["1", "2", "room:a", "steps", {}])
    peer.native.feed(["2", "3", "plain", JOIN, {}], ["1", "4", "room:a", LEAVE, {}])
    peer.native.feed(["5", "5", "room:a", JOIN, {"slow": True}], ["5", "6", "room:a", "crash", {}])
    peer.native.feed(["7", "7", "room:b", JOIN, {}], ["7", "8", "room:b", "steps", {}])
    for _ in range(turns):
        await asyncio.sleep(0)
    peer.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await peer.task
    await fanout.stop()
    assert _count("joined") == _count("leaves") == _count("left")
    assert _count("disconnected") == 1
    assert fanout.topics == []
    assert not fanout.bus.has_listeners
    assert not any(hub.topics.values())
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def _count(what: str) -> int:
    return sum(name.startswith(what) and topic != "plain" for name, topic in log)


# Whatever a client sends

REFS = st.sampled_from(["1", "2", "3", None, 7, ""])
TOPICS = st.sampled_from(
    ["room:a", "room:b", "plain", "sloppy", "phoenix", "room:", "nowhere", "\U0001f600", "x" * 300]
)
EVENTS = st.sampled_from(
    [
        JOIN,
        JOIN,
        LEAVE,
        "echo",
        "steps",
        "crash",
        "say",
        "close",
        "heartbeat",
        "phx_reply",
        "phx_error",
        "unwritable",
        "",
    ]
)
PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["slow", "fails", "body"]), inner),
    max_leaves=5,
)
MESSAGES = st.tuples(REFS, REFS, TOPICS, EVENTS, PAYLOADS).map(lambda message: json.dumps(message))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = draw(MESSAGES)
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.text(max_size=3)) + text[at + draw(st.integers(0, 4)) :]


@st.composite
def octets(draw: st.DrawFn) -> bytes:
    texts = [draw(st.sampled_from(["", "1", "2"])) for _ in range(2)]
    texts += [draw(TOPICS.filter(lambda topic: len(topic) < 200)), draw(EVENTS)]
    pieces = [text.encode() for text in texts]
    frame = bytes([0, *map(len, pieces)]) + b"".join(pieces) + draw(st.binary(max_size=4))
    return frame if draw(st.booleans()) else frame[: draw(st.integers(0, len(frame)))]


FRAMES = st.lists(st.one_of(MESSAGES, MESSAGES, MESSAGES, mutated(), octets(), st.binary(max_size=8)), max_size=12)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=FRAMES, end=st.sampled_from([1000, 1001, 1006, None]))
def test_no_frame_does_harm(frames: list[str | bytes], end: int | None) -> None:
    async def run() -> None:
        log.clear()
        fanout, hub = Fanout(PubSub()), Hub()
        with reachable(hub):
            peer = Peer(UserSocket, fanout=fanout, hub=hub)
            peer.native.feed(*frames)
            await settle()
            await settle()
            if peer.native.end is None:
                sent = await peer.ask(None, "last", "phoenix", "heartbeat", {})
                assert reply(None, "last", "phoenix") in sent
            else:
                assert peer.native.end[0] in (1003, 1007)
            if end is None:
                peer.task.cancel()
                await asyncio.wait([peer.task])
            else:
                await peer.hang_up(end)
        await fanout.stop()
        joined = [topic for name, topic in log if name == "joined"]
        assert sorted(joined) == sorted(topic for name, topic in log if name == "left")
        assert _count("disconnected") == 1
        assert fanout.topics == []
        assert not any(hub.topics.values())
        assert asyncio.all_tasks() == {asyncio.current_task()}

    before = logging.getLogger("spica.channels").level
    logging.getLogger("spica.channels").setLevel(logging.CRITICAL)
    try:
        asyncio.run(run())
    finally:
        logging.getLogger("spica.channels").setLevel(before)
