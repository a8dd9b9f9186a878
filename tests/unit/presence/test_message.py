"""spica.presence.message: octets and back."""

from __future__ import annotations

import pytest

from spica.presence.message import AnyMessage, Ask, Delta, Goodbye, Heartbeat, State, UnreadableMessage, decode, encode

JOINS = {"room:1": [("7", 1, b'{"phx_ref":"a.1.1"}')]}


@pytest.mark.parametrize(
    "message",
    [
        Delta("a", 1, 2, JOINS, [3, 4]),
        Heartbeat("a", 1, 2, 2**40),
        Ask("a", 1),
        Ask("a", 1, "b"),
        State("a", 1, 2, 0, 1, JOINS),
        Goodbye("a", 1),
    ],
    ids=lambda message: type(message).__name__,
)
def test_messages_survive_their_way(message: AnyMessage) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "octets", [b"", b"\xc1", b"\x93\xa5other\xa1a\x01", encode(Ask("a", 1))[:-1], b"\x92\xa3ask\xa1\xff"]
)
def test_other_octets_are_told(octets: bytes) -> None:
    with pytest.raises(UnreadableMessage):
        decode(octets)
