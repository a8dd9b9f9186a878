"""Ports for servers that must be told theirs before they start, or that get the same one again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port of loopback that the system gives to nobody until the block ends; nothing listens there by itself.

    A port that is only looked up is anybody's until the server has it, and again while the server is down: another
    test's server or client gets it by chance. Here a socket is bound to it that never listens. Who asks the system for
    any port gets another one, who connects is refused, and a server that is told this one gets it as long as it sets
    SO_REUSEADDR, as servers do that can be started again at once.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
