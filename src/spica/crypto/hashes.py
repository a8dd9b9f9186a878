"""Hashes and message authentication codes: octets in, octets out.

Rules: a hash tells whether data changed by accident; only an HMAC, under a key, tells whether someone changed it.
Neither is for passwords: see `spica.security.passwords`.
Source: FIPS 180-4 (SHA-2), RFC 7693 (BLAKE2), RFC 2104 (HMAC).
"""

from __future__ import annotations

import hashlib
import hmac

_MIN_KEY_BYTES = 16


def sha256(data: bytes) -> bytes:
    """Hash data to 32 octets.

    Example:
        >>> sha256(b"abc").hex()[:16]
        'ba7816bf8f01cfea'
    """
    return hashlib.sha256(data).digest()


def sha512(data: bytes) -> bytes:
    """Hash data to 64 octets."""
    return hashlib.sha512(data).digest()


def blake2b(data: bytes, *, length: int = 32) -> bytes:
    """Hash data to 1 to 64 octets, faster than SHA-2 where the processor doesn't help."""
    return hashlib.blake2b(data, digest_size=length).digest()


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """Authenticate data: 32 octets that only a holder of the key can make.

    Args:    key: 16 octets or more, 32 is usual; data: any octets.
    Raises:  ValueError for a shorter key.
    Example:
        >>> hmac_sha256(b"k" * 32, b"data") == hmac_sha256(b"k" * 32, b"data")
        True
    """
    return hmac.digest(_check(key), data, "sha256")


def hmac_sha512(key: bytes, data: bytes) -> bytes:
    """Authenticate data with 64 octets; see `hmac_sha256`."""
    return hmac.digest(_check(key), data, "sha512")


def verify_hmac_sha256(key: bytes, data: bytes, mac: bytes) -> bool:
    """Tell whether `mac` is that of the data, in constant time; a shorter one is not."""
    return hmac.compare_digest(hmac_sha256(key, data), mac)


def _check(key: bytes) -> bytes:
    if len(key) < _MIN_KEY_BYTES:
        raise ValueError(f"an HMAC key takes {_MIN_KEY_BYTES} octets or more, not {len(key)}")
    return key
