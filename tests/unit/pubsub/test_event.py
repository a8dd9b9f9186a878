"""Events: what a payload is on its way."""

from __future__ import annotations

import pytest

from spica.pubsub import Event


def make_event(content: bytes = b'{"body":"hello"}', *, is_binary: bool = False) -> Event:
    return Event("room:7", "new_msg", "a1", 3, content, is_binary)


def test_a_payload_is_decoded_once() -> None:
    event = make_event()
    assert event.payload == {"body": "hello"}
    assert event.payload is event.payload
    assert event.json == b'{"body":"hello"}'


def test_a_payload_of_null_is_decoded_once_too() -> None:
    event = make_event(b"null")
    assert event.payload is None
    assert event.payload is None


def test_octets_stay_octets() -> None:
    event = make_event(b"\x00\xff", is_binary=True)
    assert (event.payload, event.json) == (b"\x00\xff", b"")


def test_an_id_says_who_and_which() -> None:
    assert make_event().id == "a1-3"


def test_an_event_can_not_be_changed() -> None:
    with pytest.raises(AttributeError):
        make_event().topic = "room:8"  # type: ignore[misc]


def test_a_repr_does_not_show_the_payload() -> None:
    assert repr(make_event()) == "<Event a1-3 'new_msg' on 'room:7', 16 octets>"
