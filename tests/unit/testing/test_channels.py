"""The test client's channels, against a handler that speaks the wire format by hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import msgspec
import pytest

from spica import App, Context, WebSocket
from spica.testing import ChannelEnded, Client, JoinRefused, PushRefused
from spica.testing.channel_messages import ChannelMessage, parse_message, render_message
from tests.serving import open_client

app = App()
lines: list[str] = []


@app.ws("/socket")
async def socket(socket: WebSocket, context: Context) -> None:
    """A server of channels in thirty lines: what it answers is in the event's name."""
    lines.append(context.request.target)

    async def say(join_ref: object, ref: object, topic: str, event: str, payload: object) -> None:
        await socket.send(msgspec.json.encode([join_ref, ref, topic, event, payload]).decode())

    async for message in socket:
        if isinstance(message, bytes):
            assert message == bytes([0, 1, 1, 6, 5]) + b"12room:7image\x00\xff"
            await socket.send(bytes([1, 1, 1, 6, 2]) + b"12room:7ok" + b"\x01")
            await socket.send(bytes([2, 6, 5]) + b"room:7image" + b"\x00\xff")
            await socket.send(bytes([0, 1, 6, 5]) + b"1room:7thumb" + b"\x02")
            continue
        join_ref, ref, topic, event, payload = msgspec.json.decode(message)
        if topic == "phoenix":
            await say(None, ref, topic, "phx_reply", {"status": "ok", "response": {}})
        elif event == "phx_join" and topic == "room:0":
            await say(join_ref, ref, topic, "phx_reply", {"status": "error", "response": {"reason": "unauthorized"}})
        elif event == "phx_join" and topic == "room:silent":
            await say(None, None, "room:other", "new_msg", {})
        elif event == "crash":
            try:
                raise ZeroDivisionError("of the handler")
            except ZeroDivisionError:
                logging.getLogger("spica.channels").exception("channel %s crashed", topic)
            await say(join_ref, None, topic, "phx_error", {})
        elif event == "close":
            await say(join_ref, ref, topic, "phx_reply", {"status": "ok", "response": {}})
            await say(join_ref, None, topic, "phx_close", {})
        elif event == "phx_leave":
            await say(join_ref, None, topic, "phx_close", {})
            await say(join_ref, ref, topic, "phx_reply", {"status": "ok", "response": {}})
        elif event == "refuse":
            await say(join_ref, ref, topic, "phx_reply", {"status": "error", "response": {"reason": "too long"}})
        elif event == "twice":
            await say(None, None, topic, "new_msg", {"body": "one", "tags": ["a"], "at": {"x": 1, "y": 2}})
            await say(None, None, topic, "new_msg", {"body": "two"})
        elif event != "silent":
            await say(None, None, topic, "new_msg", payload)
            await say(join_ref, ref, topic, "phx_reply", {"status": "ok", "response": payload})


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    lines.clear()
    async with open_client(app) as client:
        yield client


async def test_join_push_and_broadcast(client: Client) -> None:
    async with client.socket("/socket?a=b", token="t k", tags=["x"]) as s:
        room = await s.join("room:7", nickname="ann")
        assert room.reply == {"nickname": "ann"}
        assert await room.push("new_msg", body="hello") == {"body": "hello"}
        assert await room.expect_broadcast("new_msg", body="hello") == {"body": "hello"}
        await room.leave()
        assert room.ended == "left"
        with pytest.raises(ChannelEnded, match="room:7 has ended: left"):
            await room.push("new_msg", body="late")
        await room.leave()
    assert lines == ["/socket?a=b&token=t+k&tags%5B%5D=x"]


