"""Where a server listens: Unix sockets, sockets of systemd, several addresses; and when somebody else listens there."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from tests.integration.workers import connect, fetch, served
from tests.processes import run_command


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose path leaves room for a socket's name: unix(7) allows 107 bytes."""
    folder = tmp_path_factory.mktemp("s")
    assert len(str(folder)) < 90
    return folder


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_unix_socket(short: Path, workers: str) -> None:
    path = short / "app.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with served(short, "--workers", workers, "--bind", f"unix:{path}") as server:
        server.await_line(rf"app on unix:{path}")
        assert {fetch(str(path), "/") for _ in range(10)} == {"one"}
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        second = run_command("server", "--bind", f"unix:{path}", cwd=short, check=False)
        assert second.returncode == 1
        assert f"SPICA-S002  unix:{path} is in use" in second.stderr
        assert fetch(str(path), "/") == "one", "the second one left it alone"
        assert server.end() == 0
    assert not path.exists()


def test_several_addresses(short: Path) -> None:
    path = short / "app.sock"
    with served(short, "--workers", "2", "--bind", "127.0.0.1:0", "--bind", f"unix:{path}") as server:
        assert fetch(server.port, "/") == "one"
        assert fetch(str(path), "/") == "one"


def test_localhost_is_both_loopback_addresses(tmp_path: Path) -> None:
    if not any(family == socket.AF_INET6 for family, *_ in socket.getaddrinfo("localhost", 0)):
        pytest.skip("localhost has no IPv6 address here")
    with served(tmp_path, "--bind", "localhost:0") as server:
        server.await_line(rf"http://127\.0\.0\.1:{server.port} and http://\[::1\]:{server.port}")
        with socket.create_connection(("::1", server.port), timeout=5) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert peer.recv(64).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sockets_of_systemd(tmp_path: Path, workers: str) -> None:
    (tmp_path / "app.py").write_text(
        "from spica import App\napp = App()\n@app.get('/')\ndef index() -> str:\n    return 'one'\n"
    )
    # What systemd does: the socket is descriptor 3, and LISTEN_PID is the process that will be the server.
    script = (
        "import os, socket, sys\n"
        "one = socket.create_server(('127.0.0.1', 0))\n"
        "print('socket', one.getsockname()[1], file=sys.stderr, flush=True)\n"
        "os.dup2(one.fileno(), 3)\n"
        "os.set_inheritable(3, True)\n"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')\n"
        f"command = [sys.executable, '-m', 'spica.cli.main', 'server', '--quiet', '--workers', '{workers}']\n"
        "os.execv(sys.executable, command)\n"
    )
    with served(tmp_path, command=[sys.executable, "-c", script]) as server:
        port = int(server.await_line(r"socket (\d+)")[1])
        # Nobody serves yet, and yet nobody is refused: the connection waits for the first worker.
        assert fetch(port, "/") == "one"
        assert server.port == port
        assert server.end() == 0
    with pytest.raises(ConnectionRefusedError):
        connect(port)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_manager_is_told(short: Path, workers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = short / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        with served(short, "--workers", workers) as server:
            assert manager.recv(99) == b"READY=1"
            assert fetch(server.port, "/") == "one"
            if workers == "2":
                run_command("reload", cwd=short)
                assert manager.recv(99).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
                assert manager.recv(99) == b"READY=1"
            assert server.end() == 0
        assert manager.recv(99) == b"STOPPING=1"


def test_a_port_in_use_and_a_pid_file_in_use(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as server:
        assert server.port
        refused = run_command("server", "--workers", "2", "--port", "0", cwd=tmp_path, check=False)
        assert refused.returncode == 1
        assert f"SPICA-S004  a server runs here already (pid {server.process.pid})" in refused.stderr
        options = ("--workers", "2", "--pid-file", "tmp/other.pid")
        refused = run_command("server", *options, "--port", str(server.port), cwd=tmp_path, check=False)
        assert refused.returncode == 1
        assert f"SPICA-S002  port {server.port} is in use by" in refused.stderr
        assert f"(pid {server.process.pid})" in refused.stderr
        assert not (tmp_path / "tmp" / "other.pid").exists()
        assert (tmp_path / "tmp" / "server.pid").read_text() == f"{server.process.pid}\n"
        assert fetch(server.port, "/") == "one"


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "from spica import App\napp = App()\n@app.get('/')\ndef index() -> str:\n    return 'one'\n"
    )
    tmp_path.chmod(0o555)
    with served(tmp_path, "--workers", "2") as server:
        server.await_line("spica reload will not find this server")
        assert fetch(server.port, "/") == "one"
