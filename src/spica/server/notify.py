"""Telling a service manager how far we are. Source: sd_notify(3)."""

from __future__ import annotations

import contextlib
import os
import socket
import time


def notify_ready() -> None:
    """Say that requests are served: at the start, and when a reload is over."""
    _notify("READY=1")


def notify_reloading() -> None:
    """Say that a reload has begun."""
    _notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


def notify_stopping() -> None:
    """Say that the end has begun."""
    _notify("STOPPING=1")


def _notify(state: str) -> None:
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    # "@" begins a name in Linux's abstract namespace. A manager that does not listen is not waited for.
    address = f"\0{path[1:]}" if path.startswith("@") else path
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setblocking(False)
        manager.sendto(state.encode(), address)