async def test_a_payload_as_a_whole(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:7", payload={"timeout_s": 1})
        assert room.reply == {"timeout_s": 1}
        assert await room.push("list", payload=[1, 2]) == [1, 2]
        with pytest.raises(TypeError, match="payload= and body="):
            await room.push("list", payload=[1, 2], body="x")


async def test_binary_messages(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:7")
        assert await room.push("image", payload=b"\x00\xff") == b"\x01"
        assert await room.expect_broadcast("image", payload=b"\x00\xff") == b"\x00\xff"
        assert await room.expect_push("thumb") == b"\x02"


async def test_refusals_have_their_reason(client: Client) -> None:
    async with client.socket("/socket") as s:
        with pytest.raises(JoinRefused, match=r'room:0 can\'t be joined: {"reason":"unauthorized"}') as caught:
            await s.join("room:0")
        assert (caught.value.reply, caught.value.reason) == ({"reason": "unauthorized"}, "unauthorized")
        assert caught.value.__cause__ is None
        room = await s.join("room:7")
        with pytest.raises(PushRefused, match="refuse of room:7 was answered with an error") as refused:
            await room.push("refuse")
        assert (refused.value.response, refused.value.reason) == ({"reason": "too long"}, "too long")
        assert await room.push("new_msg") == {}, "the channel lives"


async def test_a_part_of_the_payload_in_any_order(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:7")
        await room.push_soon("twice")
        assert (await room.expect_broadcast("new_msg", body="two")) == {"body": "two"}
        await room.expect_broadcast("new_msg", at={"x": 1}, tags=["a"])
        await room.refute_broadcast("new_msg", body="one", within_s=0.01)


async def test_a_failure_shows_what_did_arrive(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:7")
        await room.expect_broadcast("new_msg")
        await room.push_soon("twice")
        with pytest.raises(AssertionError) as caught:
            await room.expect_broadcast("new_msg", body="three", timeout_s=0.05)
    assert str(caught.value).splitlines() == [
        'expected the event new_msg with {"body":"three"} on room:7',
        "arrived:",
        '  new_msg  {"body":"one","tags":["a"],"at":{"x":1,"y":2}}  ($.body is \'one\')',
        '  new_msg  {"body":"two"}  ($.body is \'two\')',
        "arrived, and was taken by an expectation before:",
        "  new_msg  {}  ($ has no 'body')",
    ]


async def test_a_failure_of_a_refutation_shows_what_came(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:7")
        await room.push_soon("twice")
        with pytest.raises(AssertionError) as caught:
            await room.refute_broadcast("new_msg", body="two", within_s=5)
    assert str(caught.value) == (
        'expected no event new_msg with {"body":"two"} on room:7; it came:\n  new_msg  {"body":"two"}'
    )


async def test_nothing_arrived(client: Client) -> None:
    async with client.socket("/socket") as s:
        with pytest.raises(TimeoutError, match=r"no answer to phx_join of room:silent in 0.05 s; nothing else arrived"):
            await s.join("room:silent", timeout_s=0.05)
        room = await s.join("room:7")
        await room.expect_broadcast("new_msg")
        with pytest.raises(TimeoutError, match="no answer to silent of room:7"):
            await room.push("silent", timeout_s=0.05)


async def test_a_crash_is_told_at_once_with_its_exception(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:7")
        with pytest.raises(ChannelEnded, match=r"room:7 has ended: crashed \(before it answered crash\)") as caught:
            await room.push("crash")
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        with pytest.raises(AssertionError, match="the channel has ended: crashed") as missed:
            await room.expect_broadcast("other")
        assert isinstance(missed.value.__cause__, ZeroDivisionError)
        with pytest.raises(AssertionError, match="to go on without the event other"):
            await room.refute_broadcast("other")
        with pytest.raises(AssertionError, match="expected room:7 to be closed"):
            await room.expect_close()
        again = await s.join("room:7", nickname="back")
        assert await again.push("new_msg", body="hello") == {"body": "hello"}


async def test_a_close_by_the_application(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:7")
        await room.push("close")
        await room.expect_close()
        assert room.ended == "closed"


async def test_a_lost_connection_is_told_at_once(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:7")
        waiting = asyncio.create_task(room.expect_broadcast("never"))
        await asyncio.sleep(0)
        s.lose()
        with pytest.raises(AssertionError, match="the channel has ended: disconnected"):
            await waiting


async def test_two_channels_and_the_raw_socket_at_once(client: Client) -> None:
    async with client.socket("/socket") as s:
        one, two = await s.join("room:1"), await s.join("room:2")
        first, second = await asyncio.gather(one.push("new_msg", n=1), two.push("new_msg", n=2))
        assert (first, second) == ({"n": 1}, {"n": 2})
        await two.expect_broadcast("new_msg", n=2)
        await one.expect_broadcast("new_msg", n=1)
        await one.refute_broadcast("new_msg", n=2, within_s=0.01)
        await s.send_json([None, "9", "phoenix", "heartbeat", {}])
        assert await s.receive_json() == [None, "9", "phoenix", "phx_reply", {"status": "ok", "response": {}}]


def test_what_is_no_message_of_channels() -> None:
    for octets in ("hello", "[1,2]", "{}", b"", b"\x09", b"\x02\x05\x01ab", b"\x01\x00", b"\x02\x01\x01\xff\xff"):
        assert parse_message(octets) is None


def test_names_that_do_not_fit_into_a_binary_message() -> None:
    with pytest.raises(ValueError, match="255 octets"):
        render_message(ChannelMessage("1", "2", "x" * 256, "e", b""))
