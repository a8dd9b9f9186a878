"""SecurityHeaders: the fields that make a browser careful, on by default.

Source: OWASP Secure Headers project; RFC 6797 (HSTS); Content Security Policy Level 3.
"""

from __future__ import annotations

from spica.config.settings import Settings
from spica.middleware.content_security_policy import DEFAULT_POLICY, build_policy
from spica.middleware.static_fields import StaticFields

DEFAULT_FIELDS: dict[str, str | None] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": build_policy(DEFAULT_POLICY),
}
HSTS = "max-age=63072000; includeSubDomains"


class SecurityHeaders(StaticFields):
    """Adds the safe fields to responses that don't set them themselves.

    Args:    hsts: whether to tell browsers to use https only; None (default) does it in production behind TLS;
             fields: other values, as `x_frame_options="DENY"`; None leaves one out.
    """

    def __init__(self, *, hsts: bool | None = None, **fields: str | None) -> None:
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        self._hsts = hsts
        super().__init__({**DEFAULT_FIELDS, "strict-transport-security": HSTS if hsts else None, **named})

    def bind(self, settings: Settings) -> None:
        """Add Strict-Transport-Security where the configuration says that TLS is in front."""
        own = {name for name, _ in self.static_fields}
        wanted = settings.is_production and settings.server.is_secure
        if self._hsts is None and wanted and "strict-transport-security" not in own:
            self.static_fields = (*self.static_fields, ("strict-transport-security", HSTS))
