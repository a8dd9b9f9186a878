"""Backends: what carries the octets between sockets and the core.

    epoll     the core's own sockets on Linux
    kqueue    the core's own sockets on macOS and FreeBSD
    asyncio   the event loop's transports, on every loop (asyncio_backend.py)

The core is built for one of the first two, and says which (`POLLER`). Connections are the same state machine over all
three.
"""

from __future__ import annotations

from typing import Literal

from spica._core import POLLER
from spica.server.errors import RuntimeSettingError

Backend = Literal["auto", "epoll", "kqueue", "asyncio"]

_SYSTEMS = {"epoll": "Linux", "kqueue": "macOS and FreeBSD"}
_WHERE = "[runtime] backend"


def check_backend(wanted: Backend) -> None:
    """Refuse a backend that this system does not have.

    Raises:  RuntimeSettingError.
    """
    if wanted not in ("auto", "asyncio", POLLER):
        raise RuntimeSettingError(
            f"there is no {wanted} here",
            where=_WHERE,
            why=f"{wanted} is of {_SYSTEMS[wanted]}, and this core is built for {POLLER}",
            fix=f'set it to "auto", which takes {POLLER} on this system',
        )


def uses_transports(wanted: Backend, *, is_watched: bool) -> bool:
    """Decide whether the loop's transports carry the octets.

    Args:    is_watched: whether the event loop can watch the core's descriptor.
    Raises:  RuntimeSettingError: the core's own sockets are asked for by name, and the loop can't serve them.
    """
    check_backend(wanted)
    if wanted == POLLER and not is_watched:
        raise RuntimeSettingError(
            f"this event loop can't serve {wanted}",
            where=_WHERE,
            why="it can't watch descriptors (add_reader)",
            fix='set it to "auto" or "asyncio", or take another [runtime] event_loop',
        )
    return wanted == "asyncio" or not is_watched
