"""The line that says where a server listens."""

from __future__ import annotations

from collections.abc import Sequence


def render_announcement(name: str, urls: Sequence[str], workers: int = 0) -> str:
    """Write it; workers: 0 for a server without a supervisor."""
    count = f", {workers} worker{'s' if workers > 1 else ''}" if workers else ""
    return f"{name or 'spica'} on {' and '.join(urls)}{count} (Ctrl-C stops)"
