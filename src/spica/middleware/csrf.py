"""Csrf: refuses requests that another site made a visitor's browser send, and gives pages their token.

The checks and their order are `spica.security.csrf`. The template functions at the end are what pages use:
`{{ csrf_meta() }}` in the head of a layout, `{{ csrf_field() }}` in each form.
"""

from __future__ import annotations

from collections.abc import Sequence

from spica._core import escape
from spica.http import media_types
from spica.http.context import Context
from spica.http.problem import build_problem, respond_with
from spica.http.response import Response
from spica.middleware.pipeline import Middleware
from spica.security.csrf import SAFE_METHODS, Verdict, check_source, check_token, make_secret, mask_token
from spica.templates.functions import uses_context
from spica.templates.safe import Safe

FIELD = "_csrf_token"
HEADER = "x-csrf-token"

_FIX = {
    Verdict.TOKEN_MISSING: (
        f"Put {{{{ csrf_field() }}}} into the form, or send the token of {{{{ csrf_meta() }}}} in the field {HEADER}."
    ),
    Verdict.TOKEN_INVALID: "The session ended or changed since the page was loaded: go back, reload it and try again.",
    Verdict.CROSS_SITE: "If that site is yours, name its origin: m.Csrf(trusted=['https://other.example']).",
    Verdict.FOREIGN_ORIGIN: "If that origin is yours, name it: m.Csrf(trusted=['https://other.example']).",
}

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>403 Forbidden</title></head>
<body>
<h1>This request was refused</h1>
<p>It was not sent by a page of this site, or that page is out of date: {reason}.</p>
<p>{fix}</p>
</body>
</html>
"""


class Csrf(Middleware):
    """Protects every method but GET, HEAD, OPTIONS and TRACE. It needs Session before it in the pipeline.

    Args:    trusted: origins of other sites of yours that may post here, such as "https://admin.example.com".
    """

    def __init__(self, *, trusted: Sequence[str] = ()) -> None:
        self._trusted = frozenset(trusted)

    def before(self, ctx: Context) -> Response | None:
        """Let a request through, or answer it with 403."""
        native = ctx.request.native
        if native.method in SAFE_METHODS:
            return None
        verdict = check_source(
            native.field("sec-fetch-site"),
            native.field("origin"),
            scheme=native.scheme,
            host=ctx.request.host,
            trusted=self._trusted,
        )
        if verdict is Verdict.ALLOWED:
            verdict = check_token(sent_token(ctx), ctx.session.csrf_secret)
        return None if verdict is Verdict.ALLOWED else self.refuse(ctx, verdict)

    def refuse(self, ctx: Context, verdict: Verdict) -> Response:
        """Build the 403: a page, or problem details for clients that prefer JSON. Override it for your own page."""
        fix = _FIX[verdict]
        if ctx.request.accepts("text/html", "application/json") == "text/html":
            return Response.html(_PAGE.format(reason=escape(verdict.value), fix=escape(fix)), status=403)
        return respond_with(build_problem(403, f"The request was refused: {verdict.value}.", fix=fix))


def sent_token(ctx: Context) -> str | None:
    """Return the token of a request: from its header, else from its form; None when there is none."""
    request = ctx.request
    token = request.native.field(HEADER)
    if token is None and request.content_type in (media_types.URLENCODED, media_types.MULTIPART):
        sent = request.form().get(FIELD)
        token = sent if isinstance(sent, str) else None
    return token


@uses_context
def csrf_token(ctx: Context) -> str:
    """Return a token for this session, making its secret on first use; every call gives another, all are valid."""
    session = ctx.session
    if session.csrf_secret is None:
        session.csrf_secret = make_secret()
    return mask_token(session.csrf_secret)


@uses_context
def csrf_field(ctx: Context) -> Safe:
    """Return the hidden input that a form posts."""
    return Safe(f'<input type="hidden" name="{FIELD}" value="{csrf_token(ctx)}">')


@uses_context
def csrf_meta(ctx: Context) -> Safe:
    """Return the meta element from which scripts take the token for the field X-CSRF-Token."""
    return Safe(f'<meta name="csrf-token" content="{csrf_token(ctx)}">')
