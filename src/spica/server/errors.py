"""What keeps a server from starting, or from being reloaded.

SpicaError
├── TargetError          S001
├── PortInUseError       S002
├── AddressError         S003
├── PidFileError         S004
├── NotRunningError      S005
├── ReloadRefusedError   S006
├── RuntimeSettingError  S007
└── CertificateError     S008
"""

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
    """An address can't be listened on: it is not understood, not of this machine, or not allowed."""

    code: ClassVar[str] = "SPICA-S003"


class PidFileError(SpicaError):
    """The pid file belongs to a server that runs, or can't be written."""

    code: ClassVar[str] = "SPICA-S004"


class NotRunningError(SpicaError):
    """`spica reload` found no server that it could reload."""

    code: ClassVar[str] = "SPICA-S005"


class ReloadRefusedError(SpicaError):
    """The server could not be reloaded: the new configuration or code does not start. The old workers go on serving."""

    code: ClassVar[str] = "SPICA-S006"


class RuntimeSettingError(SpicaError):
    """A setting of `[server]` or `[runtime]` can't be used: the core refuses it, or the machine lacks what it names."""

    code: ClassVar[str] = "SPICA-S007"


class CertificateError(SpicaError):
    """A certificate or its key can't be used: the file can't be read, is no PEM, has expired, or they don't belong
    together."""

    code: ClassVar[str] = "SPICA-S008"
