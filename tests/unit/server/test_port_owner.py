"""Who listens on a port, read from a proc file system."""

from __future__ import annotations

from pathlib import Path

from spica.server.port_owner import find_port_owner

TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
   1: 0100007F:0BB8 0100007F:C000 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 20 4 30 10 -1
"""


def make_process(proc: Path, pid: int, name: str, *links: str) -> None:
    folder = proc / str(pid) / "fd"
    folder.mkdir(parents=True)
    (proc / str(pid) / "comm").write_text(f"{name}\n")
    for number, link in enumerate(links):
        (folder / str(number)).symlink_to(link)


def test_the_process_that_opened_a_shared_socket_is_named(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(TABLE)
    make_process(tmp_path, 90, "other", "/dev/null", "socket:[4712]")
    make_process(tmp_path, 1000, "worker", "socket:[4711]")
    make_process(tmp_path, 99, "spica", "/dev/null", "socket:[4711]")
    assert find_port_owner(3000, str(tmp_path)) == "spica (pid 99)"
    assert find_port_owner(3001, str(tmp_path)) is None


def test_without_a_proc_file_system_nobody_is_named(tmp_path: Path) -> None:
    assert find_port_owner(3000, str(tmp_path / "none")) is None
