"""Mistakes with secrets.

SpicaError
├── WeakSecretKey   C101
└── NoSecretKey     C102
"""

from __future__ import annotations

from spica.errors.base import SpicaError


class WeakSecretKey(SpicaError):
    """A secret key is shorter than 32 characters or made of a few repeated ones, so it could be guessed."""

    code = "SPICA-C101"


class NoSecretKey(SpicaError):
    """Something that signs or encrypts was set up in an app without a secret key."""

    code = "SPICA-C102"
