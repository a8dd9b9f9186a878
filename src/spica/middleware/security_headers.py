"""SecurityHeaders: the fields that make a browser careful, on by default.

Source: OWASP Secure Headers project; RFC 6797 (HSTS); Content Security Policy Level 3.
"""

from __future__ import annotations

from spica.config.settings import Settings
from spica.errors.base import closest
from spica.http.fields import check_field
from spica.middleware.content_security_policy import DEFAULT_POLICY, POLICY_FIELDS, build_policy
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.static_fields import StaticFields

DEFAULT_FIELDS: dict[str, str | None] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": build_policy(DEFAULT_POLICY),
}
KNOWN_FIELDS = frozenset(
    {
        *DEFAULT_FIELDS, *POLICY_FIELDS, "clear-site-data", "cross-origin-embedder-policy",
        "cross-origin-embedder-policy-report-only", "cross-origin-opener-policy-report-only",
        "cross-origin-resource-policy", "document-policy", "integrity-policy", "nel", "origin-agent-cluster",
        "permissions-policy-report-only", "report-to", "reporting-endpoints", "strict-transport-security",
        "timing-allow-origin", "x-dns-prefetch-control", "x-download-options", "x-permitted-cross-domain-policies",
        "x-robots-tag", "x-xss-protection",
    }
)  # fmt: skip
"""What may be given; another name is sent too, unless it looks like one of these."""
HSTS = "max-age=63072000; includeSubDomains"


class SecurityHeaders(StaticFields):
    """Adds the safe fields to responses that don't set them themselves.

    Args:    hsts: whether to tell browsers to use https only; None (default) does it in production behind TLS;
             fields: other values, as `x_frame_options="DENY"`; None leaves one out.
    Raises:  InvalidMiddleware for the name of a field that is nearly one; InvalidField for a value that can't be sent.
    """

    def __init__(self, *, hsts: bool | None = None, **fields: str | None) -> None:
        named = {name.replace("_", "-").lower(): value for name, value in fields.items()}
        for name, value in named.items():
            _check_name(name)
            check_field(name, value or "")
        self._hsts = hsts
        super().__init__({**DEFAULT_FIELDS, "strict-transport-security": HSTS if hsts else None, **named})

    def bind(self, settings: Settings) -> None:
        """Add Strict-Transport-Security where the configuration says that TLS is in front."""
        own = {name for name, _ in self.static_fields}
        wanted = settings.is_production and settings.server.is_secure
        if self._hsts is None and wanted and "strict-transport-security" not in own:
            self.static_fields = (*self.static_fields, ("strict-transport-security", HSTS))


def _check_name(name: str) -> None:
    near = closest(name, KNOWN_FIELDS) if name not in KNOWN_FIELDS else []
    if near:
        raise InvalidMiddleware(
            f"SecurityHeaders is given {name.replace('-', '_')}", fix=f"did you mean {near[0].replace('-', '_')}?"
        )
