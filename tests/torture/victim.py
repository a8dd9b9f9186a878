"""A well-behaved client beside an attack, in a process of its own: `python -m tests.torture.victim PORT [tls]`.

It says that it begins, and asks for / every few milliseconds on a keep-alive connection and on a fresh one in turn,
until its input ends; then it prints its latencies in seconds and its errors as JSON.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass

INTERVAL_S = 0.005
TIMEOUT_S = 20.0
BEGINS = b"begins\n"
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@dataclass
class Seen:
    """What a victim has seen."""

    latencies: list[float]
    errors: list[str]

    @property
    def p99_ms(self) -> float:
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else float("inf")


class Victim:
    """Runs the client while a block runs: `with Victim(port) as victim: …` and then `victim.seen`."""

    def __init__(self, port: int, *, tls: bool = False) -> None:
        self._arguments = [str(port), *(["tls"] if tls else [])]
        self.seen = Seen([], [])

    def __enter__(self) -> Victim:
        command = [sys.executable, "-m", "tests.torture.victim", *self._arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == BEGINS, "the victim did not start"
        return self

    def __exit__(self, *_: object) -> None:
        said, _ = self._process.communicate(timeout=60)
        self.seen = Seen(**json.loads(said))


def watch(port: int, seconds: float, *, tls: bool = False) -> Seen:
    """What a victim sees for some seconds of whatever goes on."""
    with Victim(port, tls=tls) as victim:
        time.sleep(seconds)
    return victim.seen


def _fetch(peer: socket.socket) -> None:
    peer.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"Hello, World!"):
        chunk = peer.recv(4096)
        if not chunk:
            raise ConnectionError(f"closed after {answer[:60]!r}")
        answer += chunk
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise ConnectionError(f"answered {answer[:60]!r}")


def _connect(port: int, tls: ssl.SSLContext | None) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
    return tls.wrap_socket(plain, server_hostname="localhost") if tls else plain


def _main(port: int, is_tls: bool) -> None:
    tls = ssl.create_default_context() if is_tls else None
    if tls is not None:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    seen = Seen([], [])
    kept: socket.socket | None = None
    turn = 0
    print(BEGINS.decode(), end="", flush=True)
    is_over = False
    while not is_over:  # once at least, however little time it was given
        is_over = bool(select.select([sys.stdin], [], [], INTERVAL_S)[0])
        turn += 1
        began = time.perf_counter()
        try:
            if turn % 2 and kept is not None:
                _fetch(kept)
            else:
                fresh = _connect(port, tls)
                _fetch(fresh)
                if kept is not None:
                    kept.close()
                kept = fresh
        except OSError as error:
            seen.errors.append(repr(error))
            kept = None
        seen.latencies.append(time.perf_counter() - began)
    print(json.dumps({"latencies": seen.latencies, "errors": seen.errors}))


if __name__ == "__main__":
    _main(int(sys.argv[1]), "tls" in sys.argv[2:])
