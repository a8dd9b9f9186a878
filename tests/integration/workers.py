"""A server with a supervisor, run by its real command, and clients that count whatever goes wrong."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.processes import SPICA

WAIT_S = 60.0

APP = """
import asyncio, os, sys, time
from spica import App

app = App()
VERSION = "one"

@app.get("/")
def index() -> str:
    return VERSION

@app.get("/pid")
def pid() -> str:
    return str(os.getpid())

@app.get("/slow")
async def slow() -> str:
    await asyncio.sleep(1.5)
    return "slow but answered"

@app.get("/busy")
def busy() -> str:
    print("busy from now on", file=sys.stderr, flush=True)
    while True:
        pass
"""


class Served:
    """A running server: its process, what it says, and requests to it."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._said:
                self.lines.append(line.rstrip("\n"))
                self._said.notify_all()
        with self._said:
            self.lines.append("(end of output)")
            self._said.notify_all()

    def await_line(self, pattern: str, timeout_s: float = WAIT_S) -> re.Match[str]:
        """Wait until a line matches; AssertionError when the output ends or the time is over."""
        deadline = time.monotonic() + timeout_s
        with self._said:
            while True:
                for line in self.lines:
                    if found := re.search(pattern, line):
                        return found
                over = self.lines[-1:] == ["(end of output)"] or time.monotonic() >= deadline
                assert not over, f"no line like {pattern!r} in\n" + "\n".join(self.lines)
                self._said.wait(deadline - time.monotonic())

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end of the process and of its output: no worker is left then."""
        self.process.send_signal(number)
        return self.await_end()

    def await_end(self) -> int:
        code = self.process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        assert not self._reader.is_alive(), "somebody still holds the server's output"
        return code

    @property
    def port(self) -> int:
        return int(self.await_line(r"http://127\.0\.0\.1:(\d+)")[1])

    def workers(self) -> set[int]:
        """The process ids of the supervisor's children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    def await_pids(self, done: Callable[[set[int]], bool], timeout_s: float = WAIT_S) -> set[int]:
        """Ask for the serving workers' ids until the answers of one round satisfy `done`."""
        deadline = time.monotonic() + timeout_s
        seen: set[int] = set()
        while not done(seen):
            assert time.monotonic() < deadline, (seen, self.lines)
            seen = {int(fetch(self.port, "/pid")) for _ in range(20)}
        return seen


@contextlib.contextmanager
def served(folder: Path, *arguments: str, app: str = APP, command: Sequence[str] = ()) -> Iterator[Served]:
    """Run `spica server …` on a free port, or a command; when the block ends, so does whatever is left of it.

    Args: app: what app.py holds where there is none; "" for a project.
    """
    if app and not (folder / "app.py").exists():
        (folder / "app.py").write_text(app)
    bound = [] if "--bind" in arguments else ["--port", "0"]
    with subprocess.Popen(
        command or [SPICA, "server", *bound, "--quiet", *arguments],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        server = Served(process, folder)
        try:
            yield server
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
                process.kill()


def connect(where: int | str, timeout_s: float = WAIT_S) -> socket.socket:
    """Connect to a port of this machine, or to a Unix socket's path."""
    if isinstance(where, int):
        return socket.create_connection(("127.0.0.1", where), timeout=timeout_s)
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(timeout_s)
    peer.connect(where)
    return peer


def ask(peer: socket.socket, path: str, *, close: bool = False) -> None:
    peer.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\n{'Connection: close' if close else 'X-A: b'}\r\n\r\n".encode())


def read_answer(peer: socket.socket) -> tuple[int, bytes, bool]:
    """Read one answer: status, content, whether the connection is kept.

    Raises:  EOFError with how many bytes had come, when the connection ends too early.
    """
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(peer, len(received))
    head, _, content = received.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert found, head
    while len(content) < int(found[1]):
        content += _more(peer, len(received) + len(content))
    return int(head[9:12]), content, b"connection: close" not in head.lower()


def _more(peer: socket.socket, had: int) -> bytes:
    try:
        data = peer.recv(65536)
    except ConnectionResetError:
        data = b""
    if not data:
        raise EOFError(had)
    return data


def fetch(where: int | str, path: str) -> str:
    """Send one request on a connection of its own and give the content of a 200."""
    with connect(where) as peer:
        ask(peer, path, close=True)
        status, content, _ = read_answer(peer)
        assert status == 200, (status, content)
        return content.decode()


class Load:
    """Clients that send requests without a pause until they are told to stop, and count what happens.

    `idle` counts connections that ended without a byte of an answer: a worker that leaves closes those that it finds
    idle, which RFC 9112 section 9.5 lets a server do at any time, and a request may cross that on its way. As every
    client must, these ask again on a new connection. Everything else that goes wrong is a failure.
    """

    def __init__(self, port: int, *, keeping: int, closing: int) -> None:
        self.counts: Counter[str] = Counter()
        self.answers: Counter[bytes] = Counter()
        self._port = port
        self._stop = threading.Event()
        kinds = [self._keep] * keeping + [self._close] * closing
        self._threads = [threading.Thread(target=kind, daemon=True) for kind in kinds]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(WAIT_S)

    @property
    def failures(self) -> dict[str, int]:
        return {kind: count for kind, count in self.counts.items() if kind not in ("answered", "idle")}

    def await_answers(self, count: int) -> None:
        """Wait until so many more requests were answered."""
        goal, deadline = self.counts["answered"] + count, time.monotonic() + WAIT_S
        while self.counts["answered"] < goal:
            assert time.monotonic() < deadline, self.counts
            time.sleep(0.01)

    def _close(self) -> None:
        while not self._stop.is_set():
            with self._counted(), connect(self._port) as peer:
                ask(peer, "/", close=True)
                self._take(peer)

    def _keep(self) -> None:
        while not self._stop.is_set():
            with self._counted(), connect(self._port) as peer:
                is_kept = True
                while is_kept and not self._stop.is_set():
                    ask(peer, "/")
                    is_kept = self._take(peer)

    def _take(self, peer: socket.socket) -> bool:
        status, content, is_kept = read_answer(peer)
        assert status == 200, status
        self.counts["answered"] += 1
        self.answers[content] += 1
        return is_kept

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except EOFError as error:
            self.counts["truncated" if error.args[0] else "idle"] += 1
        except (BrokenPipeError, ConnectionResetError):
            self.counts["idle"] += 1  # while it asked: nothing of an answer had come
        except (OSError, AssertionError) as error:
            self.counts[type(error).__name__] += 1
