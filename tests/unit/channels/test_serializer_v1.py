"""Version 1 of the serializer."""

from __future__ import annotations

import json

import pytest

from spica.channels.message import MalformedFrame, Message
from spica.channels.serializer import V1
from spica.http.errors import UnencodableValue
from spica.pubsub import Event


def test_objects_are_messages() -> None:
    assert V1.read('{"topic":"t","event":"e","payload":{"a":1},"ref":"2"}') == Message(None, "2", "t", "e", {"a": 1})
    assert V1.read('{"topic":"t","event":"phx_join","payload":{},"ref":"2"}').join_ref == "2", "what ends it names that"
    assert V1.read('{"topic":"t","event":"e","payload":{},"ref":"2","join_ref":"1"}').join_ref == "1"


@pytest.mark.parametrize("frame", ["[]", '{"topic":"t"}', "{", '{"topic":1,"event":"e"}', "null"])
def test_anything_else_is_malformed(frame: str) -> None:
    with pytest.raises(MalformedFrame) as refused:
        V1.read(frame)
    assert refused.value.code == 1007


def test_octets_are_a_kind_that_is_not_taken() -> None:
    with pytest.raises(MalformedFrame) as refused:
        V1.read(b"{}")
    assert refused.value.code == 1003
    with pytest.raises(UnencodableValue, match="version 1"):
        V1.write_push("1", "t", "e", b"")
    with pytest.raises(UnencodableValue, match="version 1"):
        V1.write_reply(Message("1", "2", "t", "e", {}), "ok", b"")
    assert V1.write_broadcast(Event("t", "e", "n", 1, b"", True)) is None


def test_what_is_written() -> None:
    written = V1.write_reply(Message("1", "2", "t", "e", {}), "error", {"reason": "no"})
    assert json.loads(written) == {
        "topic": "t",
        "event": "phx_reply",
        "payload": {"status": "error", "response": {"reason": "no"}},
        "ref": "2",
    }
    assert json.loads(V1.write_push("1", "t", "x", [1])) == {"topic": "t", "event": "x", "payload": [1], "ref": None}
    broadcast = V1.write_broadcast(Event("t", "x", "n", 1, b"[1]"))
    assert broadcast is not None
    assert json.loads(broadcast) == {"topic": "t", "event": "x", "payload": [1], "ref": None}
    bare = V1.write_broadcast(Event("t", "x", "n", 1, b"null"))
    assert bare == '{"topic":"t","event":"x","payload":{},"ref":null}', "clients read members"
