"""Comparing secrets without telling how much of them matched."""

from __future__ import annotations

import hmac


def equal(one: str | bytes, other: str | bytes) -> bool:
    """Compare two secrets in time that depends on their length alone; text is compared as UTF-8.

    Example:
        >>> equal("abc", b"abc"), equal("abc", "abd")
        (True, False)
    """
    return hmac.compare_digest(_octets(one), _octets(other))


def _octets(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
