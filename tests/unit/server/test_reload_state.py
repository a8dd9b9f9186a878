"""The state that `spica reload` waits for."""

from __future__ import annotations

from pathlib import Path

from spica.server.reload_state import ReloadState, read_state, remove_state, write_state


def test_it_is_written_as_a_whole_and_read_back(tmp_path: Path) -> None:
    pid_file = str(tmp_path / "server.pid")
    assert read_state(pid_file) is None
    for state in (ReloadState(workers=2), ReloadState(3, True), ReloadState(3, False, "refused", "Lücke\n", 1.5, 2)):
        write_state(pid_file, state)
        assert read_state(pid_file) == state
    assert [path.name for path in tmp_path.iterdir()] == ["server.pid.state"]
    remove_state(pid_file)
    assert list(tmp_path.iterdir()) == []


def test_nobody_asks_a_server_without_a_pid_file(tmp_path: Path) -> None:
    write_state("", ReloadState())
    (tmp_path / "server.pid.state").write_text('{"number": 1, "else": 2}')
    assert read_state(str(tmp_path / "server.pid")) is None
