"""Errors of the command line.

SpicaError
├── UsageError       G001
└── NotInProject     G002
"""

from __future__ import annotations

from typing import ClassVar

from spica.errors.base import SpicaError


class UsageError(SpicaError):
    """A command was typed wrongly: an unknown command or option, a missing argument, a value of another type."""

    code = "SPICA-G001"
    exit_code: ClassVar[int] = 2


class NotInProject(SpicaError):
    """A command that works on a project was run outside of one."""

    code = "SPICA-G002"
