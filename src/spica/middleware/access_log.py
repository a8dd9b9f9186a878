"""AccessLog: which routes leave a line in the access log.

    p.use(m.AccessLog)                        # every route does, which is so without it, too
    with p.pipeline("probes"):
        p.use(m.AccessLog(False))             # health checks, which would drown the rest

The core writes the lines itself, in the form that `[server] access_log` asks for. This only says for which routes.
Rules: the last one of a route's chain counts. Where `access_log = "off"`, nothing is written, whatever a route says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spica.middleware.pipeline import Middleware


class AccessLog(Middleware):
    """Switches the access lines of its routes on, or off.

    Args:    enabled: False for routes without lines. What is refused before its route is known has a line always.
    """

    declares_only: ClassVar[bool] = True

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled


def is_logged(chain: Sequence[Middleware]) -> bool:
    """Whether a route with this chain leaves lines."""
    said = [one.enabled for one in chain if isinstance(one, AccessLog)]
    return said[-1] if said else True
