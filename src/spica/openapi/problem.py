"""The problem details that errors answer with, as types for documents.

Source: RFC 9457; `spica.http.problem` makes the real ones.
"""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct):
    """What went wrong (RFC 9457)."""

    title: str
    status: int
    type: str = "about:blank"
    detail: str = ""
    instance: str = ""


class RefusedField(msgspec.Struct):
    """A value that was refused: where it came from, its name, what is wrong with it."""

    source: str
    name: str
    message: str
    code: str
    pointer: str = ""


class ValidationProblem(Problem):
    """Values were refused; `errors` has every one of them."""

    errors: list[RefusedField] = []
