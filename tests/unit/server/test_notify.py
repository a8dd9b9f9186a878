"""spica.server.notify: what a service manager is told."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from spica.server.notify import notify_ready, notify_reloading, notify_stopping


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A socket in Linux's abstract namespace, as systemd has one."""
    name = f"spica-test-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.setblocking(False)
        yield listening


def test_the_life_of_a_server_is_told(manager: socket.socket) -> None:
    notify_ready()
    notify_reloading()
    notify_stopping()
    assert manager.recv(100) == b"READY=1"
    state, _, microseconds = manager.recv(100).partition(b"\nMONOTONIC_USEC=")
    assert (state, microseconds.isdigit()) == (b"RELOADING=1", True)
    assert manager.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody-listens-here"])
def test_nobody_who_listens_is_no_failure(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify_ready()
