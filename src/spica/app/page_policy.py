"""The Content-Security-Policy of pages that Spica makes itself: one style sheet, named by its hash, and nothing else.

So nothing injected into such a page could style it, load anything or run.
"""

from __future__ import annotations

import functools
from base64 import b64encode


@functools.cache
def build_policy(style: str) -> str:
    """Build the policy of a page whose only style element holds `style`."""
    # Here and not above: OpenSSL takes a megabyte, and most servers never make such a page.
    import hashlib

    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
