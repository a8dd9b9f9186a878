"""A server process under attack: started, weighed, and always ended. Figures are those of its whole process tree."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from spica._core import self_signed_certificate
from tests.ports import reserved_port
from tests.processes import SPICA

FOLDER = Path(__file__).parent
START_S = 60


class Attacked:
    """A running server."""

    def __init__(
        self, process: subprocess.Popen[bytes], port: int, said: IO[bytes], tls: ssl.SSLContext | None
    ) -> None:
        self.process = process
        self.port = port
        self.folder = Path()
        self._said = said
        self._tls = tls

    @property
    def pids(self) -> list[int]:
        """The process and its descendants."""
        parents = {int(folder.name): _parent(folder) for folder in Path("/proc").glob("[0-9]*")}
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def rss_bytes(self) -> int:
        """Resident memory; what processes share is counted once (proportional set size)."""
        return 1024 * sum(_kib(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") for pid in self.pids)

    def descriptors(self) -> int:
        return sum(_count_descriptors(pid) for pid in self.pids)

    def descriptors_at_last(self, most: int, timeout_s: float = 20) -> int:
        """How many there are once there are no more than so many, or the time is over: closing them takes a moment."""
        deadline = time.monotonic() + timeout_s
        while (found := self.descriptors()) > most and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def cpu_s(self) -> float:
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids]
        return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")

    def said(self) -> str:
        """What it has written to its standard output and error."""
        return os.pread(self._said.fileno(), 1 << 24, 0).decode(errors="replace")

    def connect(self, timeout_s: float = 10) -> socket.socket:
        """A connection to it, over TLS when it speaks that."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)
        return self._tls.wrap_socket(plain, server_hostname="localhost") if self._tls else plain

    def answer(self, path: str, timeout_s: float = 10) -> bytes:
        """All that comes for a GET on a connection of its own."""
        request = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
        with self.connect(timeout_s) as peer:
            peer.sendall(request)
            answer = b""
            while chunk := peer.recv(65536):
                answer += chunk
        return answer

    def ask(self, path: str, timeout_s: float = 10) -> bytes:
        """The content of a GET on a connection of its own."""
        answer = self.answer(path, timeout_s)
        head, _, content = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(f"GET {path} was answered {answer[:100]!r}")
        return content

    def counts(self) -> dict[str, int]:
        """What the handlers have done so far."""
        counts: dict[str, int] = json.loads(self.ask("/counts"))
        return counts

    def waiting_at_last(self, timeout_s: float = 20) -> int:
        """How many handlers wait when none does any more, or the time is over: each is cancelled in its turn."""
        deadline = time.monotonic() + timeout_s
        while (found := self.counts()["waiting"]) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found


def write_certificate(folder: Path, name: str = "localhost") -> None:
    """A certificate that signs itself and its key, as chain.pem and key.pem, each put there whole."""
    for file, text in zip(("chain.pem", "key.pem"), self_signed_certificate([name, "localhost"]), strict=True):
        (folder / f"{file}.new").write_text(text)
    for file in ("key.pem", "chain.pem"):
        (folder / f"{file}.new").replace(folder / file)


@contextlib.contextmanager
def attacked(*prefix: str, tls_folder: Path | None = None, **limits: float | bool) -> Iterator[Attacked]:
    """Run the application under attack.

    Args: prefix: a command that runs the server, such as prlimit; tls_folder: with chain.pem and key.pem, to speak TLS;
          limits: keys of [server], the defaults without.
    """
    tls = None
    if tls_folder is not None:
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with tempfile.TemporaryDirectory() as folder, reserved_port() as port, tempfile.TemporaryFile() as said:
        _write_project(Path(folder), limits, tls_folder)
        process = subprocess.Popen(
            [*prefix, SPICA, "server", "application:app", "--quiet", "--port", str(port)],
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1", "SPICA_ENV": "production", "SPICA_TORTURE_ROOT": folder},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        server = Attacked(process, port, said, tls)
        server.folder = Path(folder)
        try:
            _wait_until_it_serves(server)
            yield server
        finally:
            end(process)


def end(process: subprocess.Popen[bytes], timeout_s: float = 35) -> None:
    """End it, if it has not ended: first as an operator would."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout_s)
    process.kill()
    process.wait()


def _write_project(folder: Path, limits: dict[str, float | bool], tls_folder: Path | None) -> None:
    shutil.copy(FOLDER / "application.py", folder)
    (folder / "config").mkdir()
    (folder / "config" / "routes.py").write_text("def draw(r):\n    pass\n")
    # No sessions and no CSRF protection: the attacks are on the server.
    (folder / "config" / "middleware.py").write_text("def draw(p):\n    pass\n")
    lines = ["[app]", f'secret_key = "{secrets.token_urlsafe(48)}"', "[server]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in limits.items()]
    if tls_folder is not None:
        files = [json.dumps(str(tls_folder / file)) for file in ("chain.pem", "key.pem")]
        lines += ["[server.tls]", "enabled = true", f"cert = {files[0]}", f"key = {files[1]}"]
    (folder / "config" / "server.toml").write_text("\n".join(lines))


def _wait_until_it_serves(server: Attacked) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(OSError):
            server.ask("/")
            return
        time.sleep(0.02)
    raise AssertionError(f"the server did not start:\n{server.said()}")


def _count_descriptors(pid: int) -> int:
    with contextlib.suppress(OSError):  # it ended meanwhile
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return 0


def _parent(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _kib(path: Path, key: str) -> int:
    with contextlib.suppress(OSError):
        for line in path.read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
    return 0
