"""Version 2 of the serializer: arrays as text, and octets behind a head of lengths.

    text    [join_ref, ref, topic, event, payload]
    octets  client   0  |join_ref| |ref| |topic| |event|  join_ref ref topic event  payload
            push     0  |join_ref| |topic| |event|        join_ref topic event      payload
            reply    1  |join_ref| |ref| |topic| |status| join_ref ref topic status payload
            many     2  |topic| |event|                   topic event               payload

Rules of this file:
- A length is one octet; what is longer than 255 octets can't be sent beside octets.
Source: `serializer.js` of the npm package phoenix 1.8.
"""

from __future__ import annotations

from typing import Any

import msgspec

from spica.channels.message import REPLY, Frame, MalformedFrame, Message, Ref, encoded_payload
from spica.errors.http import BadRequest
from spica.http import json
from spica.http.errors import UnencodableValue
from spica.pubsub.event import Event

PUSH, ANSWER, BROADCAST = 0, 1, 2
_LONGEST = 255
_HEAD = 5

_decode = msgspec.json.Decoder(tuple[str | int | None, str | int | None, str, str, Any]).decode
_encode_text = msgspec.json.Encoder().encode


class SerializerV2:
    """Arrays, and octets; see the top of this file."""

    name = "2"

    def read(self, frame: Frame) -> Message:
        """Read a client's frame."""
        if isinstance(frame, bytes):
            return _read_octets(frame)
        try:
            content = frame.encode()
            json.check_depth(content)
            return Message._make(_decode(content))
        except (BadRequest, ValueError) as error:
            raise MalformedFrame("not [join_ref, ref, topic, event, payload] as JSON") from error

    def write_reply(self, message: Message, status: str, response: object) -> Frame:
        """Write the answer to a message."""
        if isinstance(response, bytes):
            return _write_octets(ANSWER, [message.join_ref, message.ref, message.topic, status], response)
        body = {"status": status, "response": response}
        return json.encode((message.join_ref, message.ref, message.topic, REPLY, body), about=response).decode()

    def write_push(self, join_ref: Ref, topic: str, event: str, payload: object, ref: Ref = None) -> Frame:
        """Write what is sent to one client."""
        if isinstance(payload, bytes):
            return _write_octets(PUSH, [join_ref, topic, event], payload)
        return json.encode((join_ref, ref, topic, event, payload), about=payload).decode()

    def write_broadcast(self, event: Event) -> Frame | None:
        """Write what is sent to many."""
        if event.is_binary:
            return _write_octets(BROADCAST, [event.topic, event.name], event.payload)
        topic, name = _encode_text(event.topic), _encode_text(event.name)
        return b"".join((b"[null,null,", topic, b",", name, b",", encoded_payload(event), b"]")).decode()


def _read_octets(frame: bytes) -> Message:
    if len(frame) < _HEAD or frame[0] != PUSH:
        raise MalformedFrame("not the octets of a push")
    at, texts = _HEAD, []
    for length in frame[1:_HEAD]:
        piece = frame[at : at + length]
        if len(piece) < length:
            raise MalformedFrame("the octets end within their head")
        try:
            texts.append(piece.decode())
        except UnicodeDecodeError as error:
            raise MalformedFrame("a text before the octets is not UTF-8") from error
        at += length
    join_ref, ref, topic, event = texts
    return Message(join_ref or None, ref or None, topic, event, frame[at:])


def _write_octets(kind: int, texts: list[Ref], payload: bytes) -> bytes:
    pieces = [str("" if text is None else text).encode() for text in texts]
    for piece in pieces:
        if len(piece) > _LONGEST:
            raise UnencodableValue(
                f"octets can't be sent beside {piece[:40].decode(errors='replace')!r}…, which has {len(piece)} octets",
                why=f"topic, event and references stand before the octets, each with {_LONGEST} at most",
                fix="name the topic or the event by something shorter",
            )
    return b"".join((bytes((kind, *map(len, pieces))), *pieces, payload))
