"""Signals become bytes, and what was there before comes back."""

from __future__ import annotations

import signal

import pytest

from spica.server.signal_bytes import signal_bytes


def test_each_signal_is_its_number() -> None:
    before = signal.getsignal(signal.SIGUSR2)
    with signal_bytes([signal.SIGUSR2, signal.SIGHUP]) as signals:
        signal.raise_signal(signal.SIGUSR2)
        signal.raise_signal(signal.SIGHUP)
        assert signals.recv(64) == bytes([signal.SIGUSR2, signal.SIGHUP])
        with pytest.raises(BlockingIOError):
            signals.recv(64)
    assert signal.getsignal(signal.SIGUSR2) == before
    assert signal.set_wakeup_fd(-1) == -1
