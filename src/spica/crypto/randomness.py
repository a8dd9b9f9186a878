"""Random values that can't be guessed, from the operating system."""

from __future__ import annotations

import base64
import os
import secrets

MIN_BYTES = 16
MAX_BYTES = 1_024


def token_bytes(size_bytes: int = 32) -> bytes:
    """Make random octets.

    Args:    size_bytes: 16 to 1,024, default 32; fewer could be guessed.
    Raises:  ValueError for another size.
    """
    if not MIN_BYTES <= size_bytes <= MAX_BYTES:
        raise ValueError(f"a token takes {MIN_BYTES} to {MAX_BYTES:,} random bytes, not {size_bytes}")
    return os.urandom(size_bytes)


def token_urlsafe(size_bytes: int = 32) -> str:
    """Make a random token of letters, digits, - and _; 43 characters for 32 octets.

    Example:
        >>> len(token_urlsafe())
        43
    """
    return base64.urlsafe_b64encode(token_bytes(size_bytes)).rstrip(b"=").decode("ascii")


def token_hex(size_bytes: int = 32) -> str:
    """Make a random token of hex digits, two an octet."""
    return token_bytes(size_bytes).hex()


def random_digits(count: int = 6) -> str:
    """Make a code that a person types, such as "042917".

    Args:    count: 6 to 32 digits. One in a million is guessed soon: limit the tries and let it expire.
    """
    if not 6 <= count <= 32:
        raise ValueError(f"a code takes 6 to 32 digits, not {count}")
    return "".join(secrets.choice("0123456789") for _ in range(count))
