"""SIGTERM: what is under way is answered, who is idle is let go, and the end comes in time whatever happens."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.integration.workers import ask, connect, read_answer, served

IN_FLIGHT = 40


def configure(folder: Path, grace_s: float, delay_s: float = 0) -> None:
    (folder / "config").mkdir()
    (folder / "config" / "server.toml").write_text(
        f"[server]\nshutdown_timeout = {grace_s}\nshutdown_delay = {delay_s}\nwatchdog_timeout = 0\n"
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_requests_under_way_are_answered(tmp_path: Path, workers: str) -> None:
    with served(tmp_path, "--workers", workers) as server:
        peers = [connect(server.port) for _ in range(IN_FLIGHT)]
        idle = connect(server.port)
        for peer in peers:
            ask(peer, "/slow")
        assert server.end() == 0
        for peer in peers:
            with peer:
                assert read_answer(peer) == (200, b"slow but answered", False)
        with idle:
            assert idle.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            connect(server.port)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_handler_that_never_returns_does_not_hold_the_server(tmp_path: Path, workers: str) -> None:
    configure(tmp_path, 1)
    with served(tmp_path, "--workers", workers) as server, connect(server.port) as peer, connect(server.port) as other:
        ask(other, "/")
        read_answer(other)
        ask(peer, "/busy")
        server.await_line("busy from now on")
        asked_at = time.monotonic()
        code = server.end()
        assert time.monotonic() - asked_at < 1 + 9
        assert code == (1 if workers == "1" else 0)
        # Whoever kept it is named.
        server.await_line(r'File ".*/app\.py", line \d+ in busy')


def test_a_second_interrupt_is_immediate(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as server, connect(server.port) as peer:
        ask(peer, "/busy")
        server.await_line("busy from now on")
        server.process.send_signal(signal.SIGINT)
        server.await_line("stopping; Ctrl-C again ends it at once")
        assert server.end(signal.SIGINT) == 130


def test_a_server_without_a_supervisor_takes_a_second_interrupt_too(tmp_path: Path) -> None:
    with served(tmp_path) as server, connect(server.port) as peer:
        ask(peer, "/slow")
        ask(peer, "/busy")
        server.await_line("busy from now on")
        server.process.send_signal(signal.SIGINT)
        server.await_line("stopping; Ctrl-C again ends it at once")
        assert server.end(signal.SIGINT) == 130


def test_many_starts_and_stops(tmp_path: Path) -> None:
    for _ in range(5):
        with served(tmp_path, "--workers", "2") as server:
            assert server.port
            assert server.end() == 0, "whether the other worker has started or not"
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_load_balancers_are_told_before_nothing_is_accepted_any_more(tmp_path: Path, workers: str) -> None:
    configure(tmp_path, 60, 4)
    with served(tmp_path, "--workers", workers) as server:
        with connect(server.port) as probe:
            ask(probe, "/ready")
            assert read_answer(probe)[0] == 200
        asked_at = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        status = 200
        while status == 200 and time.monotonic() - asked_at < 2:
            with connect(server.port) as probe:
                ask(probe, "/ready")
                status = read_answer(probe)[0]
        assert status == 503
        with connect(server.port) as peer, connect(server.port) as alive:
            ask(peer, "/slow")
            ask(alive, "/health")
            assert read_answer(alive)[0] == 200
            assert read_answer(peer)[:2] == (200, b"slow but answered")
        assert server.await_end() == 0
        assert 4 <= time.monotonic() - asked_at < 30
