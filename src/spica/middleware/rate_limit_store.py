"""The contract of what counts for RateLimit; `rate_limit_stores/` has the implementations."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from spica.middleware.rate import Rate, Taken


class RateLimitStore(Protocol):
    """Keeps buckets. `take` is awaited where `waits` is true."""

    waits: bool

    def take(self, key: bytes, rate: Rate, cost: int) -> Taken | Awaitable[Taken]:
        """Take `cost` tokens from the bucket of a key, all or none of them, in one step that nothing comes between."""

    def open(self) -> None:
        """Make ready at boot, in the worker."""
