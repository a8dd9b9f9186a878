"""Messages: events as octets, and octets that are none."""

from __future__ import annotations

import pytest

from spica.pubsub import Event
from spica.pubsub.message import decode_message, encode_message, is_from


@pytest.mark.parametrize(
    "event",
    [
        Event("room:7", "new_msg", "a1b2", 1, b'{"body":"hello"}'),
        Event("t", "n", "x", 2**63, b"\x00\xff", True),
        Event("raum:grün", "nachricht ✉", "n", 0, b""),
        Event("t" * 1024, "n" * 1024, "n" * 16, 7, b"x" * 1_048_576),
    ],
    ids=["json", "octets", "unicode", "large"],
)
def test_an_event_comes_back(event: Event) -> None:
    back = decode_message(encode_message(event))
    assert (back.topic, back.name, back.node, back.sequence) == (event.topic, event.name, event.node, event.sequence)
    assert (back.content, back.is_binary, back.sender) == (event.content, event.is_binary, None)


def test_a_message_says_who_sent_it() -> None:
    message = encode_message(Event("t", "n", "a1b2", 1, b""))
    assert is_from(message, b"a1b2")
    assert not is_from(message, b"a1b3")
    assert not is_from(b"", b"a1b2")


def test_every_part_of_a_message_is_refused() -> None:
    message = encode_message(Event("topic", "name", "node", 1, b""))
    for end in range(len(message)):
        with pytest.raises(ValueError):
            decode_message(message[:end])


@pytest.mark.parametrize(
    "octets", [b"hello", b"\x02" + bytes(40), b"\x01" + b"\xff" * 40, b'{"topic":"t","name":"n"}', b"\x01" * 400]
)
def test_what_is_no_message_is_refused(octets: bytes) -> None:
    with pytest.raises(ValueError):
        decode_message(octets)


def test_a_topic_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(ValueError):
        decode_message(encode_message(Event("t", "n", "x", 1, b"")).replace(b"xnt", b"xn\xff"))
