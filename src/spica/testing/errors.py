"""Errors of the test kit.

SpicaError
└── UnsafeTestDatabase  K001
"""

from __future__ import annotations

from spica.errors.base import SpicaError


class UnsafeTestDatabase(SpicaError):
    """The test environment's database has a name that does not say that it may be emptied."""

    code = "SPICA-K001"
