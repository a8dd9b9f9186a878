"""Keywords of class statements and marks: which there are, and what is told of another one."""

from __future__ import annotations

import sys
from typing import Any, Generic, TypeVar

import pytest

from spica import Channel, Socket, on, on_broadcast, on_info
from spica.channels import InvalidTopicPattern, UnknownKeyword
from spica.channels.compiled import compile_socket

Kind = TypeVar("Kind")


class Audited:
    """A class of the user's with a keyword of its own."""

    def __init_subclass__(cls, *, audit: bool = False, **others: Any) -> None:
        super().__init_subclass__(**others)
        cls.audit = audit


def test_a_misspelt_keyword_of_a_channel_is_told_with_what_was_meant_and_its_line() -> None:
    line = sys._getframe().f_lineno + 3
    with pytest.raises(UnknownKeyword) as raised:

        class Room(Channel, toppic="room:*"): ...

    mistake = raised.value
    assert mistake.what == "the class Room has the unknown keyword 'toppic'"
    assert mistake.where.endswith(f"Room  tests/unit/channels/test_keywords.py:{line}")
    assert mistake.fix == "did you mean topic? write class Room(Channel, topic='room:*')"


def test_a_keyword_that_is_near_to_none_is_told_with_those_there_are() -> None:
    with pytest.raises(UnknownKeyword) as raised:

        class Room(Channel, events="room:*"): ...

    assert raised.value.why == "a class of Channel takes topic"
    assert raised.value.fix == 'write class Room(Channel, topic="room:{room_id:int}")'


def test_what_stands_in_the_body_of_a_socket_is_no_keyword_of_it() -> None:
    class Room(Channel, topic="room"): ...

    with pytest.raises(UnknownKeyword) as raised:

        class UserSocket(Socket, chanels=[Room]): ...

    assert raised.value.why == "a class of Socket takes none"
    assert raised.value.fix == "write it below the class statement: channels = [Room]"


def test_keywords_that_classes_of_the_user_take_are_none_of_this() -> None:
    class Own(Channel, Audited, Generic[Kind], topic="own", audit=True): ...

    class Mixed(Audited, Channel, topic="mixed", audit=True): ...

    class UserSocket(Socket, Audited, audit=True):
        channels = [Own, Mixed]

    assert (Own.audit, Mixed.audit, UserSocket.audit) == (True, True, True)
    assert (Own.topics, Mixed.topics) == (("own",), ("mixed",))
    with pytest.raises(UnknownKeyword, match="did you mean audit"):

        class Misspelt(Own[int], topic="x", audyt=True): ...


def test_what_goes_wrong_in_a_class_of_the_user_stays_as_it_is() -> None:
    class Strict(Channel):
        def __init_subclass__(cls, *, level: int, **others: Any) -> None:
            super().__init_subclass__(**others)
            raise TypeError(f"level {level} is not one")

    with pytest.raises(TypeError, match="level 7 is not one") as raised:

        class Room(Strict, topic="x", level=7): ...

    assert not isinstance(raised.value, UnknownKeyword)


@pytest.mark.parametrize("given", [7, b"room", None.__class__])
def test_a_topic_that_is_no_text_is_told_when_the_socket_is_compiled(given: Any) -> None:
    class Room(Channel, topic=given): ...

    class UserSocket(Socket):
        channels = (Room,)

    [mistake] = compile_socket(UserSocket).mistakes
    assert isinstance(mistake, InvalidTopicPattern)
    assert mistake.what == f"{given!r} is no pattern of topics"


@pytest.mark.parametrize(
    ("mark", "name", "why", "fix"),
    [
        (on, "replay", "besides events it takes reply", 'did you mean reply? write @on("new_msg", reply=False)'),
        (on, "topic", "besides events it takes reply", 'write @on("new_msg", reply=False)'),
        (on_broadcast, "reply", "it takes events and nothing else", 'write @on_broadcast("new_msg")'),
        (on_info, "reply", "it takes events and nothing else", 'write @on_info("new_msg")'),
    ],
)
def test_an_unknown_keyword_of_a_mark_is_told_with_its_line(mark: Any, name: str, why: str, fix: str) -> None:
    line = sys._getframe().f_lineno + 2
    with pytest.raises(UnknownKeyword) as raised:
        mark("new_msg", **{name: False})
    mistake = raised.value
    assert mistake.what == f"@{mark.__name__} has the unknown keyword {name!r}"
    assert mistake.where == f"tests/unit/channels/test_keywords.py:{line}"
    assert (mistake.why, mistake.fix) == (why, fix)


def test_several_topics_are_any_iterable_of_texts() -> None:
    class OfSet(Channel, topic={"room:*", "lobby"}): ...

    class OfGenerator(Channel, topic=(f"{name}:*" for name in ("room", "hall"))): ...

    class OfKeys(Channel, topic={"room:*": 1}.keys()): ...

    assert sorted(OfSet.topics) == ["lobby", "room:*"]
    assert OfGenerator.topics == ("room:*", "hall:*")
    assert OfKeys.topics == ("room:*",)
