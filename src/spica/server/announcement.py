"""What a server tells people on stderr, and the line that says where it listens."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence


def tell(text: str) -> None:
    """Write a line, or several, at once: print writes the end of a line apart, and processes that share stderr mix.

    Whoever read our output may have gone; that ends no server.
    """
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def render_announcement(name: str, urls: Sequence[str], workers: int = 0, *, tls: bool = False) -> str:
    """Write it; workers: 0 for a server without a supervisor; tls: whether it is reached by https."""
    if tls:
        urls = [url.replace("http://", "https://", 1) for url in urls]
    count = f", {workers} worker{'s' if workers > 1 else ''}" if workers else ""
    return f"{name or 'spica'} on {' and '.join(urls)}{count} (Ctrl-C stops)"
