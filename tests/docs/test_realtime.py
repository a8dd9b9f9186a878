"""The realtime example of the public contract runs as it is written: its channel, its broadcast, its stream of events.

The example is three files in one block. Around them stand their imports, a model, who is signed in, and an action that
runs the two statements "from anywhere". What the example leaves to its reader by `{...}` is filled in.
"""

from __future__ import annotations

import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spica import App, tokens
from spica.testing import Client, JoinRefused, SocketRefused
from tests.docs.test_contract import build_project, example
from tests.modules import forget_app
from tests.serving import open_client

CHANNEL, STATEMENTS, CONTROLLER = example("realtime").replace("\n\nclass UserSocket", "\nclass UserSocket").split("\n\n")
BEFORE_CHANNEL = """
from app.models.message import Message
from spica import Channel, Socket, on, tokens

"""
ANNOUNCEMENTS = """
from app.channels.chat_channel import ChatChannel
from spica import Controller, pubsub


class AnnouncementsController(Controller):
    async def create(self):
"""
FILES = {
    "config/app.toml": '[app]\nsecret_key = "a secret of enough characters 0123456789"\n',
    "config/middleware.py": """
from spica import middleware as m


class User:
    id = 7


def draw(p):
    with p.pipeline("members"):
        p.use(m.Bearer(lambda token: User() if token == "good" else None))
""",
    "config/routes.py": """
from app.channels.chat_channel import UserSocket


def draw(r):
    r.socket("/socket", UserSocket)
    r.sse("/events", "events#stream", pipe="members")
    r.post("/announcements", "announcements#create")
""",
    "app/__init__.py": "",
    "app/models/__init__.py": "",
    "app/models/message.py": """
class Message:
    @classmethod
    async def recent(cls, room_id):
        return [{"room": room_id, "body": "before"}]
""",
    "app/channels/__init__.py": "",
    "app/channels/chat_channel.py": BEFORE_CHANNEL + CHANNEL,
    "app/controllers/events_controller.py": "from spica import Controller, Event, pubsub\n\n" + CONTROLLER,
    "app/controllers/announcements_controller.py": (
        ANNOUNCEMENTS
        + textwrap.indent(STATEMENTS.replace("{...}", '{"body": "from anywhere"}'), "        ")
        + "\n        return self.json(ChatChannel.presence('room:7'))\n"
    ),
}


@pytest.fixture
async def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    app: App = build_project(tmp_path, monkeypatch, FILES)
    try:
        async with open_client(app) as client:
            yield client
    finally:
        forget_app()


async def test_two_people_in_a_room(client: Client) -> None:
    async with (
        client.socket("/socket", token=tokens.sign("socket", 7)) as first,
        client.socket("/socket", token=tokens.sign("socket", 8)) as second,
    ):
        ann = await first.join("room:7", nickname="ann")
        bob = await second.join("room:7")
        assert bob.reply == {"history": [{"room": 7, "body": "before"}]}
        assert await ann.push("new_msg", body="hello") == {"ok": True}
        await ann.expect_push("presence_state")
        arrived = await ann.expect_broadcast("presence_diff", joins={"8": {}})
        assert arrived["joins"]["8"]["metas"][0]["nickname"] == "anonymous"
        for room in (ann, bob):
            assert await room.expect_broadcast("new_msg", body="hello") == {"body": "hello", "user": 7}
        await bob.leave()
        await ann.push("new_msg", body="alone")
        await ann.expect_broadcast("new_msg", body="alone")


async def test_who_is_refused(client: Client) -> None:
    with pytest.raises(SocketRefused) as refused:
        async with client.socket("/socket", token="forged"):
            pass
    refused.value.response.expect_status(401)
    async with client.socket("/socket", token=tokens.sign("socket", 7)) as socket:
        for topic in ("room:red", "hall:7"):
            with pytest.raises(JoinRefused, match="unmatched topic"):
                await socket.join(topic)


async def test_from_anywhere(client: Client) -> None:
    async with client.socket("/socket", token=tokens.sign("socket", 7)) as socket:
        room = await socket.join("room:7", nickname="ann")
        there = await client.post("/announcements")
        await room.expect_broadcast("new_msg", body="from anywhere")
        there.expect_ok().expect_json_path("$['7'].metas[*].nickname", ["ann"])
        await room.leave()
        (await client.post("/announcements")).expect_json({})


async def test_a_stream_of_a_users_events(client: Client) -> None:
    from spica import pubsub

    (await client.get("/events")).expect_status(401)
    client.headers["authorization"] = "Bearer good"
    async with client.sse("/events") as events:
        await pubsub.broadcast("user:7", "note", {"n": 1})
        await pubsub.broadcast("user:8", "note", {"n": 2})
        await pubsub.broadcast("user:7", "note", {"n": 3})
        for n in (1, 3):
            event = await events.next()
            assert (event.event, event.json()) == ("note", {"n": n})
            assert event.id
