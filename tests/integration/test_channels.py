"""Channels over real sockets of our own server: joining, messages, broadcasts, leaving, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from spica import App, Channel, Forbidden, Request, Socket, SocketClosed, Unauthorized, on, on_broadcast, pubsub
from spica.channels import Refused
from spica.channels.early import MAX_EVENTS
from spica.pubsub import PubSub
from spica.testing import Client, JoinRefused, PushRefused, SocketRefused
from tests.serving import open_client
from tests.unit.pubsub.fakes import FakeBroker
from tests.waiting import until

app = App(env="test")
left: list[tuple[str, str]] = []
reported: list[str] = []
gates: dict[str, asyncio.Event] = {}


class Point(msgspec.Struct):
    x: int
    y: int = 0


class Chat(Channel, topic="room:{room_id:int}"):
    async def join(self, room_id: int, nickname: str = "anonymous") -> Any:
        if room_id == 13:
            raise Unauthorized("not this one")
        if room_id == 14:
            raise ZeroDivisionError("of the join")
        self.nickname = nickname
        await self.push("welcome", {"to": nickname})
        return {"room": room_id, "user": self.socket.user}

    @on("new_msg")
    async def new_msg(self, body: str, room_id: int) -> dict[str, Any]:
        await self.broadcast("new_msg", {"body": body, "user": self.socket.user})
        return {"ok": True, "room": room_id}

    @on("others")
    async def others(self, body: str) -> None:
        await self.broadcast_from("new_msg", {"body": body})

    @on("point")
    def point(self, point: Point) -> int:
        return point.x + point.y

    @on("typed")
    def typed(self, number: int, names: list[str], flag: bool = False) -> Any:
        return [number, names, flag]

    @on("quiet", reply=False)
    def quiet(self) -> None:
        pass

    @on("wait")
    async def wait(self, gate: str) -> str:
        await gates[gate].wait()
        return gate

    @on("refuse")
    def refuse(self) -> None:
        raise Forbidden("read only")

    @on("refuse_more")
    def refuse_more(self) -> None:
        raise Refused({"code": 7})

    @on("crash")
    async def crash(self) -> None:
        raise ZeroDivisionError("of the handler")

    @on("close")
    async def end(self) -> None:
        await self.close("enough")

    async def leave(self, reason: str) -> None:
        left.append((self.topic, reason))


class Lobby(Channel, topic=["lobby", "hall:*"]):
    def join(self, payload: Any, rest: str = "") -> Any:
        return {"payload": payload, "rest": rest}


@app.socket("/socket")
class UserSocket(Socket):
    channels = (Chat, Lobby)

    async def connect(self, token: str = "ann") -> None:
        if token == "nobody":
            raise Unauthorized("sign in first")
        self.user = token
        self.id = f"user:{token}"


@app.report
def report(error: BaseException, request: Request) -> None:
    reported.append(f"{type(error).__name__} {request.path}")


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    left.clear()
    reported.clear()
    gates.clear()
    async with open_client(app) as client:
        yield client


async def test_join_push_broadcast_and_leave(client: Client) -> None:
    async with client.socket("/socket", token="bob") as s:
        room = await s.join("room:7", nickname="bobby")
        assert room.reply == {"room": 7, "user": "bob"}
        await room.expect_push("welcome", to="bobby")
        assert await room.push("new_msg", body="hello") == {"ok": True, "room": 7}
        await room.expect_broadcast("new_msg", body="hello", user="bob")
        await room.leave()
        assert left == [("room:7", "left")]


async def test_both_addresses_answer_and_routes_show_one(client: Client) -> None:
    async with client.socket("/socket/websocket") as s:
        await s.join("lobby")
    assert [(row.method, row.pattern, row.target) for row in app.route_rows()] == [("SOCKET", "/socket", "UserSocket")]


async def test_connect_may_refuse_the_handshake(client: Client) -> None:
    with pytest.raises(SocketRefused) as refused:
        async with client.socket("/socket", token="nobody"):
            pass
    assert refused.value.response.status == 401


async def test_the_frames_are_those_of_phoenix(client: Client) -> None:
    async with client.socket("/socket/websocket?vsn=2.0.0") as s:

        async def ask(*message: object) -> Any:
            await s.send(json.dumps(message))
            return json.loads(await s.receive())

        assert await ask(None, "1", "phoenix", "heartbeat", {}) == [
            *(None, "1", "phoenix", "phx_reply", {"status": "ok", "response": {}})
        ]
        assert await ask("2", "2", "nowhere", "phx_join", {}) == [
            *("2", "2", "nowhere", "phx_reply", {"status": "error", "response": {"reason": "unmatched topic"}})
        ]
        assert await ask("3", "3", "hall:a:b", "phx_join", {"n": 1}) == [
            *("3", "3", "hall:a:b", "phx_reply"),
            {"status": "ok", "response": {"payload": {"n": 1}, "rest": "a:b"}},
        ]
        assert await ask("3", "4", "hall:a:b", "what", {}) == [
            *("3", "4", "hall:a:b", "phx_reply", {"status": "error", "response": {"reason": "unknown event"}})
        ]
        await pubsub.broadcast("hall:a:b", "news", {"n": 2})
        assert json.loads(await s.receive()) == [None, None, "hall:a:b", "news", {"n": 2}]
        assert await ask("3", "5", "hall:a:b", "phx_leave", {}) == [
            *("3", "5", "hall:a:b", "phx_reply", {"status": "ok", "response": {}})
        ]
        assert json.loads(await s.receive()) == ["3", "3", "hall:a:b", "phx_close", {}]
        assert await ask("3", "6", "hall:a:b", "phx_leave", {}) == [
            *("3", "6", "hall:a:b", "phx_reply", {"status": "ok", "response": {}})
        ]


async def test_every_wrong_field_is_named_and_the_channel_lives(client: Client) -> None:
    async with client.socket("/socket") as s:
        room = await s.join("room:1")
        with pytest.raises(PushRefused) as refused:
            await room.push("typed", number="7", names=["a", 1])
        assert refused.value.response == {
            "reason": "some values were refused",
            "errors": [
                {"name": "number", "message": "expected int, got str", "code": "type"},
                {"name": "names[1]", "message": "expected str, got int", "code": "type"},
            ],
        }
        with pytest.raises(PushRefused) as refused:
            await room.push("typed")
        assert [error["code"] for error in refused.value.response["errors"]] == ["missing", "missing"]
        assert await room.push("typed", number=7.0, names=[]) == [7, [], False]
        assert await room.push("point", x=1, y=2) == 3
        with pytest.raises(PushRefused) as refused:
            await room.push("point", y="z")
        assert {error["name"] for error in refused.value.response["errors"]} == {"x", "y"}


async def test_handlers_refuse_with_a_sentence_or_a_value(client: Client) -> None:
    async with client.socket("/socket") as s:
        with pytest.raises(JoinRefused, match="not this one"):
            await s.join("room:13")
        room = await s.join("room:1")
        with pytest.raises(PushRefused) as refused:
            await room.push("refuse")
        assert refused.value.response == {"reason": "read only"}
        with pytest.raises(PushRefused) as refused:
            await room.push("refuse_more")
        assert refused.value.response == {"code": 7}
    assert left == [("room:1", "closed")]


async def test_a_failing_method_crashes_its_channel_only(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    async with client.socket("/socket?vsn=2.0.0") as s:
        other = await s.join("lobby")
        await s.send(json.dumps(["8", "8", "room:1", "phx_join", {}]))
        assert json.loads(await s.receive())[4]["status"] == "ok"
        assert json.loads(await s.receive())[3] == "welcome"
        await s.send(json.dumps(["8", "9", "room:1", "crash", {}]))
        assert json.loads(await s.receive()) == ["8", "8", "room:1", "phx_error", {}]
        await s.send(json.dumps(["8", "10", "room:1", "new_msg", {"body": "x"}]))
        assert json.loads(await s.receive())[4] == {"status": "error", "response": {"reason": "unmatched topic"}}
        await s.send(json.dumps(["11", "11", "room:1", "phx_join", {}]))
        assert json.loads(await s.receive())[4]["status"] == "ok"
        await other.leave()
    assert left == [("room:1", "crashed"), ("room:1", "closed")]
    assert "Chat failed in 'crash' on room:1" in caplog.text
    assert reported == ["ZeroDivisionError /socket"]


async def test_a_join_that_fails_says_nothing_of_why(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "spica.testing")
    async with client.socket("/socket?vsn=2.0.0") as s:
        await s.send(json.dumps(["1", "1", "room:14", "phx_join", {}]))
        assert json.loads(await s.receive())[4] == {"status": "error", "response": {"reason": "join crashed"}}
    assert left == []


async def test_a_channel_can_close_itself(client: Client) -> None:
    async with client.socket("/socket?vsn=2.0.0") as s:
        await s.send(json.dumps(["1", "1", "room:1", "phx_join", {}]))
        await s.receive(), await s.receive()
        await s.send(json.dumps(["1", "2", "room:1", "close", {}]))
        assert json.loads(await s.receive())[4] == {"status": "ok", "response": {}}
        assert json.loads(await s.receive()) == ["1", "1", "room:1", "phx_close", {}]
        assert left == [("room:1", "enough")]


async def test_who_sends_to_others_is_left_out(client: Client) -> None:
    async with client.socket("/socket", token="a") as first, client.socket("/socket", token="b") as second:
        one, two = await first.join("room:1"), await second.join("room:1")
        await one.push("others", body="x")
        await two.expect_broadcast("new_msg", body="x")
        await one.refute_broadcast("new_msg")


async def test_methods_of_one_channel_run_in_order_and_others_beside_them(client: Client) -> None:
    gates["g"] = asyncio.Event()
    async with client.socket("/socket?vsn=2.0.0") as s:
        for ref, topic in (("1", "room:1"), ("2", "room:2")):
            await s.send(json.dumps([ref, ref, topic, "phx_join", {}]))
            await s.receive(), await s.receive()
        await s.send(json.dumps(["1", "3", "room:1", "wait", {"gate": "g"}]))
        await s.send(json.dumps(["1", "4", "room:1", "point", {"x": 1}]))
        await s.send(json.dumps(["2", "5", "room:2", "point", {"x": 2}]))
        await s.send(json.dumps([None, "6", "phoenix", "heartbeat", {}]))
        assert [json.loads(await s.receive())[1] for _ in range(2)] == ["5", "6"]
        gates["g"].set()
        assert [json.loads(await s.receive())[1] for _ in range(2)] == ["3", "4"]


async def test_a_second_join_of_a_topic_ends_the_first(client: Client) -> None:
    async with client.socket("/socket?vsn=2.0.0") as s:
        await s.send(json.dumps(["1", "1", "room:1", "phx_join", {}]))
        await s.receive(), await s.receive()
        await s.send(json.dumps(["2", "2", "room:1", "phx_join", {}]))
        assert json.loads(await s.receive()) == ["1", "1", "room:1", "phx_close", {}]
        assert json.loads(await s.receive())[:2] == ["2", "2"]
        assert left == [("room:1", "replaced")]
        await s.receive()
        await s.send(json.dumps(["1", "3", "room:1", "point", {"x": 1}]))
        assert json.loads(await s.receive())[4] == {"status": "error", "response": {"reason": "unmatched topic"}}
        await s.send(json.dumps(["2", "4", "room:1", "point", {"x": 1}]))
        assert json.loads(await s.receive())[4] == {"status": "ok", "response": 1}


async def test_joining_while_leaving_waits_for_the_end(client: Client) -> None:
    gates["g"] = asyncio.Event()
    async with client.socket("/socket?vsn=2.0.0") as s:
        await s.send(json.dumps(["1", "1", "room:1", "phx_join", {}]))
        await s.receive(), await s.receive()
        await s.send(json.dumps(["1", "2", "room:1", "wait", {"gate": "g"}]))
        await s.send(json.dumps(["1", "3", "room:1", "phx_leave", {}]))
        await s.send(json.dumps(["4", "4", "room:1", "phx_join", {}]))
        await s.send(json.dumps([None, "5", "phoenix", "heartbeat", {}]))
        assert json.loads(await s.receive())[1] == "5"
        gates["g"].set()
        got = [json.loads(await s.receive()) for _ in range(5)]
        assert [(one[0], one[1], one[3]) for one in got] == [
            ("1", "2", "phx_reply"),
            ("1", "3", "phx_reply"),
            ("1", "1", "phx_close"),
            ("4", "4", "phx_reply"),
            ("4", None, "welcome"),
        ]


async def test_a_user_is_disconnected_everywhere(client: Client) -> None:
    async with client.socket("/socket", token="a") as first, client.socket("/socket", token="b") as second:
        await first.join("room:1")
        room = await second.join("room:1")
        await UserSocket.disconnect("user:a")
        with pytest.raises(SocketClosed) as closed:
            await first.receive()
        assert (closed.value.code, closed.value.reason) == (1000, "disconnected")
        assert await room.push("point", x=1) == 1
    assert left == [("room:1", "closed"), ("room:1", "closed")]


async def test_a_lost_connection_leaves(client: Client) -> None:
    async with client.socket("/socket") as s:
        await s.join("room:1")
        s.lose()
    await until(lambda: bool(left))
    assert left == [("room:1", "lost")]


@pytest.mark.parametrize(
    "frame", ["{", "[1,2]", '["1","1","t"]', '[{},"1","t","e",{}]', '["1","1",7,"e",{}]', "5", "[" * 500]
)
async def test_a_frame_that_is_no_message_ends_the_connection(client: Client, frame: str) -> None:
    async with client.socket("/socket?vsn=2.0.0") as s:
        await s.send(json.dumps(["1", "1", "room:1", "phx_join", {}]))
        await s.receive(), await s.receive()
        await s.send(frame)
        with pytest.raises(SocketClosed) as closed:
            await s.receive()
        assert closed.value.code == 1007
    assert left == [("room:1", "closed")]


async def test_a_client_is_accepted_once_broadcasts_of_other_nodes_are_heard() -> None:
    broker = FakeBroker()
    broker.opens.clear()
    own = App(env="test")
    own._pubsub = PubSub(broker)
    own.socket("/socket")(UserSocket)
    async with open_client(own) as client, asyncio.timeout(10):
        joining = asyncio.create_task(_join_and_hear(client, broker))
        done, _ = await asyncio.wait([joining], timeout=0.05)
        assert not done
        broker.opens.set()
        assert await joining == {"body": "from afar"}


async def _join_and_hear(client: Client, broker: FakeBroker) -> Any:
    other = PubSub(broker.hall.broker())
    async with other, client.socket("/socket", vsn="2.0.0") as socket:
        room = await socket.join("room:7")
        await other.broadcast("room:7", "news", {"body": "from afar"})
        return await room.expect_broadcast("news")


class Slow(Channel, topic="slow:{name}"):
    async def join(self, name: str) -> dict[str, list[int]]:
        history = [1, 2]
        gates["joining"].set()
        await gates[name].wait()
        await self.broadcast("said", {"id": 5})
        await self.broadcast_from("said", {"id": 6})
        if name == "refused":
            raise Forbidden("not you")
        return {"history": history}

    @on_broadcast("seen")
    async def seen(self, payload: Any) -> None:
        await self.push("seen", {"id": payload["id"], "by": "handler"})


async def open_slow(name: str) -> App:
    gates[name] = asyncio.Event()
    gates["joining"] = asyncio.Event()
    own = App(env="test")

    @own.socket("/socket")
    class SlowSocket(Socket):
        channels = (Slow,)

    return own


async def test_what_is_broadcast_while_a_join_reads_its_history_comes_behind_the_reply() -> None:
    own = await open_slow("a")
    async with open_client(own) as client, client.socket("/socket", vsn="2.0.0") as socket, asyncio.timeout(10):
        await socket.send('["1", "1", "slow:a", "phx_join", {}]')
        await gates["joining"].wait()
        await pubsub.broadcast("slow:a", "said", {"id": 3})
        await pubsub.broadcast("slow:a", "seen", {"id": 4})
        gates["a"].set()
        frames = [await socket.receive_json() for _ in range(4)]
        assert [(event, payload.get("id", payload.get("response"))) for _, _, _, event, payload in frames] == [
            ("phx_reply", {"history": [1, 2]}),
            ("said", 3),
            ("said", 5),
            ("seen", 4),
        ]
        await pubsub.broadcast("slow:a", "said", {"id": 7})
        assert (await socket.receive_json())[4] == {"id": 7}


@pytest.mark.parametrize("name", ["refused", "lost"])
async def test_nothing_is_kept_of_a_join_that_comes_to_nothing(name: str) -> None:
    own = await open_slow(name)
    async with open_client(own) as client, asyncio.timeout(10):
        async with client.socket("/socket", vsn="2.0.0") as socket:
            await socket.send(f'["1", "1", "slow:{name}", "phx_join", {{}}]')
            await gates["joining"].wait()
            assert f"slow:{name}" in own.pubsub._topics
            if name == "refused":
                gates[name].set()
                assert (await socket.receive_json())[4]["status"] == "error"
            else:
                socket.lose()
        await until(lambda: f"slow:{name}" not in own.pubsub._topics)


async def test_a_join_that_is_overtaken_by_too_much_is_refused() -> None:
    own = await open_slow("a")
    async with open_client(own) as client, client.socket("/socket", vsn="2.0.0") as socket, asyncio.timeout(10):
        await socket.send('["1", "1", "slow:a", "phx_join", {}]')
        await gates["joining"].wait()
        for number in range(MAX_EVENTS):
            await pubsub.broadcast("slow:a", "said", {"id": number})
        gates["a"].set()
        reply = (await socket.receive_json())[4]
        assert reply == {"status": "error", "response": {"reason": "too much was broadcast during the join"}}


async def test_a_topic_that_is_too_long_is_refused_and_the_socket_lives() -> None:
    own = await open_slow("a")
    async with open_client(own) as client, client.socket("/socket", vsn="2.0.0") as socket, asyncio.timeout(10):
        await socket.send_json(["1", "1", "slow:" + "x" * 2_000, "phx_join", {}])
        assert (await socket.receive_json())[4]["status"] == "error"
        await socket.send('[null, "2", "phoenix", "heartbeat", {}]')
        assert (await socket.receive_json())[1] == "2"
