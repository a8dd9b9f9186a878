"""Cross-site request forgery: is this request from one of our own pages?

    method is safe (GET, HEAD, OPTIONS, TRACE)                        allowed, nothing is looked at
    1 Sec-Fetch-Site  same-origin | none                              go on to 3
                      same-site | cross-site | anything else          refused, unless Origin is trusted: go on to 3
    2 Origin          (only without Sec-Fetch-Site)
                      this host, https when we are on https           go on to 3
                      trusted                                         go on to 3
                      another | null | malformed                      refused
                      absent                                          go on to 3
    3 token           valid for this session                          allowed
                      missing                                         refused
                      not valid                                       refused

Rules: all three layers must agree; a request from a trusted page still needs the token. The token on the page is the
session's secret under a fresh mask each time, so compressing pages reveals nothing of it (BREACH).
Source: Fetch Metadata (W3C); RFC 6454 (Origin); OWASP CSRF cheat sheet; the BREACH paper, section 3.4.
"""

from __future__ import annotations

import enum
import hmac
from collections.abc import Collection

from spica._core import mask_secret, random_text, unmask_secret
from spica.security import base64url

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
SECRET_BYTES = 32


class Verdict(enum.Enum):
    """The outcome of the checks; the value says in one sentence why."""

    ALLOWED = "allowed"
    CROSS_SITE = "the browser says that another site sent the request (Sec-Fetch-Site)"
    FOREIGN_ORIGIN = "the request comes from a page of another origin (Origin)"
    TOKEN_MISSING = "the request carries no CSRF token"  # noqa: S105 - a sentence, not a secret
    TOKEN_INVALID = "the CSRF token is not the one of this session"  # noqa: S105 - a sentence, not a secret


def check_source(
    fetch_site: str | None, origin: str | None, *, scheme: str, host: str, trusted: Collection[str] = ()
) -> Verdict:
    """Judge where a request with an unsafe method comes from: layers 1 and 2.

    Args:    fetch_site, origin: the fields Sec-Fetch-Site and Origin, None when absent; scheme, host: how we were
             reached; trusted: origins such as "https://admin.example.com" that may post here.
    Returns: ALLOWED (the token is still to be checked), CROSS_SITE or FOREIGN_ORIGIN.
    """
    if fetch_site is not None:
        if fetch_site in ("same-origin", "none") or (origin is not None and origin in trusted):
            return Verdict.ALLOWED
        return Verdict.CROSS_SITE
    if origin is None or origin in trusted or _is_own(origin, scheme, host):
        return Verdict.ALLOWED
    return Verdict.FOREIGN_ORIGIN


def check_token(token: str | None, secret: str | None) -> Verdict:
    """Judge a token: layer 3.

    Args:    token: as the form or field carried it; secret: the session's, None when the session has none yet.
    Returns: ALLOWED, TOKEN_MISSING or TOKEN_INVALID.
    """
    if not token:
        return Verdict.TOKEN_MISSING
    if secret is not None and verify_token(token, secret):
        return Verdict.ALLOWED
    return Verdict.TOKEN_INVALID


def make_secret() -> str:
    """Make the secret that a session keeps: 32 random octets as base64url."""
    return random_text(SECRET_BYTES)


def mask_token(secret: str) -> str:
    """Make a token for a page: the secret XORed with a fresh mask, and the mask. It differs on every call."""
    return mask_secret(secret)


def verify_token(token: str, secret: str) -> bool:
    """Tell whether a token was made from this secret, in time that doesn't depend on how much of it matches."""
    found, expected = unmask_secret(token), base64url.decode(secret)
    if found is None or expected is None or len(expected) != SECRET_BYTES:
        return False
    return hmac.compare_digest(found, expected)


def _is_own(origin: str, scheme: str, host: str) -> bool:
    origin_scheme, separator, authority = origin.partition("://")
    if not separator or not host or authority.lower() != host.lower():
        return False
    # On plain http the TLS may end in a proxy before us, so both are ours; on https only https is.
    return origin_scheme == "https" or (origin_scheme == "http" and scheme == "http")
