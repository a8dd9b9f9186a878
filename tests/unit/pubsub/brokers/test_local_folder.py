"""spica.pubsub.brokers.local_folder: the check that sockets can be made."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from spica.pubsub.brokers.local_folder import Folder


@pytest.fixture
def base() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as made:  # a socket's path is short
        yield Path(made)


def test_checks_of_processes_with_one_number_do_not_meet(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getpid", lambda: 1)  # as in containers
    folder, other = Folder(base, "shop"), Folder(base, "shop")
    bind, drafts = Folder._bind, []

    def bind_while_another_does(self: Folder, made: socket.socket, path: Path) -> None:
        bind(self, made, path)
        drafts.append(path)
        if self is folder:
            other.check()
            assert path.exists(), "the other one has removed its own alone"

    monkeypatch.setattr(Folder, "_bind", bind_while_another_does)
    folder.check()
    assert len(set(drafts)) == 2
    assert not folder.path.exists()


def test_what_a_killed_process_left_is_in_nobodys_way(base: Path) -> None:
    folder = Folder(base, "shop")
    folder.path.mkdir(mode=0o700)
    (folder.path / ".check-1").touch()
    for _ in range(2):
        folder.check()
    assert [path.name for path in folder.path.iterdir()] == [".check-1"]
    assert folder.list_nodes() == []


def test_the_longest_folder_has_room_for_the_check(base: Path) -> None:
    given = base / ("x" * (103 - 2 - 16 - len(str(base)) - len("/shop") - 1))
    Folder(given, "shop").check()
