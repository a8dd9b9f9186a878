"""Base64 for URLs and cookies, without padding, and with exactly one text for each octets.

Source: RFC 4648 section 5. The standard library's decoder forgives stray characters and unused bits at the end; a token
that may be written in several ways is one that may be changed.
"""

from __future__ import annotations

from spica._core import base64url_decode, base64url_encode

encode = base64url_encode
"""Encode octets as letters, digits, - and _."""

decode = base64url_decode
"""Decode a text; None for any but the one that `encode` writes."""
