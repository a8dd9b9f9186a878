"""Serializers: how messages stand in frames. A client names the one it speaks by `vsn` in the query.

Rules of this file:
- A frame is written in one piece. What is the same for all who get a broadcast is written once.
- Phoenix takes a client that names no version for one of version 1; here its first frame tells, which is an array in
  version 2 and an object in version 1.
"""

from __future__ import annotations

from typing import Protocol

from spica.channels.message import Frame, Message, Ref
from spica.channels.serializer_v1 import SerializerV1
from spica.channels.serializer_v2 import SerializerV2
from spica.errors.http import BadRequest
from spica.pubsub.event import Event


class Serializer(Protocol):
    """Reads what a client sends and writes what it is sent. Writing raises UnencodableValue."""

    name: str

    def read(self, frame: Frame) -> Message:
        """Read a client's frame. Raises MalformedFrame."""

    def write_reply(self, message: Message, status: str, response: object) -> Frame:
        """Write the answer to a message."""

    def write_push(self, join_ref: Ref, topic: str, event: str, payload: object, ref: Ref = None) -> Frame:
        """Write what is sent to one client."""

    def write_broadcast(self, event: Event) -> Frame | None:
        """Write what is sent to many; None for what the version can't hold."""


V1: Serializer = SerializerV1()
V2: Serializer = SerializerV2()


def find_serializer(vsn: str | None) -> Serializer | None:
    """The serializer of a version; None where the client names none, and its first frame tells.

    Raises: BadRequest for a version that there is not.
    """
    if not vsn:
        return None
    major = vsn.partition(".")[0]
    if major not in ("1", "2"):
        raise BadRequest(f"vsn={vsn!r} is no version of the serializer; there are 1.0.0 and 2.0.0")
    return V2 if major == "2" else V1


def guess_serializer(frame: Frame) -> Serializer:
    """The serializer of a client that names no version, by its first frame."""
    return V1 if isinstance(frame, str) and frame.lstrip().startswith("{") else V2
