"""Version 2 of the serializer, against frames as serializer.js of phoenix 1.8 writes and reads them."""

from __future__ import annotations

import pytest

from spica.channels.message import MalformedFrame, Message
from spica.channels.serializer import V2
from spica.http.errors import UnencodableValue
from spica.pubsub import Event


def test_arrays_are_messages() -> None:
    assert V2.read('["1","2","room:7","new_msg",{"a":1}]') == Message("1", "2", "room:7", "new_msg", {"a": 1})
    assert V2.read('[null,3,"phoenix","heartbeat",{}]') == Message(None, 3, "phoenix", "heartbeat", {})


def test_octets_are_messages() -> None:
    # What binaryEncode makes of {join_ref: "0", ref: "1", topic: "t", event: "e", payload: 1..4}
    assert V2.read(b"\x00\x01\x01\x01\x0101te\x01\x02\x03\x04") == Message("0", "1", "t", "e", b"\x01\x02\x03\x04")
    assert V2.read(b"\x00\x00\x00\x02\x01\xc3\xa9x") == Message(None, None, "é", "x", b"")


MALFORMED_TEXT = ["", "{", "null", "7", "[]", '["1","2","t","e"]', '["1","2","t","e",{},1]', '[1.5,"2","t","e",{}]']
MALFORMED_TEXT += ['["1","2",null,"e",{}]', '["1","2","t",5,{}]', '{"topic":"t"}']
MALFORMED_TEXT += ['["1","2","t","e",' + "[" * 200 + "]" * 200 + "]"]
MALFORMED_OCTETS = [b"", b"\x00", b"\x00\x01\x01\x01", b"\x01\x01\x01\x01\x01abte", b"\x00\xff\x01\x01\x01ab"]
MALFORMED_OCTETS += [b"\x00\x01\x00\x00\x00\xff"]


@pytest.mark.parametrize("frame", [*MALFORMED_TEXT, *MALFORMED_OCTETS])
def test_anything_else_is_malformed(frame: str | bytes) -> None:
    with pytest.raises(MalformedFrame) as refused:
        V2.read(frame)
    assert refused.value.code == 1007


def test_what_is_written_is_what_the_client_reads() -> None:
    message = Message("1", "2", "room:7", "new_msg", {})
    assert V2.write_reply(message, "ok", {"a": 1}) == (
        '["1","2","room:7","phx_reply",{"status":"ok","response":{"a":1}}]'
    )
    assert V2.write_push("1", "room:7", "x", [1]) == '["1",null,"room:7","x",[1]]'
    assert V2.write_push("1", "room:7", "phx_close", {}, "1") == '["1","1","room:7","phx_close",{}]'
    assert V2.write_broadcast(Event('room:"7"', "é", "n", 1, b'{"a":1}')) == '[null,null,"room:\\"7\\"","é",{"a":1}]'
    assert V2.write_broadcast(Event("t", "x", "n", 1, b"null")) == '[null,null,"t","x",{}]', "clients read members"


def test_octets_are_written_behind_their_head() -> None:
    message = Message("12", "3", "top", "ev", b"")
    assert V2.write_reply(message, "ok", b"\xff") == b"\x01\x02\x01\x03\x02" + b"123topok" + b"\xff"
    assert V2.write_push("12", "top", "ev", b"\xff") == b"\x00\x02\x03\x02" + b"12topev" + b"\xff"
    assert V2.write_push(None, "top", "ev", b"") == b"\x00\x00\x03\x02topev"
    assert V2.write_broadcast(Event("top", "ev", "n", 1, b"\xff", True)) == b"\x02\x03\x02topev\xff"


def test_what_does_not_fit_into_the_head_is_refused() -> None:
    assert V2.write_push("1", "t" * 255, "e", b"") is not None
    with pytest.raises(UnencodableValue, match="has 256 octets"):
        V2.write_push("1", "é" * 128, "e", b"")


def test_what_has_no_json_is_refused() -> None:
    with pytest.raises(UnencodableValue):
        V2.write_push("1", "t", "e", object())
