"""Mistakes with requests and responses that are the program's, not the client's (those are `spica.errors.http`).

SpicaError
├── UnsafeRedirect      H001  also a 400: the target usually came from the client
├── InvalidCookie       H002
├── CookieTooLarge      H003
├── InvalidField        H004
├── UnencodableValue    H005
├── UnpermittedParams   H006
├── SessionMissing      H007
├── SecretMissing       H008
├── InvalidEvent        H020
├── AssignMissing       H021
└── MountedAppError     H022
"""

from __future__ import annotations

from spica.errors.base import SpicaError
from spica.errors.http import BadRequest


class UnsafeRedirect(SpicaError, BadRequest):
    """A redirect leads to another host without `allow_other_host=True`, or its target holds control bytes."""

    code = "SPICA-H001"


class InvalidCookie(SpicaError):
    """A cookie's name or attributes can't be sent: bytes outside RFC 6265, or rules that contradict each other."""

    code = "SPICA-H002"


class CookieTooLarge(SpicaError):
    """A cookie is larger than the 4,096 bytes that browsers keep."""

    code = "SPICA-H003"


class InvalidField(SpicaError):
    """A response field's name is not a token or its value holds bytes that HTTP doesn't allow."""

    code = "SPICA-H004"


class UnencodableValue(SpicaError):
    """A value returned or passed to `json(...)` has no JSON form."""

    code = "SPICA-H005"


class UnpermittedParams(SpicaError):
    """Raw `params` were unpacked with `**` or turned into a dict without naming the keys that may pass."""

    code = "SPICA-H006"


class SessionMissing(SpicaError):
    """`ctx.session` or `ctx.flash` was used on a route whose pipeline has no Session."""

    code = "SPICA-H007"


class SecretMissing(SpicaError):
    """Signed or encrypted cookies were used in an app that has no secret key."""

    code = "SPICA-H008"


class InvalidEvent(SpicaError):
    """A server-sent event has a name or an id of several lines, or a `retry` that is no number of milliseconds."""

    code = "SPICA-H020"


class AssignMissing(SpicaError):
    """`ctx.get(name, type)` was called and nothing of that type was set before."""

    code = "SPICA-H021"


class MountedAppError(SpicaError):
    """An ASGI application that is mounted, or used as middleware, breaks the protocol or can't be started."""

    code = "SPICA-H022"
