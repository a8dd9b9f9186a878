"""Mistakes with presence.

SpicaError
└── PresenceError            W020
    ├── InvalidPresence      W021
    │   └── PresenceRefused  W024  also a 422: an answer to the client
    ├── NotTracked           W022
    └── NoPresence           W023
"""

from __future__ import annotations

from typing import ClassVar

from spica.errors import SpicaError
from spica.errors.http import FieldError, UnprocessableContent


class PresenceError(SpicaError):
    """Base of the mistakes that can be made with presence."""

    code: ClassVar[str] = "SPICA-W020"


class InvalidPresence(PresenceError, ValueError):
    """The key of a presence is no text and no whole number, or its meta no JSON object, and no client can have sent
    what it is."""

    code = "SPICA-W021"


class PresenceRefused(InvalidPresence, UnprocessableContent):
    """The key or the meta of a presence is what a client may have sent and nobody can be tracked under: a key that is
    empty or longer than 255 characters, a meta that is larger than 16 KiB or no object.

    Where nobody catches it, the client's join or message is answered with it, and the channel lives.
    """

    code = "SPICA-W024"

    def __init__(self, what: str, error: FieldError, *, why: str = "", fix: str = "") -> None:
        InvalidPresence.__init__(self, what, why=why, fix=fix)
        self.detail = "the presence was refused"
        self.fields = ()
        self.errors = [error]


class NotTracked(PresenceError, KeyError):
    """`presence.update` names a key that the channel has not tracked."""

    code = "SPICA-W022"

    __str__ = PresenceError.__str__  # a KeyError shows the repr of what it was raised with


class NoPresence(PresenceError):
    """Who is in a topic was asked before an application with channels was started in this process."""

    code = "SPICA-W023"
