"""The pid file: whose it is, and when it is nobody's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spica.server.errors import PidFileError
from spica.server.pid_file import PidFile, find_server


def test_it_holds_a_number_as_long_as_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "tmp" / "server.pid"
    held = PidFile(str(path))
    assert path.read_text() == f"{os.getpid()}\n"
    assert find_server(str(path)) == os.getpid()
    held.remove()
    assert not path.exists()
    assert find_server(str(path)) is None


def test_a_number_that_was_left_behind_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "server.pid"
    path.write_text("1\n")
    assert find_server(str(path)) is None
    PidFile(str(path)).remove()


def test_a_second_server_is_refused_with_the_first_one_named(tmp_path: Path) -> None:
    path = str(tmp_path / "server.pid")
    held = PidFile(path)
    with pytest.raises(PidFileError) as caught:
        PidFile(path)
    held.remove()
    assert caught.value.what == f"a server runs here already (pid {os.getpid()})"
    assert "spica server --pid-file PATH" in caught.value.fix


def test_one_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "tmp").write_text("a file")
    with pytest.raises(PidFileError, match="can't write the pid file") as caught:
        PidFile(str(tmp_path / "tmp" / "server.pid"))
    assert caught.value.why
