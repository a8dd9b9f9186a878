"""Session: gives a route `ctx.session` and `ctx.flash`.

Rules:
- Nothing is decrypted until a handler asks for the session, and nothing is written unless it changed.
- A response whose session was read says `Vary: Cookie`, and is for this visitor alone unless it says otherwise. So does
  a streamed one, because what makes it may still read the session.
- A streamed response's cookie has left before its content is made: a change from then on is lost, and logged.
- Two limits: idle (since it was last seen) and absolute (since it began, or was rotated at login).
Source: OWASP session management cheat sheet.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator

from spica.config.settings import Settings
from spica.http.context import Context
from spica.http.cookies import CookieOptions, build_delete_cookie, build_set_cookie
from spica.http.response import Response
from spica.http.streaming import Chunk, Streamable, iterate, name_after
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import Middleware
from spica.middleware.session_data import SessionData
from spica.middleware.session_store import SessionStore
from spica.middleware.session_stores.cookie import CookieStore

DAY_S = 86_400
_CACHE_CONTROL = "private, max-age=0, must-revalidate"
_log = logging.getLogger("spica.middleware")


class Session(Middleware):
    """Loads the session on first use and saves it when it changed.

    Args:    store: "cookie", or a SessionStore; name: of the cookie; idle_s, absolute_s: the limits in seconds, default
             7 and 30 days; secure: True or False, None (default) is True over https and behind TLS.
    Raises:  InvalidMiddleware for an unknown store; NoSecretKey at boot when the app has no secret key.
    """

    def __init__(
        self,
        *,
        store: str | SessionStore = "cookie",
        name: str = "spica_session",
        idle_s: int = 7 * DAY_S,
        absolute_s: int = 30 * DAY_S,
        secure: bool | None = None,
    ) -> None:
        self._store = _store_of(store)
        self._name = name
        self._idle_s = idle_s
        self._absolute_s = absolute_s
        # A visitor who only reads gets a new cookie now and then, not with every page.
        self._touch_s = max(1, min(idle_s // 20, 3_600))
        self._secure = secure

    @property
    def store(self) -> SessionStore:
        """Where sessions are kept."""
        return self._store

    @property
    def name(self) -> str:
        """The name of the cookie."""
        return self._name

    def bind(self, settings: Settings) -> None:
        """Give the store its keys."""
        self._store.bind(settings)

    def before(self, ctx: Context) -> None:
        """Offer the session; it is loaded when someone asks for it."""
        ctx.session_source = self

    def load(self, ctx: Context) -> SessionData:
        """Load the visitor's session, a new one when there is none or it is over."""
        cookie = ctx.request.cookies.get(self._name)
        session = self._store.load(cookie, self._name) if cookie else None
        if session is None:
            return SessionData()
        now = int(time.time())
        if now - session.created_at >= self._absolute_s or now - session.seen_at >= self._idle_s:
            return SessionData()
        if now - session.seen_at >= self._touch_s:
            session.seen_at = now
        return session

    def after(self, ctx: Context, response: Response) -> None:
        """Save what changed."""
        session: SessionData | None = ctx.loaded_session
        is_streamed = response.stream is not None
        if session is None and not is_streamed:
            return
        _forbid_sharing(ctx, response)
        if session is not None:
            self._save(ctx, session, response)
        if is_streamed:
            saved = session.contents if session is not None else None
            response.stream = name_after(self._watch(ctx, response.stream, saved), response.stream)

    def _save(self, ctx: Context, session: SessionData, response: Response) -> None:
        if session.is_empty:
            if self._name in ctx.request.cookies:
                response.fields.append(("set-cookie", build_delete_cookie(self._name, self._options(ctx))))
            return
        expires_at = min(session.created_at + self._absolute_s, session.seen_at + self._idle_s)
        value = self._store.save(session, self._name, expires_at=expires_at)
        if value is not None:
            response.fields.append(("set-cookie", build_set_cookie(self._name, value, self._options(ctx))))

    async def _watch(self, ctx: Context, stream: Streamable, saved: bytes | None) -> AsyncGenerator[Chunk, None]:
        """Pass a stream on, and log a change of the session that came too late. `saved`: its contents when it left."""
        chunks = iterate(stream)
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            await chunks.aclose()
            session: SessionData | None = ctx.loaded_session
            if session is not None and _contents(session) != (saved or self.load(ctx).contents):
                _log.error(
                    "%s %s changed the session while its response was streamed, after the cookie had left: the change"
                    " is lost; make it in a filter, or before `return Response.stream(...)`",
                    ctx.request.method,
                    ctx.request.path,
                )

    def _options(self, ctx: Context) -> CookieOptions:
        secure = ctx.request.is_secure or ctx.services.behind_tls if self._secure is None else self._secure
        return CookieOptions(secure=secure)


def _contents(session: SessionData) -> bytes | None:
    """Its contents; None when they can't be encoded, and so are not those that were saved."""
    try:
        return session.contents
    except (TypeError, ValueError, RecursionError):
        return None


def _forbid_sharing(ctx: Context, response: Response) -> None:
    """Keep shared caches from giving one visitor's page to another."""
    response.add_vary("cookie")
    if response.header("cache-control") is None and ctx.response.header("cache-control") is None:
        response.fields.append(("cache-control", _CACHE_CONTROL))


def _store_of(store: str | SessionStore) -> SessionStore:
    if store == "cookie":
        return CookieStore()
    if isinstance(store, str):
        raise InvalidMiddleware(f"there is no session store {store!r}", fix='the store is "cookie", or a SessionStore')
    return store
