"""One server at rest: time to its first answer, memory when idle, memory of one more idle connection."""

from __future__ import annotations

import time
from statistics import median

from benchmarks.figures import Footprint
from benchmarks.measure.idle import KINDS, SETTLE_S, weigh_connections
from benchmarks.processes import RunningServer
from benchmarks.servers import Server


def measure_footprint(server: Server, core: int, *, starts: int, connections: int) -> Footprint:
    """Start the server `starts` times, then weigh the last one idle and with idle connections.

    The first start, which may read from a cold disk or compile modules, is thrown away.
    """
    RunningServer(server, core).stop()
    times = []
    for number in range(starts):
        running = RunningServer(server, core)
        times.append(running.started_in_s)
        if number < starts - 1:
            running.stop()
    try:
        time.sleep(SETTLE_S)
        rss, pss = running.rss_bytes(), running.pss_bytes()
        idle = weigh_connections(running, KINDS[0], connections)
    finally:
        running.stop()
    return Footprint(median(times) * 1000, rss, pss, idle)
