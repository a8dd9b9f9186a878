"""The cookie store: the whole session travels in the visitor's cookie, encrypted and authenticated.

Rules: nothing is kept here, so any worker serves any visitor and a restart loses nothing; a session can't be revoked
before it expires. What doesn't fit in 4,096 bytes is an error, never a session that is silently dropped.
"""

from __future__ import annotations

from spica.config.settings import Settings
from spica.http.cookies import MAX_COOKIE_BYTES
from spica.middleware.errors import UnstorableSession
from spica.middleware.session_data import SessionData
from spica.security.envelope import Sealer
from spica.security.keys import KeyRing


class CookieStore:
    """Sessions in encrypted cookies; the purpose of its keys is "session"."""

    def __init__(self) -> None:
        self._sealer: Sealer | None = None

    def bind(self, settings: Settings) -> None:
        """Derive the keys. Raises NoSecretKey, WeakSecretKey."""
        self._sealer = Sealer(KeyRing(settings.app.secret_keys).derive("session"))

    def load(self, cookie: str, name: str) -> SessionData | None:
        """Open a cookie; None when it was changed, is another cookie's, or has expired."""
        octets = self._bound().open(cookie, name)
        return None if octets is None else SessionData.decode(octets)

    def save(self, session: SessionData, name: str, *, expires_at: int) -> str | None:
        """Seal a session that changed. Raises UnstorableSession when it is too large for a cookie."""
        octets = session.encode()
        if octets is None:
            return None
        sealed = self._bound().seal(octets, name, expires_at=expires_at)
        size = len(name) + len(sealed) + 1
        if size > MAX_COOKIE_BYTES:
            raise UnstorableSession(
                f"the session takes {size} bytes as a cookie, browsers keep {MAX_COOKIE_BYTES}",
                where=f"its keys: {', '.join(sorted(session))}",
                why="the cookie store keeps the whole session in the visitor's cookie",
                fix="store ids and load the objects where they are needed",
            )
        return sealed

    def _bound(self) -> Sealer:
        if self._sealer is None:
            raise RuntimeError("CookieStore.bind(settings) has not been called")
        return self._sealer
