"""The stored text of every error of channels: what a user reads is behaviour."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

import spica.channels.errors
from spica import App, Channel, Socket, on
from spica.channels.binding import ChannelHost
from spica.channels.compiled import compile_socket
from spica.channels.membership import Membership
from spica.channels.methods import build_method
from spica.channels.topic import parse_topic
from spica.errors.base import SpicaError
from spica.routing import converters
from tests.unit.channels.fakes import Peer

PLACE = re.compile(r"\S*?([\w.]+\.py):\d+")
BASES = {"ChannelError"}  # never raised themselves


class Room(Channel, topic="room:{id:int}"):
    pass


class Hall(Channel, topic="room:{number:int}"):
    pass


def first_of(*channels: Any) -> None:
    class UserSocket(Socket):
        pass

    UserSocket.channels = channels
    raise compile_socket(UserSocket).mistakes[0]


def answer_twice() -> None:
    class Twice(Channel, topic="x"):
        @on("new_msg")
        def one(self) -> None: ...

        @on("new_msg")
        def two(self) -> None: ...

    first_of(Twice)


def serve_no_socket() -> object:
    app = App()
    app.socket("/socket", Room)
    return app.core


async def overflow() -> None:
    class UserSocket(Socket):
        channels = (Room,)

    peer = Peer(UserSocket)
    await peer.ask("1", "1", "room:7", "phx_join", {})
    membership = peer.connection._topics["room:7"]
    told: list[BaseException] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Membership, "_log", lambda self, event, error: told.append(error))
        membership._overflow()
    await peer.hang_up()
    raise told[0]


async def info() -> None:
    class UserSocket(Socket):
        channels = (Room,)

    peer = Peer(UserSocket)
    await peer.ask("1", "1", "room:7", "phx_join", {})
    try:
        peer.connection._topics["room:7"].channel.send_after(1, "tick")
    finally:
        await peer.hang_up()


async def late() -> None:
    class UserSocket(Socket):
        channels = (Room,)

    peer = Peer(UserSocket)
    await peer.ask("1", "1", "room:7", "phx_join", {})
    channel = peer.connection._topics["room:7"].channel
    await peer.hang_up()
    channel.subscribe("news")


def two_payloads() -> None:
    def method(self: Any, a: dict[str, int], b: dict[str, int]) -> None: ...

    method.__annotations__ = {"a": dict[str, int], "b": dict[str, int]}
    build_method(method, ChannelHost([parse_topic("x")], []), None)


def build(method: Callable[..., Any]) -> None:
    build_method(method, ChannelHost([parse_topic("room:{room_id}")], []), None)


async def say(room_id: str, body: str) -> None: ...


def bare(body) -> None: ...  # type: ignore[no-untyped-def]


def end_with_nothing() -> None:
    class UserSocket(Socket):
        async def disconnected(self) -> None: ...  # type: ignore[override]

    [mistake] = compile_socket(UserSocket).mistakes
    raise mistake


def misspell() -> None:
    class Lobby(Channel, toppic="lobby"): ...


MISTAKES: dict[str, Callable[[], Any]] = {
    "InvalidTopicPattern": lambda: parse_topic("room:{id:itn}", "chat.py:7"),
    "InvalidTopicPattern: rest": lambda: parse_topic("{rest:path}:x", "chat.py:7"),
    "InvalidTopicPattern: foreign": lambda: parse_topic("room:<int:id>", "chat.py:7"),
    "DuplicateTopic": lambda: first_of(Room, Hall),
    "InvalidHandler": answer_twice,
    "InvalidHandler: reserved": lambda: on("phx_join")(answer_twice),
    "InvalidHandler: bare": lambda: on(say),  # type: ignore[arg-type]
    "InvalidHandler: self": lambda: build(say),
    "InvalidHandler: self, bare": lambda: build(bare),
    "InvalidHandler: disconnected": end_with_nothing,
    "InvalidSocket": serve_no_socket,
    "InvalidSocket: channels": lambda: first_of(int),
    "UnknownKeyword": misspell,
    "UnknownKeyword: mark": lambda: on("new_msg", replay=False),  # type: ignore[arg-type]
    "ChannelUsage": lambda: Room().topic,
    "ChannelUsage: socket": lambda: Socket().context,
    "ChannelUsage: info": info,
    "ChannelUsage: late": late,
    "ChannelOverflow": overflow,
    "SignatureError": two_payloads,
}
MESSAGES = {
    "InvalidTopicPattern": """\
SPICA-W001  the topic 'room:{id:itn}' has the unknown parameter type 'itn'
  where  chat.py:LINE
  why    the types are str, int, float, uuid, date, slug, path
  fix    write {id:int}""",
    "InvalidTopicPattern: rest": """\
SPICA-W001  something follows {rest} in the topic '{rest:path}:x'
  where  chat.py:LINE
  why    nobody could say where the one ends and the other begins
  fix    write text such as : between two parameters, and the rest at the end""",
    "InvalidTopicPattern: foreign": """\
SPICA-W001  <int:id> in the topic 'room:<int:id>' is no parameter
  where  chat.py:LINE
  why    a parameter is {name} or {name:type}
  fix    write {id:int}""",
    "DuplicateTopic": """\
