"""What `import spica` adds to an interpreter that has asyncio already."""

from __future__ import annotations

from statistics import median

from benchmarks.figures import Startup
from benchmarks.measure.probe import run_probe


def measure_startup(core: int, runs: int) -> Startup:
    """Import Spica in `runs` fresh interpreters; one more before them, which may compile modules, is thrown away."""
    run_probe("import_spica.py", core=core)
    results = [run_probe("import_spica.py", core=core) for _ in range(runs)]
    return Startup(
        package_ms=median(result["package_ms"] for result in results),
        application_ms=median(result["application_ms"] for result in results),
    )
