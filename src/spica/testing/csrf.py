"""The session of the test client, opened with the application's own keys: for CSRF tokens, signing in, a look inside.

Rules: stores may wait or not; statements that a store in the database runs for the client are not those of the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from spica.app.application import App
from spica.middleware.session_data import SessionData
from spica.middleware.sessions import Session
from spica.security.csrf import make_secret, mask_token
from spica.testing.cookies import CookieJar
from spica.testing.queries import uncounted


class SessionCookies:
    """Reads and writes the session cookie of a client."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    def find(cls, app: App) -> Self | None:
        """Find the application's Session middleware; None when it has none."""
        session = next((one for one in app.middleware if isinstance(one, Session)), None)
        return None if session is None else cls(session)

    async def load(self, cookies: CookieJar) -> SessionData:
        """Open the client's session; a new one when it has none."""
        with uncounted():
            return await self._session.load_cookie(cookies.get(self._session.name))

    async def save(self, cookies: CookieJar, session: SessionData) -> None:
        """Put a session into the client's cookies."""
        with uncounted():
            expires_at = self._session.expiry_of(session)
            saved = self._session.store.save(session, self._session.name, expires_at=expires_at)
            value = saved if saved is None or isinstance(saved, str) else await saved
        if value is not None:
            cookies[self._session.name] = value

    async def change(self, cookies: CookieJar, values: Mapping[str, Any] | None, owner: object = None) -> None:
        """Begin a session with these values beside those it has, as a login of `owner` does; None empties it."""
        session = await self.load(cookies)
        if values is None:
            session.clear()
        else:
            session.rotate(owner=owner)
            session.update(values)
        if session.is_empty:
            cookies.pop(self._session.name, None)
        else:
            await self.save(cookies, session)

    async def token_for(self, cookies: CookieJar) -> str:
        """Give a token of the client's session, making its secret when a page has not done so yet."""
        session = await self.load(cookies)
        if session.csrf_secret is None:
            session.csrf_secret = make_secret()
            await self.save(cookies, session)
        return mask_token(session.csrf_secret)
