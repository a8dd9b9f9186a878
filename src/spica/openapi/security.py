"""Security: the schemes by which requests say who sends them, as the route's middleware offers them.

Rules of this file:
- Middleware that checks credentials has a method `openapi_security()`; several on one route are all wanted.
- Two middlewares of one definition share a scheme; schemes of one name are numbered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from spica.middleware.credentials import SecurityScheme
from spica.middleware.pipeline import Middleware
from spica.openapi.schemas import Schema


@runtime_checkable
class OffersSecurity(Protocol):
    """Middleware that documents can describe."""

    def openapi_security(self) -> SecurityScheme:
        """What clients must send."""


class SecuritySchemes:
    """The schemes of one document, by name."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def require(self, chain: Sequence[Middleware]) -> list[dict[str, list[str]]]:
        """What requests through this chain must carry, one alternative an item; [] for nothing."""
        wanted: dict[str, list[str]] = {}
        is_optional = True
        for one in chain:
            if isinstance(one, OffersSecurity):
                scheme = one.openapi_security()
                wanted[self._name(scheme)] = list(scheme.scopes)
                is_optional = is_optional and scheme.is_optional
        if not wanted:
            return []
        return [{}, wanted] if is_optional else [wanted]

    def _name(self, scheme: SecurityScheme) -> str:
        name, number = scheme.name, 2
        while name in self.components and self.components[name] != scheme.definition:
            name, number = f"{scheme.name}_{number}", number + 1
        self.components[name] = scheme.definition
        return name
