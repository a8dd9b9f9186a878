"""What nodes tell each other, as MessagePack on one topic of the bus.

Rules of this file:
- Every message names the node it is from and which of its lives (`incarnation`): a later one replaces an earlier.
- A node numbers its deltas. `sequence` is the number of the last one that a message includes, so that a receiver knows
  whether it has missed any.
- A message that can't be read is another release's: it raises `UnreadableMessage`, and the receiver ignores it.
"""

from __future__ import annotations

import msgspec

Joined = tuple[str, int, bytes]
"""An entry in a message: its key, its number, its meta."""


class Message(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What every message has. Args: node; incarnation: grows from one life of the node to its next."""

    node: str
    incarnation: int


class Delta(Message, tag="delta", frozen=True, gc=False):
    """What changed among the sender's entries. Args: sequence: its number; joins: by topic; leaves: numbers."""

    sequence: int
    joins: dict[str, list[Joined]]
    leaves: list[int]


class Heartbeat(Message, tag="heartbeat", frozen=True, gc=False):
    """The sender is there. Args: sequence: of its last delta; digest: the sum of its entries' marks."""

    sequence: int
    digest: int


class Ask(Message, tag="ask", frozen=True, gc=False):
    """Send me your whole state. Args: to: a node, or "" for all."""

    to: str = ""


class State(Message, tag="state", frozen=True, gc=False):
    """A part of all entries of the sender, mostly the only one.

    Args:    sequence: of the last delta in it; part: from 0; parts: how many there are; topics: entries by topic.
    """

    sequence: int
    part: int
    parts: int
    topics: dict[str, list[Joined]]


class Goodbye(Message, tag="goodbye", frozen=True, gc=False):
    """The sender ends and takes its entries along."""


AnyMessage = Delta | Heartbeat | Ask | State | Goodbye


class UnreadableMessage(ValueError):
    """Octets that are no message of this release."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AnyMessage)


def encode(message: AnyMessage) -> bytes:
    """Encode a message."""
    return _encoder.encode(message)


def decode(octets: bytes) -> AnyMessage:
    """Decode a message. Raises UnreadableMessage."""
    try:
        message: AnyMessage = _decoder.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableMessage(str(error)) from error
    return message