SPICA-W002  two channels take the topics room:{id:int}
  where  Room  test_channel_messages.py:LINE
         Hall  test_channel_messages.py:LINE
  why    a topic leads to one channel of a socket; the second can never be joined
  fix    give one of them another topic, or leave it out of the socket's channels""",
    "InvalidHandler": """\
SPICA-W003  Twice answers 'new_msg' twice
  where  answer_twice.<locals>.Twice.one()  test_channel_messages.py:LINE
         answer_twice.<locals>.Twice.two()  test_channel_messages.py:LINE
  why    an event leads to one method, so the first is never called
  fix    give one of them another event, or make one method of both""",
    "InvalidHandler: reserved": """\
SPICA-W003  @on names 'phx_join', an event of the protocol
  where  answer_twice()  test_channel_messages.py:LINE
  why    joining and leaving are answered by the methods join and leave
  fix    give the event another name""",
    "InvalidHandler: bare": """\
SPICA-W003  @on names no event
  where  say()  test_channel_messages.py:LINE
  fix    write @on("say")""",
    "InvalidHandler: self": """\
SPICA-W003  say has no self
  where  say()  test_channel_messages.py:LINE
  why    it is called as a method; what else it is given comes after self
  fix    write async def say(self, room_id: str, body: str)""",
    "InvalidHandler: self, bare": """\
SPICA-W003  bare has no self
  where  bare()  test_channel_messages.py:LINE
  why    it is called as a method; what else it is given comes after self
  fix    write def bare(self, body)""",
    "InvalidHandler: disconnected": """\
SPICA-W003  UserSocket.disconnected takes nothing
  where  end_with_nothing.<locals>.UserSocket.disconnected()  test_channel_messages.py:LINE
  why    it is called with the code and the reason of the end
  fix    write async def disconnected(self, code: int, reason: str)""",
    "InvalidSocket": """\
SPICA-W004  Room answers clients of channels, and is no socket
  where  test_channel_messages.py:LINE
  fix    derive it: class Room(Socket)""",
    "InvalidSocket: channels": """\
SPICA-W004  int among the channels of UserSocket is no channel
  where  first_of.<locals>.UserSocket  test_channel_messages.py:LINE
  fix    list classes that are derived from spica.Channel""",
    "UnknownKeyword": """\
SPICA-W007  the class Lobby has the unknown keyword 'toppic'
  where  misspell.<locals>.Lobby  test_channel_messages.py:LINE
  why    a class of Channel takes topic
  fix    did you mean topic? write class Lobby(Channel, topic='lobby')""",
    "UnknownKeyword: mark": """\
SPICA-W007  @on has the unknown keyword 'replay'
  where  test_channel_messages.py:LINE
  why    besides events it takes reply
  fix    did you mean reply? write @on("new_msg", reply=False)""",
    "ChannelUsage": """\
SPICA-W005  this Room belongs to no socket
  why    a channel is made when a client joins its topic
  fix    to send something from elsewhere: await pubsub.broadcast(topic, event, payload)""",
    "ChannelUsage: socket": """\
SPICA-W005  this Socket is not connected
  why    while connect runs, the handshake is not answered: the context is one of its parameters
  fix    write async def connect(self, ctx: Context), and raise Forbidden to refuse""",
    "ChannelUsage: info": """\
SPICA-W005  Room has no method for the info 'tick'
  why    those there are: (none)
  fix    write @on_info("tick") above a method of it""",
    "ChannelUsage: late": """\
SPICA-W005  <Room room:7> has ended, and hears nothing any more
  why    timers and subscriptions end with their channel
  fix    ask for them in join or a handler; what goes on without a client is no part of its channel""",
    "ChannelOverflow": """\
SPICA-W006  more than 256 broadcasts and infos waited for <Room room:7>
  where  Room  test_channel_messages.py:LINE
  why    its methods take longer than the events they are called with need to come
  fix    do less in @on_broadcast and @on_info methods, or let the client get the broadcasts themselves""",
    "SignatureError": """\
SPICA-I001  two parameters read the payload: 'a' and 'b'
  where  two_payloads.<locals>.method()  test_channel_messages.py:LINE
  why    a message has one payload
  fix    make one type that holds both, or fill the other by Provide(...)""",
}


def test_every_error_is_here() -> None:
    classes = [kind for _, kind in inspect.getmembers(spica.channels.errors, inspect.isclass)]
    names = {kind.__name__ for kind in classes if issubclass(kind, SpicaError) and kind is not SpicaError}
    assert names - BASES <= {name.partition(":")[0] for name in MISTAKES}
    assert set(MESSAGES) == set(MISTAKES)


@pytest.mark.parametrize("name", MISTAKES)
async def test_the_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converters, "_own", {})  # those of the documentation's examples are not these

    async def make() -> None:
        made = MISTAKES[name]()
        if inspect.isawaitable(made):
            await made

    with pytest.raises(SpicaError) as raised:
        await make()
    text = PLACE.sub(r"\1:LINE", str(raised.value))
    lines = [line for line in text.splitlines() if not line.startswith("  docs")]
    assert "\n".join(lines) == MESSAGES[name]
