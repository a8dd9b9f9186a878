"""Jwks: the keys that an identity provider publishes, fetched and kept.

Rules:
- Over https only, except from this machine; at most 1 MiB, in ten seconds, on a thread of its own.
- One fetch at a time. Keys are asked for again after an hour, and for a key that is not among them once a minute at
  most, so that tokens of anybody's making cause no storm. When a fetch fails the old keys count.
Source: RFC 7517 section 5.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import urlsplit

from spica.errors.http import ServiceUnavailable
from spica.middleware.errors import InvalidMiddleware

KEPT_S = 3_600
RETRY_S = 60
TIMEOUT_S = 10
MAX_BYTES = 1024 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_log = logging.getLogger("spica.middleware")


class Jwks:
    """The keys at an address. Args: url: of a JWK set. Raises: InvalidMiddleware for plain http."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise InvalidMiddleware(
                f"the keys of Jwt are at {url!r}",
                why="whoever can change them on the way can sign tokens",
                fix="use an https address",
            )
        self._url = url
        self._keys: Any = None
        self._ids: frozenset[str] = frozenset()
        self._fetched_at = self._asked_at = float("-inf")
        self._lock: asyncio.Lock | None = None

    async def find(self, token: str) -> Any:
        """Return the set of keys for a token; None when it names a key that isn't among them.

        Raises: ServiceUnavailable when no keys could be had yet.
        """
        kid = _kid_of(token)
        if self._is_due(kid):
            self._lock = self._lock or asyncio.Lock()
            async with self._lock:
                if self._is_due(kid):
                    await self._fetch()
        if self._keys is None:
            raise ServiceUnavailable("tokens can't be checked now", fields=[("retry-after", str(RETRY_S))])
        return None if kid is not None and kid not in self._ids else self._keys

    def _is_due(self, kid: str | None) -> bool:
        now = time.monotonic()
        if now - self._asked_at < RETRY_S:
            return False
        return now - self._fetched_at > KEPT_S or (kid is not None and kid not in self._ids)

    async def _fetch(self) -> None:
        from joserfc.jwk import KeySet

        self._asked_at = time.monotonic()
        try:
            found = json.loads(await asyncio.to_thread(_download, self._url))
            self._keys = KeySet.import_key_set(found)
        except Exception:
            _log.exception("the keys at %s can't be had", self._url)
            return
        self._ids = frozenset(str(key["kid"]) for key in found["keys"] if "kid" in key)
        self._fetched_at = self._asked_at


def _download(url: str) -> bytes:
    import urllib.request  # heavy, and only this needs it

    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:  # noqa: S310 - the scheme was checked
        if urlsplit(response.url).scheme != urlsplit(url).scheme:
            raise ValueError(f"redirected to {response.url}")
        content: bytes = response.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    return content


def _kid_of(token: str) -> str | None:
    """The key that a token names; None when it names none, or is no token."""
    head = token.partition(".")[0]
    try:
        kid = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4))).get("kid")
    except (ValueError, AttributeError, RecursionError):
        return None
    return kid if isinstance(kid, str) else None
