"""How long the router takes to match a path, with few and with many routes.

The figure is what a caller in Python sees: the match, the call into the native module and the result tuple, without the
loop around it. A request on our own server enters the router from native code and pays for the match alone, so this
is an upper bound.
"""

from __future__ import annotations

from statistics import median

from benchmarks.figures import Routing
from benchmarks.measure.probe import run_probe

ROUTES = (10, 1000)


def measure_routing(core: int, runs: int) -> Routing:
    """Match paths in tables of ROUTES sizes, in `runs` fresh interpreters."""
    sizes = [str(count) for count in ROUTES]
    results = [run_probe("match_routes.py", *sizes, core=core) for _ in range(runs)]
    return Routing({count: median(result[str(count)] for result in results) for count in ROUTES})
