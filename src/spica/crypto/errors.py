"""Mistakes with ciphers and keys.

SpicaError
├── CannotOpen   C110
└── InvalidKey   C111
"""

from __future__ import annotations

from spica.errors.base import SpicaError


class CannotOpen(SpicaError):
    """Sealed octets were changed or cut, sealed by another key, or for another context. Which of them is not known."""

    code = "SPICA-C110"


class InvalidKey(SpicaError, ValueError):
    """A key, a nonce or a salt has the wrong length, or was given as text where octets are needed."""

    code = "SPICA-C111"
