"""Mistakes with controllers and actions.

SpicaError
├── ControllerNotFoundError     A010  boot
├── ActionNotFoundError         A011  boot
├── FilterError                 A012  boot
├── NoTemplatesError            A013  while running
└── UnsupportedResultError      A014  while running
"""

from __future__ import annotations

from spica.errors import SpicaError


class ControllerNotFoundError(SpicaError):
    """A route names a controller whose file or class doesn't exist."""

    code = "SPICA-A010"


class ActionNotFoundError(SpicaError):
    """A route names an action that its controller doesn't have."""

    code = "SPICA-A011"


class FilterError(SpicaError):
    """A `@before` filter is declared wrongly: `only` and `except_` together, or an action that doesn't exist."""

    code = "SPICA-A012"


class NoTemplatesError(SpicaError):
    """An action renders a template in an application that has no templates."""

    code = "SPICA-A013"


class UnsupportedResultError(SpicaError):
    """A handler returned something that can't become a response: a coroutine, a generator, a number out of place."""

    code = "SPICA-A014"
