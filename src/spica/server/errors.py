"""What keeps a server from starting."""

from __future__ import annotations

from typing import ClassVar

from spica.errors.base import SpicaError


class TargetError(SpicaError):
    """The application to serve can't be found: its module can't be imported, or has no such name."""

    code: ClassVar[str] = "SPICA-S001"


class PortInUseError(SpicaError):
    """Another process listens on the address already."""

    code: ClassVar[str] = "SPICA-S002"


class AddressError(SpicaError):
    """The host or port can't be listened on."""

    code: ClassVar[str] = "SPICA-S003"
