"""Base64 for URLs and cookies, without padding, and with exactly one text for each octets.

Source: RFC 4648 section 5. The standard library's decoder forgives stray characters and unused bits at the end; a token
that may be written in several ways is one that may be changed.
"""

from __future__ import annotations

import binascii

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def encode(octets: bytes) -> str:
    """Encode octets as letters, digits, - and _."""
    return binascii.b2a_base64(octets, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def decode(text: str) -> bytes | None:
    """Decode a text; None for any but the one that `encode` writes."""
    try:
        octets = binascii.a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"=" * (-len(text) % 4))
    except ValueError:
        return None
    return octets if encode(octets) == text else None
