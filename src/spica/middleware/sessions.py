"""Session: gives a route `ctx.session` and `ctx.flash`.

Rules:
- Nothing is decrypted until a handler asks for the session, and nothing is written unless it changed.
- A store that waits is asked before the handler runs, for a request with a session's cookie: `ctx.session` can't wait.
- A response whose session was read says `Vary: Cookie`, and is for this visitor alone unless it says otherwise. So does
  a streamed one, because what makes it may still read the session.
- A streamed response's cookie has left before its content is made: a change from then on is lost, and logged.
- Behind TLS the cookie's name begins with `__Host-`: browsers take it from this host alone, over https, for all paths,
  so that no other subdomain can plant one. One without the prefix is not read there.
- Two limits: idle (since it was last seen) and absolute (since it began, or was rotated at login).
Source: OWASP session management cheat sheet; rfc6265bis section 4.1.3.2 (the prefix).
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator

from spica.config.settings import Settings
from spica.errors.base import closest
from spica.http.context import Context
from spica.http.cookies import CookieOptions, build_delete_cookie, build_set_cookie
from spica.http.response import Response
from spica.http.streaming import Chunk, Streamable, iterate, name_after
from spica.middleware.errors import InvalidMiddleware, IrrevocableSession
from spica.middleware.pipeline import Middleware
from spica.middleware.session_data import SessionData
from spica.middleware.session_store import Record, SessionRecords, SessionStore
from spica.middleware.session_stores.cookie import CookieStore
from spica.middleware.session_stores.server import ServerStore

NAME = "spica_session"
DAY_S = 86_400
_CACHE_CONTROL = "private, max-age=0, must-revalidate"
_SECURE, _PLAIN = CookieOptions(secure=True), CookieOptions(secure=False)
_log = logging.getLogger("spica.middleware")


class Session(Middleware):
    """Loads the session on first use and saves it when it changed.

    Args:    store: "cookie" (default), "memory", "database", "redis://host/0", or a SessionStore; name: of the cookie,
             default "spica_session", with the prefix "__Host-" where it is always Secure; idle_s, absolute_s: the
             limits in seconds, default 7 and 30 days; secure: True or False, None (default) is True over https and
             behind TLS.
    Raises:  InvalidMiddleware for an unknown store, limits that are none, and memory with several workers;
             MissingLibrary for Redis without its package; NoSecretKey at boot when the app has no secret key and
             sessions are in cookies.
    """

    gives_session = True

    def __init__(
        self,
        *,
        store: str | SessionStore = "cookie",
        name: str | None = None,
        idle_s: int = 7 * DAY_S,
        absolute_s: int = 30 * DAY_S,
        secure: bool | None = None,
    ) -> None:
        if not 0 < idle_s <= absolute_s:
            raise InvalidMiddleware(
                f"a session ends {idle_s} s after it was last seen and {absolute_s} s after it began",
                why="both are at least a second, and the second is the longer one",
                fix="m.Session(idle_s=3_600, absolute_s=86_400)",
            )
        self._store = _store_of(store)
        self._waits = bool(getattr(self._store, "waits", False))
        self.before = self._load_first if self._waits else self._offer
        self.after = self._save_waiting if self._waits else self._save
        self._name = name or NAME
        self._is_named = name is not None
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
        """Give the store its keys, and the cookie its prefix."""
        always_secure = settings.server.is_secure if self._secure is None else self._secure
        if not self._is_named:
            self._name = f"__Host-{NAME}" if always_secure else NAME
        self._store.bind(settings)

    def _offer(self, ctx: Context) -> None:
        """Offer the session; it is loaded when someone asks for it."""
        ctx.session_source = self

    def load(self, ctx: Context) -> SessionData:
        """Load the visitor's session, a new one when there is none or it is over."""
        cookie = ctx.request.cookies.get(self._name)
        return self._check(self._store.load(cookie, self._name) if cookie else None)  # type: ignore[arg-type]  # a plain store

    async def load_cookie(self, cookie: str | None) -> SessionData:
        """Load the session of a cookie's value from any store, a new one when there is none or it is over."""
        found = self._store.load(cookie, self._name) if cookie else None
        return self._check(found if found is None or isinstance(found, SessionData) else await found)

    def _save(self, ctx: Context, response: Response) -> None:
        """Save what changed."""
        session: SessionData | None = ctx.loaded_session
        if session is None and response.stream is None:
            return
        _forbid_sharing(ctx, response)
        if session is not None and self._keeps(ctx, session, response):
            if session.ends_others:
                self._records()
            value = self._store.save(session, self._name, expires_at=self.expiry_of(session))
            self._set_cookie(ctx, response, value)  # type: ignore[arg-type]  # a plain store
        if response.stream is not None:
            saved = session.contents if session is not None else None
            response.stream = name_after(self._watch(ctx, response.stream, saved), response.stream)

    async def _load_first(self, ctx: Context) -> None:
        ctx.session_source = Loaded(await self.load_cookie(ctx.request.cookies.get(self._name)))

    async def _save_waiting(self, ctx: Context, response: Response) -> None:
        session: SessionData | None = ctx.loaded_session
        if session is None and response.stream is None:
            return
        _forbid_sharing(ctx, response)
        if session is not None:
            if self._keeps(ctx, session, response):
                saving = self._store.save(session, self._name, expires_at=self.expiry_of(session))
                self._set_cookie(ctx, response, await saving)  # type: ignore[misc]  # a store that waits
            else:
                await self._store.end(session)  # type: ignore[attr-defined]  # a store that waits is a ServerStore
        if response.stream is not None:
            saved = (session if session is not None else ctx.session_source.load(ctx)).contents  # type: ignore[union-attr]  # _load_first gave one
            response.stream = name_after(self._watch(ctx, response.stream, saved), response.stream)

    def expiry_of(self, session: SessionData) -> int:
        """When a session ends if nothing is heard of its visitor, seconds since 1970."""
        return min(session.created_at + self._absolute_s, session.seen_at + self._idle_s)

    async def sessions_of(self, owner: object) -> list[Record]:
        """The sessions of an owner, as `session.rotate(owner=...)` named it; the one seen last first.

        Raises: IrrevocableSession where sessions live in cookies.
        """
        return await self._records().find_of(str(owner))

    async def revoke(self, key: str) -> bool:
        """End one session, by its record's key. Returns whether there was one; raises IrrevocableSession."""
        return await self._records().delete(key)

    async def revoke_all(self, owner: object) -> int:
        """End all sessions of an owner, after a change of password say. Returns how many; raises IrrevocableSession."""
        return await self._records().delete_of(str(owner))

    def _records(self) -> SessionRecords:
        records: SessionRecords | None = getattr(self._store, "records", None)
        if records is None:
            raise IrrevocableSession(
                f"sessions in {type(self._store).__name__} can't be listed or ended",
                why="the whole session is in the visitor's cookie, and a copy of it is good until it expires",
                fix='m.Session(store="database"), "memory" or "redis://..."',
            )
        return records

    def _check(self, session: SessionData | None) -> SessionData:
        """The session when it isn't over, else a new one; seen now."""
        if session is None:
            return SessionData()
        now = int(time.time())
        if now - session.created_at >= self._absolute_s or now - session.seen_at >= self._idle_s:
            return SessionData()
        if now - session.seen_at >= self._touch_s:
            session.seen_at = now
        return session

    def _keeps(self, ctx: Context, session: SessionData, response: Response) -> bool:
        """Whether there is something to keep; else the cookie goes, unless it may be the one of a newer session."""
        if not session.is_empty:
            return True
        if self._name in ctx.request.cookies and (session.loaded_id or not self._waits):
            response.fields.append(("set-cookie", build_delete_cookie(self._name, self._options(ctx))))
        return False

    def _set_cookie(self, ctx: Context, response: Response, value: str | None) -> None:
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
        return _SECURE if secure else _PLAIN


