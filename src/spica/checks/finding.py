"""What a check finds, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from spica.checks.project import Project

Severity = Literal["error", "warning"]


class Found(NamedTuple):
    """One thing that a check tells: where (file relative to the project, line from 1, 0 when it is in no line), what is
    wrong, why that matters, what to write instead; code: of the error that the application would raise, "" when this
    is told by the check alone."""

    file: str
    line: int
    what: str
    why: str = ""
    fix: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, as `--only` and silences take it, its own code, and what it is about, for the reference;
    is_security: whether `spica audit` tells it, too."""

    name: str
    code: str
    severity: Severity
    about: str
    find: Callable[[Project], Iterable[Found]]
    is_security: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding as it is reported."""

    check: str
    severity: Severity
    code: str
    file: str
    line: int
    what: str
    why: str
    fix: str

    @property
    def place(self) -> str:
        """`app/models/post.py:3`; the file alone, or "" where there is no line."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def docs(self) -> str:
        """The page that says more."""
        is_own = self.code.startswith("SPICA-K")
        return f"docs/reference/check.md#{self.check}" if is_own else f"docs/reference/errors.md#{self.code.lower()}"


def build_finding(check: Check, found: Found) -> Finding:
    """Put what a check told under its name."""
    code = found.code or check.code
    return Finding(check.name, check.severity, code, found.file, found.line, found.what, found.why, found.fix)
