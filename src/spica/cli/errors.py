"""Errors of the command line.

SpicaError
├── UsageError        G001
├── NotInProject      G002
├── DatabaseMissing   G003
├── ProductionGuard   G004
├── SeedsMissing      G005
└── PytestMissing     G006
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


class DatabaseMissing(SpicaError):
    """A `spica db` command was run in an environment whose configuration names no database."""

    code = "SPICA-G003"


class ProductionGuard(SpicaError):
    """A command would delete the production database and was not given `--yes`."""

    code = "SPICA-G004"


class SeedsMissing(SpicaError):
    """`spica db seed` found no db/seeds.py, or no function `seed` in it."""

    code = "SPICA-G005"


class PytestMissing(SpicaError):
    """`spica test` found no pytest, or a plugin that its options need is not installed."""

    code = "SPICA-G006"
