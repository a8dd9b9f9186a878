"""Cache-Control: who may keep a response, and for how long.

Source: RFC 9111 section 5.2.2; RFC 5861 (stale-while-revalidate, stale-if-error); RFC 8246 (immutable).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict, Unpack

if TYPE_CHECKING:
    from spica.http.response import Response

Duration = int | timedelta

NO_STORE = "no-store"
REVALIDATE = "private, no-cache"
"""What an ETag means without more: the visitor's browser keeps it, and asks each time."""
_SHARED = ("public", "s-maxage", "proxy-revalidate")


class CacheOptions(TypedDict, total=False):
    """What a cached response may say besides its age.

    `public`: shared caches may keep it too; `shared`: for how long they do, when that differs; `must_revalidate`: never
    used when it is old; `stale_while_revalidate`, `stale_if_error`: how long it may be used though it is old, while a
    new one is fetched, or can't be; `immutable`: it never changes, so a reload doesn't ask.
    """

    public: bool
    shared: Duration | None
    must_revalidate: bool
    stale_while_revalidate: Duration | None
    stale_if_error: Duration | None
    immutable: bool


def build_cache_control(max_age: Duration, **options: Unpack[CacheOptions]) -> str:
    """Build a Cache-Control field.

    Args:    max_age: how long it is fresh, in seconds or as a timedelta; options: see CacheOptions.
    Raises:  ValueError for a negative time, or `shared` without `public`.
    """
    public = options.get("public", False)
    if options.get("shared") is not None and not public:
        raise ValueError("shared= is how long shared caches keep a response, and without public=True they don't")
    parts = ["public" if public else "private", f"max-age={to_seconds(max_age)}"]
    for name, duration in (
        ("s-maxage", options.get("shared")),
        ("stale-while-revalidate", options.get("stale_while_revalidate")),
        ("stale-if-error", options.get("stale_if_error")),
    ):
        if duration is not None:
            parts.append(f"{name}={to_seconds(duration)}")
    parts += [
        name
        for name, on in (("must-revalidate", options.get("must_revalidate")), ("immutable", options.get("immutable")))
        if on
    ]
    return ", ".join(parts)


def to_seconds(duration: Duration) -> int:
    """Whole seconds of a duration. Raises ValueError when it is negative."""
    seconds = int(duration.total_seconds()) if isinstance(duration, timedelta) else int(duration)
    if seconds < 0:
        raise ValueError(f"a response can't be kept for {duration!r}")
    return seconds


def keep_private(response: Response) -> None:
    """Keep a response that sets cookies out of shared caches, which would hand one visitor's to another."""
    field = response.header("cache-control")
    if field is None:
        if response.header("etag") is not None or response.header("last-modified") is not None:
            response.set_header("cache-control", REVALIDATE)
        return
    parts = [part.strip() for part in field.split(",")]
    kept = [part for part in parts if part.partition("=")[0].lower() not in _SHARED]
    if len(kept) < len(parts):
        response.set_header(
            "cache-control", ", ".join(["private", *(part for part in kept if part.lower() != "private")])
        )
