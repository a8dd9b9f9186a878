"""Random tokens, and comparing secrets without telling how much of them matched."""

from __future__ import annotations

import hmac
import os

from spica.security import base64url


def random_token(size_bytes: int = 32) -> str:
    """Make an unguessable token.

    Args:    size_bytes: of randomness from the operating system, 16 to 1,024, default 32.
    Returns: URL-safe text without padding, 43 characters for the default.
    """
    if not 16 <= size_bytes <= 1_024:
        raise ValueError(f"a token takes 16 to 1,024 random bytes, not {size_bytes}")
    return base64url.encode(os.urandom(size_bytes))


def equal(one: str | bytes, other: str | bytes) -> bool:
    """Compare two secrets in time that depends on their length alone; text is compared as UTF-8."""
    return hmac.compare_digest(_octets(one), _octets(other))


def _octets(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
