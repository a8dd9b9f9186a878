"""Version 1 of the serializer: objects as text, `{"topic", "event", "payload", "ref"}`.

Rules of this file:
- There are no octets, in neither direction. What is broadcast as octets is not sent to these clients.
- Answers don't say which join they belong to; a `join_ref` that a client sends is taken all the same.
Source: `lib/phoenix/socket/serializers/v1_json_serializer.ex` of Phoenix, and the clients of its version 1.3.
"""

from __future__ import annotations

from typing import Any

import msgspec

from spica.channels.message import JOIN, REPLY, Frame, MalformedFrame, Message, Ref, encoded_payload
from spica.errors.http import BadRequest
from spica.http import json
from spica.http.errors import UnencodableValue
from spica.pubsub.event import Event

UNSUPPORTED = 1003


class _Object(msgspec.Struct):
    topic: str
    event: str
    payload: Any = None
    ref: str | int | None = None
    join_ref: str | int | None = None


_decode = msgspec.json.Decoder(_Object).decode
_encode_text = msgspec.json.Encoder().encode


class SerializerV1:
    """Objects; see the top of this file."""

    name = "1"

    def read(self, frame: Frame) -> Message:
        """Read a client's frame."""
        if isinstance(frame, bytes):
            raise MalformedFrame("octets are of version 2: connect with vsn=2.0.0", UNSUPPORTED)
        try:
            content = frame.encode()
            json.check_depth(content)
            found = _decode(content)
        except (BadRequest, ValueError) as error:
            raise MalformedFrame("not an object of topic, event, payload and ref as JSON") from error
        join_ref = found.ref if found.join_ref is None and found.event == JOIN else found.join_ref
        return Message(join_ref, found.ref, found.topic, found.event, found.payload)

    def write_reply(self, message: Message, status: str, response: object) -> Frame:
        """Write the answer to a message."""
        _refuse_octets(response)
        return self._write(message.topic, REPLY, {"status": status, "response": response}, message.ref, about=response)

    def write_push(self, join_ref: Ref, topic: str, event: str, payload: object, ref: Ref = None) -> Frame:
        """Write what is sent to one client."""
        _refuse_octets(payload)
        return self._write(topic, event, payload, ref, about=payload)

    def write_broadcast(self, event: Event) -> Frame | None:
        """Write what is sent to many."""
        if event.is_binary:
            return None
        return b"".join(
            (
                b'{"topic":',
                _encode_text(event.topic),
                b',"event":',
                _encode_text(event.name),
                b',"payload":',
                encoded_payload(event),
                b',"ref":null}',
            )
        ).decode()

    def _write(self, topic: str, event: str, payload: object, ref: Ref, *, about: object) -> str:
        return json.encode({"topic": topic, "event": event, "payload": payload, "ref": ref}, about=about).decode()


def _refuse_octets(value: object) -> None:
    if isinstance(value, bytes):
        raise UnencodableValue(
            "octets can't be sent to a client of version 1 of the serializer",
            why="its frames are JSON texts",
            fix="send text to it, or have it connect with vsn=2.0.0",
        )
