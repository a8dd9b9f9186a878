"""Mistakes in signatures and providers, and values that a signature refuses.

SpicaError
├── SignatureError            I001  boot
│   ├── AnnotationError       I002  boot
│   └── ProviderCycleError    I003  boot
└── ProviderContractError     I004  while running
RefusedValue                  the peer's mistake: not a SpicaError, the host turns it into its own answer
"""

from __future__ import annotations

from collections.abc import Sequence

from spica.errors import SpicaError
from spica.errors.http import FieldError


class SignatureError(SpicaError):
    """A parameter of a handler, action, filter or provider can't be filled from anything."""

    code = "SPICA-I001"


class AnnotationError(SignatureError):
    """A signature's annotation can't be evaluated when the application starts."""

    code = "SPICA-I002"


class ProviderCycleError(SignatureError):
    """Providers depend on each other in a circle."""

    code = "SPICA-I003"


class ProviderContractError(SpicaError):
    """A generator used as a provider yields nothing, or more than once."""

    code = "SPICA-I004"


class RefusedValue(Exception):
    """A value that the peer sent doesn't fit the signature; `errors` names each such value."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.source} {error.name}: {error.message}" for error in errors))
        self.errors = list(errors)
