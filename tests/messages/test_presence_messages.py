"""The stored text of every error of presence: what a user reads is behaviour."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

import spica.presence.errors
from spica import Channel
from spica.channels import ChannelUsage
from spica.channels.presence import ChannelPresence
from spica.errors.base import SpicaError
from spica.presence import current


class Chat(Channel, topic="room:{room_id:int}"):
    pass


def presence(state: str = "joined") -> ChannelPresence:
    return ChannelPresence(SimpleNamespace(channel=Chat(), state=state))  # type: ignore[arg-type]


async def ask_without_an_application() -> None:
    previous = current.use(None)
    try:
        Chat.presence("room:7")
    finally:
        current.use(previous)


async def ask_for_another_topic() -> None:
    Chat.presence("rom:7")


ACTIONS: dict[str, Callable[[], Awaitable[Any]]] = {
    "InvalidPresence": lambda: presence().track(Ellipsis),  # type: ignore[arg-type]
    "InvalidPresence of a meta": lambda: presence().track(1, date(2026, 1, 2)),
    "PresenceRefused": lambda: presence().track(1.5),  # type: ignore[arg-type]
    "PresenceRefused of a meta": lambda: presence().track(1, "Ann"),
    "PresenceRefused of a long meta": lambda: presence().track(1, {"name": "x" * 20_000}),
    "NotTracked": lambda: presence().update("7", {"name": "Ann"}),
    "NoPresence": ask_without_an_application,
    "ChannelUsage of another topic": ask_for_another_topic,
    "ChannelUsage after the end": lambda: presence("leaving").track("7"),
}
MESSAGES = {
    "InvalidPresence": """\
SPICA-W021  the key of a presence is Ellipsis
  why    keys are the names of a JSON object: text of 1 to 255 characters, or whole numbers
  fix    track what names whom it stands for: self.presence.track(user.id, ...)""",
    "InvalidPresence of a meta": """\
SPICA-W021  the meta is datetime.date(2026, 1, 2)
  why    it is a JSON object of at most 16,384 octets, which every client of the topic gets
  fix    give a dict or a Struct of what others are to see: {"name": "Ann"}""",
    "PresenceRefused": """\
SPICA-W024  the key of a presence is 1.5
  why    keys are the names of a JSON object: text of 1 to 255 characters, or whole numbers
  fix    track what names whom it stands for: self.presence.track(user.id, ...)""",
    "PresenceRefused of a meta": """\
SPICA-W024  the meta is 'Ann'
  why    it is a JSON object of at most 16,384 octets, which every client of the topic gets
  fix    give a dict or a Struct of what others are to see: {"name": "Ann"}""",
    "PresenceRefused of a long meta": """\
SPICA-W024  the meta of a presence is 20,011 octets
  why    it is a JSON object of at most 16,384 octets, which every client of the topic gets
  fix    give a dict or a Struct of what others are to see: {"name": "Ann"}""",
    "NotTracked": """\
SPICA-W022  <Chat of no socket> has not tracked '7'
  why    it has tracked nothing
  fix    await self.presence.track(key, meta) first, in join""",
    "NoPresence": """\
SPICA-W023  no application with channels was started in this process, so nobody knows who is there
  why    a process learns it from the others when its application starts
  fix    in a script: await app.startup() and app.learn_presence() first, and app.shutdown() at the end""",
    "ChannelUsage of another topic": """\
SPICA-W005  Chat is not joined by the topic 'rom:7'
  why    its topics are room:{room_id:int}
  fix    ask for one of them: Chat.presence("room:{room_id:int}")""",
    "ChannelUsage after the end": """\
SPICA-W005  <Chat of no socket> has ended, and nobody can be there by it
  why    what a channel tracks ends with it
  fix    track in join or in a handler, not in leave or in a task that outlives the channel""",
}


@pytest.mark.parametrize("name", MESSAGES)
async def test_the_text_of_an_error(name: str) -> None:
    kind = getattr(spica.presence.errors, name.partition(" ")[0], ChannelUsage)
    with pytest.raises(kind) as caught:
        await ACTIONS[name]()
    text, _, docs = str(caught.value).rpartition("\n")
    assert text == MESSAGES[name]
    assert docs.strip().startswith("docs")


def test_every_error_has_a_text() -> None:
    kinds = {
        kind.__name__
        for _, kind in inspect.getmembers(spica.presence.errors, inspect.isclass)
        if issubclass(kind, SpicaError) and kind not in (SpicaError, spica.presence.errors.PresenceError)
    }
    assert kinds == {name.partition(" ")[0] for name in MESSAGES} - {"ChannelUsage"}
