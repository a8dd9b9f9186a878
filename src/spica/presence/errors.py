"""Mistakes with presence.

SpicaError
└── PresenceError        W020
    ├── InvalidPresence  W021
    ├── NotTracked       W022
    └── NoPresence       W023
"""

from __future__ import annotations

from typing import ClassVar

from spica.errors import SpicaError


class PresenceError(SpicaError):
    """Base of the mistakes that can be made with presence."""

    code: ClassVar[str] = "SPICA-W020"


class InvalidPresence(PresenceError, ValueError):
    """The key of a presence is no text and no number, or its meta no JSON object, or larger than 16 KiB."""

    code = "SPICA-W021"


class NotTracked(PresenceError, KeyError):
    """`presence.update` names a key that the channel has not tracked."""

    code = "SPICA-W022"

    __str__ = PresenceError.__str__  # a KeyError shows the repr of what it was raised with


class NoPresence(PresenceError):
    """Who is in a topic was asked before an application with channels was started in this process."""

    code = "SPICA-W023"
