"""RequestId: one id for a request, in its log lines and in the response's X-Request-Id field."""

from __future__ import annotations

import re

from spica.http.context import Context
from spica.http.response import Response
from spica.middleware.pipeline import Middleware

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._\-]{8,128}").fullmatch


class RequestId(Middleware):
    """Takes the id a proxy sent in X-Request-Id when it is harmless text, else uses `ctx.trace_id`'s own.

    Args:    trust: whether an id that came in is used; say False when clients reach the app directly and log lines
             must not be theirs to choose.
    """

    def __init__(self, *, trust: bool = True) -> None:
        self._trust = trust

    def before(self, ctx: Context) -> None:
        """Adopt an id that came in."""
        if self._trust:
            sent = ctx.request.native.field("x-request-id")
            if sent is not None and _ACCEPTABLE(sent):
                ctx.trace_id = sent

    def after(self, ctx: Context, response: Response) -> None:
        """Send the id along."""
        response.fields.append(("x-request-id", ctx.trace_id))
