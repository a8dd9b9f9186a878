"""Fan-out: one WebSocket sends a message, all of the room get it, round after round.

A "request" is one message delivered to one socket; p50 and p99 are those of a round: from the sending until the last
socket has the message whole.
"""

from __future__ import annotations

import subprocess

from benchmarks import places
from benchmarks.failure import BenchmarkError
from benchmarks.figures import Sample
from benchmarks.measure.generator import GIVE_UP_AFTER_S, end_generator, parse_result, start_generator
from benchmarks.processes import RunningServer
from benchmarks.workloads import FANOUT_SOCKETS, Workload


def load(running: RunningServer, workload: Workload, seconds: float) -> Sample:
    """Open the sockets, then send for `seconds`; opening them is not counted."""
    shape = [str(running.port), workload.path, str(FANOUT_SOCKETS), str(int(seconds * 1000))]
    client = start_generator([str(places.FANOUT), *shape], stdin=subprocess.PIPE)
    try:
        first = client.stdout.readline() if client.stdout else ""
        if first.strip() != "READY":
            raise BenchmarkError(f"{running.server.title}: the fan-out client gave up: {first.strip()}")
        before_s = running.cpu_s()
        output, _ = client.communicate("go\n", timeout=seconds + GIVE_UP_AFTER_S)
        spent_s = running.cpu_s() - before_s
    finally:
        end_generator(client)
    result = parse_result(output)
    return Sample(
        requests=result["requests"],
        seconds=result["duration_us"] / 1e6,
        cpu_s=spent_s,
        p50_us=result["p50_us"],
        p99_us=result["p99_us"],
        errors=result["errors"],
    )
