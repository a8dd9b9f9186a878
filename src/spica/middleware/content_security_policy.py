"""ContentSecurityPolicy: which sources a page may load from.

Source: Content Security Policy Level 3 (W3C).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spica.errors.base import closest
from spica.http.fields import check_field
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.static_fields import StaticFields

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
             `script_src=["'self'", "https://cdn.example"]`; [] removes a directive of it.
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
        if isinstance(sources, str) or any(character in source for source in sources for character in ";, \t"):
            raise InvalidMiddleware(
                f"the sources of {name} are not a list of single sources: {sources!r}",
                fix=f"""{name}=["'self'", "https://cdn.example.com"]""",
            )
        if sources:
            parts.append(" ".join([name.replace("_", "-"), *sources]).rstrip())
    return check_field("content-security-policy", "; ".join(parts))[1]
