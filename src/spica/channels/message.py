"""Message: what travels over a channel's socket, whichever serializer writes it.

Source: `assets/js/phoenix/` of the npm package phoenix 1.7 and 1.8 (constants.js, channel.js, socket.js).
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from spica.pubsub.event import Event

JOIN, LEAVE, REPLY, CLOSE, ERROR = "phx_join", "phx_leave", "phx_reply", "phx_close", "phx_error"
PHOENIX, HEARTBEAT = "phoenix", "heartbeat"
UNMATCHED = {"reason": "unmatched topic"}
"""What is answered where nothing stands behind a topic, or no more."""

Ref: TypeAlias = str | int | None
"""What a client names its message by; a text in the clients that there are. It is given back as it came."""

Frame: TypeAlias = str | bytes
"""One message of the WebSocket: text, or octets."""


class Message(NamedTuple):
    """One message of a client.

    `join_ref` is the `ref` of the join that the client believes to be in; `payload` what JSON gave, or octets.
    """

    join_ref: Ref
    ref: Ref
    topic: str
    event: str
    payload: Any


def encoded_payload(event: Event) -> bytes:
    """The JSON that clients get of a broadcast: {} for one without a payload, as the phoenix client reads members."""
    return b"{}" if event.json == b"null" else event.json


class MalformedFrame(Exception):
    """A frame that is no message: `code` is what the WebSocket is closed with.

    Args:    reason: for people; code: 1007 for content that can't be read, 1003 for a kind that is not taken.
    """

    def __init__(self, reason: str, code: int = 1007) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
