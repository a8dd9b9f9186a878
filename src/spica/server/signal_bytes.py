"""Signals as bytes of a socket, for a loop that waits in a selector. Source: Python's signal.set_wakeup_fd."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator, Sequence
from types import FrameType


@contextlib.contextmanager
def signal_bytes(numbers: Sequence[int]) -> Iterator[socket.socket]:
    """Give a socket from which each of these signals is read as a byte, its number, until the block ends."""
    read, written = socket.socketpair()
    read.setblocking(False)
    written.setblocking(False)
    before = {number: signal.signal(number, note) for number in numbers}
    old = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
    try:
        yield read
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            signal.signal(number, handler)
        read.close()
        written.close()


def note(number: int, frame: FrameType | None) -> None:
    """Handle a signal by nothing: that there is a handler makes Python write the byte."""
