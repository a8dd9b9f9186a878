"""Errors of looking up packages. All end with exit code 2: nothing is known then, which is not "no findings".

SpicaError
├── PipAuditMissing   G007
└── LookupFailed      G008
"""

from __future__ import annotations

from typing import ClassVar

from spica.errors.base import SpicaError

COULD_NOT_LOOK = 2


class PipAuditMissing(SpicaError):
    """`spica audit` found no pip-audit beside it, which knows how to ask for vulnerabilities."""

    code = "SPICA-G007"
    exit_code: ClassVar[int] = COULD_NOT_LOOK


class LookupFailed(SpicaError):
    """`spica audit` got no answer about the packages: the service is out of reach, or its answer is none."""

    code = "SPICA-G008"
    exit_code: ClassVar[int] = COULD_NOT_LOOK
