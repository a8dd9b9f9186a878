"""Print as JSON what importing Spica costs in this fresh interpreter, above asyncio."""

import asyncio  # noqa: F401  (every server has it: it is not Spica's cost)
import json
import time

start = time.perf_counter()
import spica  # noqa: E402, F401

package = time.perf_counter()
from spica import App  # noqa: E402, F401

application = time.perf_counter()

print(json.dumps({"package_ms": (package - start) * 1e3, "application_ms": (application - start) * 1e3}))
