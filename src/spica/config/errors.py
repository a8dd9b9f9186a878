"""Mistakes in the configuration. All of a project's are found in one go and reported together.

SpicaError
├── ConfigurationError   C001
└── UnknownEnvironment   C002
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spica.errors.base import SpicaError


class Problem(NamedTuple):
    """One mistake: where (file:line, "" when it is an absence), what is wrong, the fix; whether it is only that this
    machine lacks a variable or a key, which another one may have."""

    where: str
    what: str
    fix: str = ""
    is_absent: bool = False

    def __str__(self) -> str:
        line = f"{self.where}  {self.what}" if self.where else self.what
        return f"{line}\n  fix: {self.fix}" if self.fix else line


class ConfigurationError(SpicaError):
    """The files in config/ hold unknown keys, values of the wrong type, unset variables, or lack what must be there."""

    code = "SPICA-C001"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        count = "a mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        super().__init__(f"{count} in the configuration", where="\n".join(str(problem) for problem in problems))


class UnknownEnvironment(SpicaError):
    """SPICA_ENV, or the env= of an App, names an environment that doesn't exist."""

    code = "SPICA-C002"
