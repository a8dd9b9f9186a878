"""Errors that become an HTTP status when a handler raises them.

`detail` reaches the client. What must not, belongs in the exception's cause, which only logs and the debug page show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class HttpError(Exception):
    """A response by exception: the status, a sentence for the client and extra response fields.

    Args:    detail: one sentence for the client, default the status' own phrase;
             status: 400 to 599, default the class' own; fields: extra response fields (name, value).
    Source:  RFC 9110 section 15; the body is RFC 9457 problem details where the client takes JSON.
    """

    status: int = 500
    phrase: ClassVar[str] = "Internal Server Error"

    def __init__(self, detail: str = "", *, status: int | None = None, fields: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(detail or self.phrase)
        self.detail = detail or self.phrase
        self.fields = tuple(fields)
        if status is not None:
            if not 400 <= status <= 599:
                raise ValueError(f"HttpError needs a status from 400 to 599, got {status}")
            self.status = status


class BadRequest(HttpError):
    """400: the request can't be understood."""

    status = 400
    phrase = "Bad Request"


class Unauthorized(HttpError):
    """401: the client must authenticate first."""

    status = 401
    phrase = "Unauthorized"


class Forbidden(HttpError):
    """403: understood and refused."""

    status = 403
    phrase = "Forbidden"


class NotFound(HttpError):
    """404: nothing lives here."""

    status = 404
    phrase = "Not Found"


class MethodNotAllowed(HttpError):
    """405: the path exists, this method does not."""

    status = 405
    phrase = "Method Not Allowed"


class NotAcceptable(HttpError):
    """406: no representation that the client accepts."""

    status = 406
    phrase = "Not Acceptable"


class RequestTimeout(HttpError):
    """408: the client took too long."""

    status = 408
    phrase = "Request Timeout"


class Conflict(HttpError):
    """409: the request contradicts the resource's state."""

    status = 409
    phrase = "Conflict"


class ContentTooLarge(HttpError):
    """413: the content exceeds a limit."""

    status = 413
    phrase = "Content Too Large"


class UnsupportedMediaType(HttpError):
    """415: the content's type is not one this handler reads."""

    status = 415
    phrase = "Unsupported Media Type"


class FieldError(NamedTuple):
    """One rejected value: where it came from, its name and what is wrong with it.

    Args:    source: path, query, header, cookie or body; name: of the value, `address.city`, `tags[1]`; message: for
             people; code: for programs, one word (docs/reference/handlers.md lists them); pointer: of a value in the
             body, as a fragment, `#/address/city` (RFC 6901).
    """

    source: str
    name: str
    message: str
    code: str = "invalid"
    pointer: str = ""


class UnprocessableContent(HttpError):
    """422: well-formed, but values were rejected; `errors` lists every one of them."""

    status = 422
    phrase = "Unprocessable Content"

    def __init__(
        self, detail: str = "", *, errors: Sequence[FieldError] = (), fields: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(detail, fields=fields)
        self.errors = list(errors)


class TooManyRequests(HttpError):
    """429: the client must slow down."""

    status = 429
    phrase = "Too Many Requests"


class ServiceUnavailable(HttpError):
    """503: not now; say when with a Retry-After field."""

    status = 503
    phrase = "Service Unavailable"
