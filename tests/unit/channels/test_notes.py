"""What development's log is told of refused joins and messages."""

from __future__ import annotations

from typing import Any

import pytest

from spica import Forbidden
from spica.app.compiled import _note as note
from spica.channels import Channel, Socket, on
from spica.channels.fanout import Fanout
from spica.pubsub import PubSub
from tests.unit.channels.fakes import Hub, Peer


class Room(Channel, topic="room:{room_id:int}"):
    def join(self, room_id: int, nickname: str = "") -> None:
        if room_id == 13:
            raise Forbidden("this room is closed")

    @on("new_msg")
    def new_msg(self, body: str) -> None: ...


class Lobby(Channel, topic="lobby"):
    pass


class UserSocket(Socket):
    channels = [Room, Lobby]


Notes = list[tuple[str, dict[str, str]]]


async def ask(*messages: list[Any]) -> Notes:
    """What is noted of these messages."""
    notes: Notes = []
    peer = Peer(UserSocket, fanout=Fanout(PubSub(), note=lambda what, facts: notes.append((what, facts))), hub=Hub())
    for message in messages:
        await peer.ask(*message)
    await peer.hang_up()
    return notes


JOINED = ["1", "1", "room:7", "phx_join", {}]


@pytest.mark.parametrize(
    ("message", "facts"),
    [
        (
            ["1", "1", "rom", "phx_join", {}],
            {
                "topic": "rom",
                "reason": "unmatched topic",
                "hint": "the channels of UserSocket take room:{room_id:int}, lobby",
            },
        ),
        (
            ["1", "1", "loby", "phx_join", {}],
            {"topic": "loby", "reason": "unmatched topic", "hint": "did you mean lobby?"},
        ),
        (["1", "1", "room:13", "phx_join", {}], {"topic": "room:13", "reason": "this room is closed"}),
    ],
)
async def test_a_refused_join_is_noted_with_what_there_is(message: list[Any], facts: dict[str, str]) -> None:
    assert await ask(message) == [("join refused", facts)]


@pytest.mark.parametrize(
    ("message", "facts"),
    [
        (
            ["1", "2", "room:7", "new_mgs", {}],
            {"message": "new_mgs", "topic": "room:7", "reason": "unknown event", "hint": "did you mean new_msg?"},
        ),
        (
            ["1", "2", "room:7", "x", {}],
            {"message": "x", "topic": "room:7", "reason": "unknown event", "hint": "Room answers new_msg"},
        ),
        (
            ["1", None, "lobby", "x", {}],
            {
                "message": "x",
                "topic": "lobby",
                "reason": "unmatched topic",
                "hint": "the client has not joined the topic, or its join was refused or has ended",
            },
        ),
    ],
)
async def test_a_refused_message_is_noted_with_what_there_is(message: list[Any], facts: dict[str, str]) -> None:
    assert await ask(JOINED, message) == [("message refused", facts)]


async def test_a_payload_that_does_not_fit_is_noted_with_its_fields_and_without_its_values() -> None:
    [(what, facts)] = await ask(JOINED, ["1", "2", "room:7", "new_msg", {"boddy": "hunter2"}])
    assert (what, facts["message"], facts["topic"]) == ("message refused", "new_msg", "room:7")
    assert facts["errors"].startswith("body ")
    assert "hunter2" not in str(facts)


async def test_a_misspelt_field_is_noted_with_the_one_that_was_meant() -> None:
    for payload, hint in (
        ({"boddy": "hunter2"}, "did you mean body instead of boddy?"),
        ({"x": 1}, None),
        ([1], None),
        ({"body": 5, "boddy": "hi"}, None),
    ):
        [(_, facts)] = await ask(JOINED, ["1", "2", "room:7", "new_msg", payload])
        assert facts.get("hint") == hint


async def test_nothing_is_noted_of_what_is_answered() -> None:
    assert await ask(JOINED, ["1", "2", "room:7", "new_msg", {"body": "hi"}]) == []


async def test_notes_are_lines_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    for what, facts in await ask(JOINED, ["1", "2", "room:7", "x", {}]):
        note(what, facts)
    line = capsys.readouterr().err
    assert "message refused" in line
    assert "Room answers new_msg" in line