class Loaded:
    """The session of a request, loaded before anybody asked."""

    __slots__ = ("_session",)

    def __init__(self, session: SessionData) -> None:
        self._session = session

    def load(self, ctx: Context) -> SessionData:
        """The session."""
        return self._session


def _contents(session: SessionData) -> bytes | None:
    """Its contents; None when they can't be encoded, and so are not those that were saved."""
    try:
        return session.contents
    except (TypeError, ValueError, RecursionError):
        return None


def _forbid_sharing(ctx: Context, response: Response) -> None:
    """Keep shared caches from giving one visitor's page to another."""
    response.add_vary("cookie")
    wanted = ctx.response.header("cache-control") if ctx.has_response_defaults else None
    if wanted is None and response.header("cache-control") is None:
        response.fields.append(("cache-control", _CACHE_CONTROL))


def _store_of(store: str | SessionStore) -> SessionStore:
    if not isinstance(store, str):
        return store
    if store == "cookie":
        return CookieStore()
    # Lazy: each brings what only it needs.
    if store == "memory":
        from spica.middleware.session_stores.memory import MemoryRecords

        return ServerStore(MemoryRecords())
    if store == "database":
        from spica.middleware.session_stores.database import DatabaseRecords

        return ServerStore(DatabaseRecords())
    if "://" in store:
        from spica.middleware.session_stores.redis import RedisRecords

        return ServerStore(RedisRecords(store))
    near = closest(store, ("cookie", "memory", "database"))
    raise InvalidMiddleware(
        f"there is no session store {store!r}",
        fix=f"did you mean {near[0]!r}?"
        if near
        else 'the store is "cookie", "memory", "database", "redis://host/0" or a SessionStore',
    )
