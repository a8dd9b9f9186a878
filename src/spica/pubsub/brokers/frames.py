"""Frames: the messages of a batch as one, so that servers and readers have less to do when there are many.

    <length>:<octets><length>:<octets>…

Rules of this file:
- A frame of text is text, for servers that take nothing else.
- A frame has at most BATCH messages: a reader can let others have their turn after each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spica.pubsub.broker import BATCH

_LENGTH_DIGITS = 10


def join(messages: Iterable[bytes], length: int) -> Iterator[bytes]:
    """Put messages together.

    Args:    messages: in order; length: of a frame of several, at most; one message may be longer.
    """
    frame: list[bytes] = []
    size = 0
    for message in messages:
        piece = b"%d:%b" % (len(message), message)
        if frame and (size + len(piece) > length or len(frame) == BATCH):
            yield b"".join(frame)
            frame, size = [], 0
        frame.append(piece)
        size += len(piece)
    if frame:
        yield b"".join(frame)


def split(frame: bytes) -> list[bytes]:
    """Take a frame apart. Raises ValueError when it is none."""
    messages = []
    at = 0
    while at < len(frame):
        colon = frame.index(b":", at, at + _LENGTH_DIGITS + 1)
        digits = frame[at:colon]
        if not digits.isdigit():
            raise ValueError(f"{digits!r} is no length")
        at = colon + 1 + int(digits)
        if at > len(frame):
            raise ValueError("it ends too early")
        messages.append(frame[colon + 1 : at])
    return messages
