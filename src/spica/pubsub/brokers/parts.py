"""Messages in parts, for brokers that take no long ones.

Each part has a head in front: who sends (8 octets), which of its messages it is, which part of it, and of how many.

Rules of this file:
- The parts of one message come in order; between them may be those of other senders. A message with a gap is dropped.
- What is incomplete is bounded: one message a sender, and MAX_INCOMPLETE_BYTES of all; the oldest is dropped first.
- A part that can't be read is dropped: whoever may write to the channel could send anything.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from spica.pubsub.broker import MAX_MESSAGE_BYTES

HEAD = struct.Struct("!8sIHH")
MAX_INCOMPLETE_BYTES = 16 * 1_048_576
_WRAP = 2**32


class Splitter:
    """Cuts the messages of one sender.

    sender: 8 random octets, other ones for each splitter. Args: first: the number of the first message.
    """

    def __init__(self, first: int = 0) -> None:
        self.sender = secrets.token_bytes(8)
        self._numbers = count(first)

    def split(self, message: bytes, length: int) -> Iterator[bytes]:
        """Cut a message.

        Args:    message: any octets; length: of a part with its head, at most; more than the head.
        Returns: the parts, in order; one for an empty message.
        """
        number = next(self._numbers) % _WRAP
        room = length - HEAD.size
        parts = max(1, -(-len(message) // room))
        for index in range(parts):
            yield HEAD.pack(self.sender, number, index, parts) + message[index * room : (index + 1) * room]


@dataclass(slots=True)
class _Incomplete:
    number: int
    parts: int
    pieces: list[bytes] = field(default_factory=list)
    length: int = 0


class Assembler:
    """Puts messages together again. Args: own: the sender whose parts are left out."""

    def __init__(self, own: bytes) -> None:
        self._own = own
        self._incomplete: dict[bytes, _Incomplete] = {}  # oldest first
        self._length = 0

    @property
    def waiting_bytes(self) -> int:
        """How much is kept of messages that are not complete."""
        return self._length

    def add(self, part: bytes) -> bytes | None:
        """Take a part. Returns: the message that it completes, else None."""
        if len(part) < HEAD.size:
            return None
        sender, number, index, parts = HEAD.unpack_from(part)
        if sender == self._own or index >= parts:
            return None
        if parts == 1:
            return part[HEAD.size :]
        if index == 0:
            self._drop(sender)
            incomplete = self._incomplete[sender] = _Incomplete(number, parts)
        else:
            found = self._incomplete.get(sender)
            if found is None or (found.number, found.parts, len(found.pieces)) != (number, parts, index):
                self._drop(sender)
                return None
            incomplete = found
        incomplete.pieces.append(part[HEAD.size :])
        incomplete.length += len(part)
        self._length += len(part)
        if index == parts - 1:
            self._drop(sender)
            return b"".join(incomplete.pieces)
        if incomplete.length > MAX_MESSAGE_BYTES + HEAD.size * parts:
            self._drop(sender)
        while self._length > MAX_INCOMPLETE_BYTES:
            self._drop(next(iter(self._incomplete)))
        return None

    def _drop(self, sender: bytes) -> None:
        dropped = self._incomplete.pop(sender, None)
        if dropped is not None:
            self._length -= dropped.length
