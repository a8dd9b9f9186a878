"""Messages: an event as the octets that go from process to process.

    version 1, flags 1, sequence 8, length of node 1, of name 2, of topic 2; node, name, topic, content

Rules of this file: what comes in may be anything; what isn't ours raises ValueError and nothing else. A version that
this process doesn't know is refused: it is an application that is being replaced by the next.
"""

from __future__ import annotations

import struct

from spica.pubsub.event import Event

VERSION = 1
_BINARY = 1
_HEAD = struct.Struct(">BBQBHH")
_MARK = bytes([VERSION])


def encode_message(event: Event) -> bytes:
    """Write an event; UnicodeEncodeError when its topic or name can't be UTF-8."""
    node, name, topic = event.node.encode(), event.name.encode(), event.topic.encode()
    head = _HEAD.pack(VERSION, event.is_binary, event.sequence, len(node), len(name), len(topic))
    return b"".join((head, node, name, topic, event.content))


def is_from(message: bytes, node: bytes) -> bool:
    """Whether a message was published by a node; it need not be a message at all."""
    return message[_HEAD.size : _HEAD.size + len(node)] == node


def decode_message(message: bytes) -> Event:
    """Read an event. Raises ValueError for what isn't a message of this version."""
    if len(message) < _HEAD.size or message[:1] != _MARK:
        raise ValueError(f"{len(message)} octets that begin with {message[:8]!r}")
    _, flags, sequence, of_node, of_name, of_topic = _HEAD.unpack_from(message)
    at_name = _HEAD.size + of_node
    at_topic = at_name + of_name
    at_content = at_topic + of_topic
    if at_content > len(message):
        raise ValueError(f"{len(message)} octets where the head alone is {at_content}")
    return Event(
        message[at_topic:at_content].decode(),
        message[at_name:at_topic].decode(),
        message[_HEAD.size : at_name].decode(),
        sequence,
        message[at_content:],
        bool(flags & _BINARY),
    )
