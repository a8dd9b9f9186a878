"""One server under load: what it answered, how fast, and the CPU time that it spent on that.

Each protocol has its load generator: wrk for HTTP/1.1, h2load for HTTP/2, our own program for WebSockets.
"""

from __future__ import annotations

import shutil

from benchmarks import places
from benchmarks.failure import BenchmarkError
from benchmarks.figures import Sample
from benchmarks.measure import fanout, h2load, wrk
from benchmarks.processes import RunningServer
from benchmarks.protocols import Protocol
from benchmarks.workloads import Workload

_GENERATORS = {Protocol.HTTP1: wrk.load, Protocol.HTTP2: h2load.load, Protocol.WEBSOCKET: fanout.load}
_PACKAGES = {"wrk": "wrk", "h2load": "nghttp2-client"}


def check_answer(running: RunningServer, workload: Workload) -> None:
    """Raise BenchmarkError unless the server gives the right answer, so that no error page is ever measured."""
    try:
        connection, answer = running.ask(workload.path, workload.protocol)
    except OSError as error:
        raise BenchmarkError(f"{running.server.title} gives no answer to {workload.path}: {error}") from error
    connection.close()
    if not workload.accepts(*answer):
        raise BenchmarkError(
            f"{running.server.title} answers GET {workload.path} with {answer.status} {answer.body[:200]!r}; "
            f"{workload.wanted} is expected."
        )


def measure_load(running: RunningServer, workload: Workload, seconds: float) -> Sample:
    """Load the server for `seconds` and return what was counted beside what the server spent."""
    counted = _GENERATORS[workload.protocol](running, workload, seconds)
    if not counted.requests:
        raise BenchmarkError(f"{running.server.title} answered nothing on {workload.path} in {seconds:g} s.")
    return counted


def check_load_generators() -> None:
    """Raise BenchmarkError when the load generator of HTTP/1.1 is missing, which every run needs."""
    if shutil.which("wrk") is None:
        raise BenchmarkError(
            "wrk, the load generator, is not installed: run `apt-get install wrk` (or your system's like)."
        )


def why_not_loaded(workload: Workload) -> str:
    """Return what is missing to make this workload's load, "" when nothing is."""
    if workload.protocol is Protocol.HTTP2 and shutil.which("h2load") is None:
        return "h2load is not installed: `apt-get install nghttp2-client` (or your system's like)"
    if workload.protocol is Protocol.WEBSOCKET and not places.FANOUT.exists():
        return "the fan-out client is not compiled: run `make bench-setup`"
    return ""
