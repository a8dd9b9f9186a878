"""ContentSecurityPolicy: which sources a page may load from, and the nonce of a page's own inline scripts and styles.

Rules:
- A nonce is made when a template asks for one, once a request; a page that doesn't ask gets the policy as it stands.
- A page with a nonce is not stored: a later 304 would bring another policy, and stop the scripts of the stored page.
- A directive that allows everything inline, or nothing at all, keeps its word: no nonce is added to it.
Source: Content Security Policy Level 3 (W3C), sections 2.3, 6.7.2.3 and 8.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from spica._core import random_text
from spica.errors.base import closest
from spica.http.context import Context
from spica.http.fields import check_field
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.static_fields import StaticFields
from spica.templates.functions import uses_context

POLICY_FIELDS = ("content-security-policy", "content-security-policy-report-only")
NONCE = "{nonce}"
"""Where `build_nonce_form` leaves a place for the nonce."""
_KEYWORDS = frozenset(
    {
        "none", "report-sample", "self", "strict-dynamic", "unsafe-eval", "unsafe-hashes", "unsafe-inline",
        "wasm-unsafe-eval",
    }
)  # fmt: skip
_MADE = "spica.csp_nonce"
_NOT_STORED = "no-store"

DEFAULT_POLICY: dict[str, Sequence[str]] = {
    "default_src": ["'self'"],
    "img_src": ["'self'", "data:"],
    "object_src": ["'none'"],
    "base_uri": ["'self'"],
    "form_action": ["'self'"],
    "frame_ancestors": ["'self'"],
}
"""Everything from our own host, nothing inline, no plug-ins; frames of our own pages only."""

DIRECTIVES = frozenset(
    {
        "base_uri", "child_src", "connect_src", "default_src", "font_src", "form_action", "frame_ancestors",
        "frame_src", "img_src", "manifest_src", "media_src", "object_src", "report_to", "report_uri",
        "require_trusted_types_for", "sandbox", "script_src", "script_src_attr", "script_src_elem", "style_src",
        "style_src_attr", "style_src_elem", "trusted_types", "upgrade_insecure_requests", "worker_src",
    }
)  # fmt: skip
"""The names of the standard, with underscores."""


class ContentSecurityPolicy(StaticFields):
    """Sets Content-Security-Policy.

    Args:    report_only: report violations without blocking; directives: over the default policy, as
             `script_src=["'self'", "https://cdn.example"]`; [] removes a directive of it. Reports go where
             `report_uri=["/csp-reports"]` says.
    Raises:  InvalidMiddleware for a directive that doesn't exist or a source that would end the directive.
    """

    def __init__(self, *, report_only: bool = False, **directives: Sequence[str]) -> None:
        name = "content-security-policy-report-only" if report_only else "content-security-policy"
        super().__init__({name: build_policy({**DEFAULT_POLICY, **directives})})


def build_policy(directives: Mapping[str, Sequence[str]]) -> str:
    """Build the value of the field: `default-src 'self'; img-src 'self' data:`.

    Args:    directives: names with underscores and their sources; [] leaves one out, [""] writes it without sources.
    Raises:  InvalidMiddleware as ContentSecurityPolicy; InvalidField for bytes that can't be sent.
    """
    parts = []
    for name, sources in directives.items():
        if name not in DIRECTIVES:
            near = closest(name, DIRECTIVES)
            raise InvalidMiddleware(
                f"{name!r} is not a directive of Content-Security-Policy",
                fix=f"did you mean {near[0]}?" if near else "see the list in the Content Security Policy standard",
            )
        _check_keywords(name, sources)
        if isinstance(sources, str) or any(character in source for source in sources for character in ";, \t"):
            raise InvalidMiddleware(
                f"the sources of {name} are not a list of single sources: {sources!r}",
                fix=f"""{name}=["'self'", "https://cdn.example.com"]""",
            )
        if sources:
            parts.append(" ".join([name.replace("_", "-"), *sources]).rstrip())
    return check_field("content-security-policy", "; ".join(parts))[1]


@lru_cache(maxsize=64)  # every route asks, and most have the same policy
def build_nonce_form(policy: str) -> str:
    """Build the policy of pages with a nonce: `NONCE` stands where it goes.

    Args:    policy: the value of a Content-Security-Policy field.
    Returns: the policy with 'nonce-{nonce}' among the sources of scripts and styles; as it is where it allows all of
             them anyway, or none.
    """
    directives = {name: sources for name, *sources in map(str.split, policy.split(";")) if name} if policy else {}
    for kind in ("script-src", "style-src"):
        named = [name for name in (kind, f"{kind}-elem") if name in directives]
        if not named and "default-src" in directives:
            fallback = [source for source in directives["default-src"] if source != "'none'"]
            directives[kind] = [*fallback, f"'nonce-{NONCE}'"] if _takes_nonce(fallback) else fallback
        for name in named:
            if directives[name] != ["'none'"] and _takes_nonce(directives[name]):
                directives[name] = [*directives[name], f"'nonce-{NONCE}'"]
    return "; ".join(" ".join([name, *sources]) for name, sources in directives.items())


@uses_context
def csp_nonce(ctx: Context | None) -> str:
    """Return this page's nonce, making it on first use: `<script nonce="{{ csp_nonce() }}">`.

    Returns: 22 characters for 128 random bits; "" outside of a request, and where the route has no policy.
    """
    if ctx is None or not ctx.services.nonce_policies:
        return ""
    nonce: str | None = ctx.assigns.get(_MADE)
    if nonce is None:
        nonce = ctx.assigns[_MADE] = random_text(16)
        response = ctx.response
        for name, policy in ctx.services.nonce_policies:
            response.put_field(name, policy.replace(NONCE, nonce))
        if response.header("cache-control") is None:
            response.put_field("cache-control", _NOT_STORED)
    return nonce


def _takes_nonce(sources: Sequence[str]) -> bool:
    """Whether a nonce adds to these sources: beside 'unsafe-inline' it would take away what that allows."""
    return "'unsafe-inline'" not in sources or "'strict-dynamic'" in sources


def _check_keywords(name: str, sources: Sequence[str]) -> None:
    """Refuse a keyword without its quotes: browsers would take it for a host."""
    for source in () if isinstance(sources, str) else sources:
        if source in _KEYWORDS or source.startswith(("nonce-", "sha256-", "sha384-", "sha512-")):
            raise InvalidMiddleware(
                f"the source {source} of {name} is written without its quotes",
                why=f"browsers take it for a host of the name {source}",
                fix=f"""{name}=["'{source}'"]""",
            )
