"""Where a redirect may lead: the guard against open redirects.

Rules:
- A target is read as a browser reads it: `\\` is `/`, so `/\\evil.example` and `//evil.example` are other hosts.
- Control bytes are refused always; other hosts unless the caller allows them; script-like schemes always.
Source: WHATWG URL section 4.4 (special schemes); CWE-601.
"""

from __future__ import annotations

import re

from spica.http.errors import UnsafeRedirect
from spica.http.url import encode_location

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:").match
_SCRIPT_SCHEMES = frozenset({"javascript:", "data:", "vbscript:", "blob:", "file:"})


def check_redirect(url: str, host: str, *, allow_other_host: bool = False) -> str:
    """Accept a redirect target and make it sendable, or refuse it.

    Args:    url: path, relative reference or absolute URL; host: the Host of the request, with its port if it has one;
             allow_other_host: whether another host, or a scheme such as `myapp:`, is meant.
    Returns: the target with spaces and characters outside ASCII percent-encoded.
    Raises:  UnsafeRedirect (a 400) when the target holds control bytes or leads elsewhere without permission.
    """
    if _CONTROL(url):
        raise UnsafeRedirect(
            f"the redirect target {url[:80]!r} holds control bytes",
            why="a line break in a field would start a field of the attacker's choice",
            fix="percent-encode values before they become part of a URL: spica.http.url.quote(value)",
        )
    if not (_is_local(url) or leads_to(url, host)) and (not allow_other_host or _is_script(url)):
        raise UnsafeRedirect(
            f"the redirect target {url[:80]!r} is not on {host or 'this host'}",
            why="a target that a visitor can choose would send others to the attacker's page (open redirect)",
            fix="redirect to a path, or pass allow_other_host=True when the target is yours",
        )
    return encode_location(url)


def leads_to(url: str, host: str) -> bool:
    """Tell whether an absolute http(s) URL, or one that starts with `//`, names exactly this host and port."""
    text = url.strip()
    # Sent, the backslash is `%5C`: what ends an authority here would be a name before its `@` there.
    if "\\" in re.split(r"[?#]", text, maxsplit=1)[0]:
        return False
    scheme = _SCHEME(text)
    if scheme is not None:
        if scheme.group().lower() not in {"http:", "https:"}:
            return False
        text = text[scheme.end() :]
    if not text.startswith("//") or not host:
        return False
    authority = re.split(r"[/?#]", text[2:], maxsplit=1)[0]
    return authority.lower() == host.lower()


def _is_local(url: str) -> bool:
    text = url.strip().replace("\\", "/")
    return not text.startswith("//") and _SCHEME(text) is None


def _is_script(url: str) -> bool:
    scheme = _SCHEME(url.strip())
    return scheme is not None and scheme.group().lower() in _SCRIPT_SCHEMES
