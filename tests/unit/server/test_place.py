"""How long a place stays empty: the first end costs nothing, a series of them ever more."""

from __future__ import annotations

import socket

from spica.server.child import Worker
from spica.server.place import Place


def make_worker(state: str, ready_at: float) -> Worker:
    worker = Worker(1, 0, socket.socket())
    worker.control.close()
    worker.state = state  # type: ignore[assignment]
    worker.ready_at = ready_at
    return worker


def test_waits_double_up_to_half_a_minute() -> None:
    place = Place()
    waits = [place.note_end(make_worker("starting", 0.0), 100.0) for _ in range(10)]
    assert waits == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert place.retry_at == 130.0


def test_one_that_had_served_long_is_replaced_at_once() -> None:
    place = Place()
    for _ in range(5):
        place.note_end(make_worker("starting", 0.0), 100.0)
    assert place.note_end(make_worker("serving", 80.0), 100.0) == 0.0
    assert place.note_end(make_worker("serving", 99.0), 100.0) == 0.5, "one that served a second proves nothing"
