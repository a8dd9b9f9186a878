"""Messages of channels as a client writes and reads them: version 2 of Phoenix's wire format.

    text     [join_ref, ref, topic, event, payload]
    binary   kind and the lengths of what follows, an octet each; join_ref, ref, topic, event; the payload

Rules of this file:
- It shares nothing with `spica.channels`, so that one writes what the other was not made from.
Source: phoenix 1.8, assets/js/phoenix/serializer.js; `Phoenix.Socket.V2.JSONSerializer`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

JOIN, LEAVE, REPLY, CLOSE, ERROR = "phx_join", "phx_leave", "phx_reply", "phx_close", "phx_error"
_PUSH, _REPLY, _BROADCAST = 0, 1, 2
_LONGEST = 255


class ChannelMessage(NamedTuple):
    """One message; `join_ref` is None for a broadcast, `ref` for whatever needs no answer."""

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: Any


def render_message(message: ChannelMessage) -> str | bytes:
    """Write a message: binary when its payload is.

    Raises:  ValueError: a name in a binary message is longer than 255 octets.
    """
    if not isinstance(message.payload, bytes):
        return msgspec.json.encode(message).decode()
    names = [(text or "").encode() for text in message[:4]]
    if any(len(name) > _LONGEST for name in names):
        raise ValueError(f"a topic or event of more than {_LONGEST} octets can't be sent with a binary payload")
    return bytes((_PUSH, *map(len, names))) + b"".join(names) + message.payload


def parse_message(octets: str | bytes) -> ChannelMessage | None:
    """Read what a server sent; None when that is no message of channels."""
    if isinstance(octets, bytes):
        return _parse_binary(octets)
    try:
        return msgspec.json.decode(octets, type=ChannelMessage)
    except msgspec.MsgspecError:
        return None


def _parse_binary(octets: bytes) -> ChannelMessage | None:
    kind = octets[0] if octets else -1
    if kind == _PUSH and (cut := _cut(octets, 3)):
        (join_ref, topic, event), payload = cut
        return ChannelMessage(join_ref, None, topic, event, payload)
    if kind == _REPLY and (cut := _cut(octets, 4)):
        (join_ref, ref, topic, status), payload = cut
        return ChannelMessage(join_ref, ref, topic, REPLY, {"status": status, "response": payload})
    if kind == _BROADCAST and (cut := _cut(octets, 2)):
        (topic, event), payload = cut
        return ChannelMessage(None, None, topic, event, payload)
    return None


def _cut(octets: bytes, count: int) -> tuple[list[str], bytes] | None:
    """The names of a binary message and its payload; None when it is too short."""
    names, at = [], 1 + count
    for length in octets[1:at]:
        names.append(octets[at : at + length])
        at += length
    if len(octets) < at or len(names) < count:
        return None
    try:
        return [name.decode() for name in names], octets[at:]
    except UnicodeDecodeError:
        return None
