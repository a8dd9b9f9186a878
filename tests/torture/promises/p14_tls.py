"""Promise 14: half-open handshakes hurt nobody, certificates change under load, sessions go from worker to worker.

That the defaults are those of Mozilla's intermediate configuration, scanners say: tests/conformance/tls.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
import tempfile
import threading
import time
from pathlib import Path

from tests.torture.crowd import Crowd
from tests.torture.server import Attacked, attacked, write_certificate
from tests.torture.verdict import Run
from tests.torture.victim import Victim, watch

REQUEST = b"GET /pid HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
CERTIFICATES_LOOKED_AT_S = 12.0
RELOADED_S = 60.0  # a new worker, where other tests run


def run(run: Run) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_certificate(folder)
        _half_open(run, folder)
        _new_certificates(run, folder)
        _resumption(run, folder)


def hello() -> bytes:
    """The first flight of a client."""
    context, incoming, outgoing = ssl.create_default_context(), ssl.MemoryBIO(), ssl.MemoryBIO()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


def _half_open(run: Run, folder: Path) -> None:
    count, flight = run.pick(300, 6000), hello()
    limits = run.pick({"head_timeout_s": 2.0}, {})
    closed_within_s = run.pick(10.0, 30.0)
    with attacked(tls_folder=folder, **limits) as server:
        baseline = watch(server.port, run.pick(1, 5), tls=True)
        before = server.rss_bytes()
        with Victim(server.port, tls=True) as victim, Crowd(server.port) as crowd:
            for octets in (b"", flight[:5], flight[:-1]):
                crowd.open(count // 3, octets)
            # Those that say enough cost the server a key exchange each: they come a few at a time, as a crowd would.
            crowd.open(count // 10, flight)
            crowd.run(0.5)
            each = (server.rss_bytes() - before) / len(crowd.members)
            crowd.run(closed_within_s + 2, until=lambda: not crowd.alive)
            left = len(crowd.alive)
            held = [member.ended_at - member.opened_at for member in crowd.members if member.ended_at]
    run.say(14, f"of {len(crowd.members)} half-open handshakes still open", left, 0)
    run.say(14, "longest held in s", round(max(held, default=float("inf")), 2), closed_within_s)
    run.say(14, "bytes each", round(each), 32 * 1024)
    run.say_victim(14, baseline, victim.seen)


class Clients(threading.Thread):
    """Clients that connect anew for each request, and look at the certificate and the answer."""

    def __init__(self, server: Attacked) -> None:
        super().__init__(daemon=True)
        self.port, self.stop = server.port, threading.Event()
        self.errors: list[str] = []
        self.shown: dict[bytes, int] = {}

    def run(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        while not self.stop.is_set():
            try:
                plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
                with context.wrap_socket(plain, server_hostname="localhost") as peer:
                    shown = peer.getpeercert(binary_form=True) or b""
                    peer.sendall(REQUEST)
                    answer = b""
                    while chunk := peer.recv(65536):
                        answer += chunk
                assert answer.startswith(b"HTTP/1.1 200 "), answer[:50]
                self.shown[shown] = self.shown.get(shown, 0) + 1
            except (OSError, AssertionError) as error:
                self.errors.append(repr(error))


def _new_certificates(run: Run, folder: Path) -> None:
    """By new workers, and in the long form by nothing but the change of the files."""
    changes = run.pick(2, 6)
    with attacked(tls_folder=folder, supervise=True) as server:
        clients = [Clients(server) for _ in range(2)]
        for client in clients:
            client.start()
        missed = 0
        for number in range(changes):
            before = len(clients[0].shown)
            write_certificate(folder, f"number-{number}.test")
            if run.pick(True, number % 2):
                server.process.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + run.pick(RELOADED_S, CERTIFICATES_LOOKED_AT_S)
            while len(clients[0].shown) == before and time.monotonic() < deadline:
                time.sleep(0.01)
            missed += len(clients[0].shown) == before
        for client in clients:
            client.stop.set()
            client.join()
        answered = sum(sum(client.shown.values()) for client in clients)
        errors = [error for client in clients for error in client.errors]
    for error in errors[:3]:
        print(f"  {error}")
    run.say(14, f"new certificates of {changes} that no client saw", missed, 0)
    run.say(14, f"errors beside {answered} answers", len(errors), 0)


def _resumption(run: Run, folder: Path) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with attacked(tls_folder=folder, workers=2) as server:
        first, session, _ = _visit(server, context, None)
        resumed = refused = 0
        deadline = time.monotonic() + 30
        while resumed + refused < run.pick(5, 200) and time.monotonic() < deadline:
            # Two at once, so that one of them meets the other worker.
            with Crowd(server.port) as crowd:
                crowd.open(1)
                pid, _, was_resumed = _visit(server, context, session)
            if pid != first:
                resumed += was_resumed
                refused += not was_resumed
    run.say(14, "sessions of one worker that the other resumed", resumed, run.pick(5, 200), at_least=True)
    run.say(14, "and did not", refused, 0)


def _visit(
    server: Attacked, context: ssl.SSLContext, session: ssl.SSLSession | None
) -> tuple[bytes, ssl.SSLSession | None, bool]:
    """Which worker answered, the session to resume later, and whether it resumed one."""
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as peer:
        peer.sendall(REQUEST)
        answer = b""
        while chunk := peer.recv(65536):
            answer += chunk
        return answer.rpartition(b"\r\n\r\n")[2], peer.session, bool(peer.session_reused)
