"""ETag: a validator for whole responses, and 304 to a client that has the same one already.

Rules:
- For GET and HEAD with 200 and a content of octets; not for files (the server does it), streams, `no-store`, nor a
  response that sets its own or a cookie.
- The work of the handler is done all the same: this saves the transfer. `ctx.fresh_when` saves the work.
- The validator is weak: the server may compress the same content in several ways.
- A page that says something else each time, as one with a CSRF token or a nonce does, never matches.
Source: RFC 9110 sections 8.8.3, 13.1.2 and 15.4.5.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import ClassVar

from spica.http.context import Context
from spica.http.response import Response
from spica.middleware.pipeline import Middleware

_NOT_IN_304 = frozenset({"content-type", "content-length", "content-encoding", "content-language", "last-modified"})


class ETag(Middleware):
    """Adds ETag and answers If-None-Match."""

    methods: ClassVar[frozenset[str]] = frozenset({"GET", "HEAD"})

    def after(self, ctx: Context, response: Response) -> Response | None:
        """Add the validator; a 304 when the client has it."""
        native = ctx.request.native
        if native.method not in self.methods or response.status != 200 or not _is_tagged(response, ctx):
            return None
        tag = f'W/"{blake2b(response.body, digest_size=12).hexdigest()}"'
        sent = native.field("if-none-match")
        if sent is None or not matches(", ".join(native.field_values("if-none-match")), tag):
            response.fields.append(("etag", tag))
            return None
        kept = [field for field in response.fields if field[0] not in _NOT_IN_304]
        return Response(status=304, fields=[*kept, ("etag", tag)])


def matches(field: str, tag: str) -> bool:
    """Tell whether If-None-Match names a validator, by the weak comparison.

    Args:    field: `*`, or entity tags with commas between; tag: ours.
    """
    if field.strip() == "*":
        return True
    opaque = tag.removeprefix("W/")
    return any(one.strip().removeprefix("W/") == opaque for one in field.split(","))


def _is_tagged(response: Response, ctx: Context) -> bool:
    if response.file is not None or response.stream is not None or not response.body:
        return False
    for fields in (response, ctx.response) if ctx.has_response_defaults else (response,):
        for name, value in fields.fields:
            if name in ("etag", "set-cookie") or (name == "cache-control" and "no-store" in value):
                return False
    return True
