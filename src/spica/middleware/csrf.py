"""Csrf: refuses requests that another site made a visitor's browser send, and gives pages their token.

The checks and their order are `spica.security.csrf`. The template functions at the end are what pages use:
`{{ csrf_meta() }}` in the head of a layout, `{{ csrf_field() }}` in each form.
"""

from __future__ import annotations

from collections.abc import Sequence

from spica.config.settings import Settings
from spica.errors.http import Forbidden
from spica.http.context import Context
from spica.http.response import Response
from spica.middleware.pipeline import Middleware
from spica.security.csrf import SAFE_METHODS, Verdict, check_source, check_token, make_secret, mask_token
from spica.templates.functions import uses_context
from spica.templates.safe import Safe

FIELD = "_csrf_token"
HEADER = "x-csrf-token"
_MASKED = "spica.csrf_token"

_FIX = {
    Verdict.TOKEN_MISSING: (
        f"Put {{{{ csrf_field() }}}} into the form, or send the token of {{{{ csrf_meta() }}}} in the field {HEADER}."
    ),
    Verdict.TOKEN_INVALID: "The session ended or changed since the page was loaded: go back, reload it and try again.",
    Verdict.CROSS_SITE: "If that site is yours, name its origin: m.Csrf(trusted=['https://other.example']).",
    Verdict.FOREIGN_ORIGIN: "If that origin is yours, name it: m.Csrf(trusted=['https://other.example']).",
}

_TO_A_VISITOR = "This page was out of date, or another site sent the request: go back, reload the page and try again."


class Csrf(Middleware):
    """Protects every method but GET, HEAD, OPTIONS and TRACE. It needs Session before it in the pipeline.

    Args:    trusted: origins of other sites of yours that may post here, such as "https://admin.example.com".
    """

    refuses: tuple[int, ...] = (403,)
    needs_session = True

    def __init__(self, *, trusted: Sequence[str] = ()) -> None:
        self._trusted = frozenset(trusted)
        self._explains = False

    def bind(self, settings: Settings) -> None:
        """Explain a refusal to developers; to visitors in production only say what they can do."""
        self._explains = not settings.is_production

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
        """Refuse a request, by default with the application's own 403; override it for another answer.

        Raises: Forbidden, which becomes a page or problem details by what the client takes.
        """
        if not self._explains:
            raise Forbidden(_TO_A_VISITOR)
        raise Forbidden(f"The request was refused: {verdict.value}. {_FIX[verdict]}")


def sent_token(ctx: Context) -> str | None:
    """Return the token of a request: from its header, else from its form; None when there is none."""
    request = ctx.request
    token = request.native.field(HEADER)
    if token is None and request.has_form:
        sent = request.form().get(FIELD)
        token = sent if isinstance(sent, str) else None
    return token


@uses_context
def csrf_token(ctx: Context) -> str:
    """Return a token for this session, making its secret on first use; each page has another, all are valid."""
    session = ctx.session
    secret = session.csrf_secret
    if secret is None:
        secret = session.csrf_secret = make_secret()
    # One mask for the whole page: compression sees it together with everything else on it, so a second hides no more.
    masked: tuple[str, str] | None = ctx.assigns.get(_MASKED)
    if masked is None or masked[0] != secret:
        masked = ctx.assigns[_MASKED] = (secret, mask_token(secret))
    return masked[1]


@uses_context
def csrf_field(ctx: Context) -> Safe:
    """Return the hidden input that a form posts."""
    return Safe(f'<input type="hidden" name="{FIELD}" value="{csrf_token(ctx)}">')


@uses_context
def csrf_meta(ctx: Context) -> Safe:
    """Return the meta element from which scripts take the token for the field X-CSRF-Token."""
    return Safe(f'<meta name="csrf-token" content="{csrf_token(ctx)}">')
