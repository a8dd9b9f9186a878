"""Responses: what a client is told of an exception.

Rules of this file:
- A refusal says why: the sentence of an `HttpError`, every field that was refused, or a value of your own.
- Anything else is a failure, of which the client learns nothing but that it happened.
"""

from __future__ import annotations

from typing import Any

from spica.channels.errors import Refused
from spica.errors.http import HttpError, UnprocessableContent


def describe_refusal(error: BaseException) -> Any:
    """The response to a join or message that was refused; None when it failed."""
    if isinstance(error, Refused):
        return error.response
    if not isinstance(error, HttpError):
        return None
    response: dict[str, Any] = {"reason": error.detail}
    if isinstance(error, UnprocessableContent) and error.errors:
        response["errors"] = [{"name": one.name, "message": one.message, "code": one.code} for one in error.errors]
    return response
