"""The base of every error that Spica raises on purpose.

Rules of this file:
- An error says what happened, where in the user's code, why, and the fix to type; `docs` is added from its code.
- A class is one mistake. Its docstring says when it happens; the reference page is generated from these docstrings.
- Codes are unique: `SPICA-` + a letter for the area + three digits. A test holds the registry to that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

REFERENCE = "docs/reference/errors.md"


class SpicaError(Exception):
    """Base class of Spica's errors; raised itself only by code that has no class of its own."""

    code: ClassVar[str] = "SPICA-A000"

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix

    @property
    def short(self) -> str:
        """The first line: code and what happened. This is the form a peer may see."""
        return f"{self.code}  {self.what}"

    def __str__(self) -> str:
        parts = [self.short]
        for label, text in (("where", self.where), ("why", self.why), ("fix", self.fix)):
            if text:
                parts.append(_indented(label, text))
        parts.append(_indented("docs", f"{REFERENCE}#{self.code.lower()}"))
        return "\n".join(parts)


def closest(word: str, options: Iterable[str], *, limit: int = 3) -> list[str]:
    """Find the names a user may have meant.

    Args:    word: what was typed; options: the valid names; limit: how many to return at most.
    Returns: near matches, best first; [] when nothing is near.
    Raises:  nothing.
    """
    import difflib  # here, not above: only mistakes need it, every start would pay for it

    return difflib.get_close_matches(word, list(options), n=limit, cutoff=0.6)


def _indented(label: str, text: str) -> str:
    first, *rest = text.splitlines()
    return "\n".join([f"  {label:<6} {first}", *(f"  {'':<6} {line}" for line in rest)])
