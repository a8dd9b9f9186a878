"""Listening sockets: which ports are ports, whose file a Unix socket is, and what systemd hands over."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from spica.server.address import Address
from spica.server.errors import AddressError
from spica.server.listener import choose_addresses, open_listener, open_listeners


@pytest.mark.parametrize("port", [65_536, 99_999, -1])
def test_a_number_that_is_no_port_is_refused_and_no_other_port_taken(port: int) -> None:
    with pytest.raises(AddressError, match=f"{port} is no port: ports are 0"):
        open_listener("127.0.0.1", port)


def test_port_zero_takes_a_free_one() -> None:
    with open_listener("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0


def test_a_name_that_cannot_be_resolved() -> None:
    with pytest.raises(AddressError, match="can't listen on no such host:80"):
        open_listener("no such host", 80)


def test_what_was_opened_is_closed_again_when_another_address_fails(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    (tmp_path / "file").write_text("kept")
    with pytest.raises(AddressError, match="a file that is no socket is there") as caught:
        open_listeners([Address("unix", path=str(path)), Address("unix", path=str(tmp_path / "file"))])
    assert caught.value.fix == "remove it"
    assert not path.exists()
    assert (tmp_path / "file").read_text() == "kept"


def test_a_socket_file_that_another_server_has_put_there_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    first = open_listeners([Address("unix", path=str(path))], socket_mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.rename(tmp_path / "moved")
    second = open_listeners([Address("unix", path=str(path))])
    first.close()
    assert path.exists()
    second.close()
    assert not path.exists()


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("x" * 200, "take a path below 104 bytes"),
        ("/nowhere/at/all.sock", "make the folder, and let this user write there"),
    ],
)
def test_a_path_that_cannot_be_bound(path: str, fix: str) -> None:
    with pytest.raises(AddressError, match="can't listen on unix:") as caught:
        open_listeners([Address("unix", path=path)])
    assert caught.value.fix == fix


def test_descriptors(tmp_path: Path) -> None:
    with open(tmp_path / "file", "w") as file, pytest.raises(AddressError, match="is no socket"):
        open_listeners([Address("fd", descriptor=file.fileno())])
    with socket.socket() as idle, pytest.raises(AddressError, match="does not listen"):
        open_listeners([Address("fd", descriptor=idle.fileno())])


def test_sockets_of_systemd_are_taken_by_whom_they_are_meant_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(pid: int, *, typed: bool) -> list[str]:
        monkeypatch.setenv("LISTEN_PID", str(pid))
        monkeypatch.setenv("LISTEN_FDS", "2")
        chosen = [str(address) for address in choose_addresses(["127.0.0.1:0"], typed=typed)]
        assert "LISTEN_FDS" not in os.environ, "a worker must not take them again"
        return chosen

    assert choose(os.getpid(), typed=False) == ["fd:3", "fd:4"]
    assert choose(os.getpid(), typed=True) == ["127.0.0.1:0"]
    assert choose(os.getpid() + 1, typed=False) == ["127.0.0.1:0"]
