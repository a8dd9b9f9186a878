"""Idempotency: a request that is sent again with the same Idempotency-Key is handled once, and answered the same.

    first time                          handled; its response is kept
    again, when that is answered        the same response, with Idempotency-Replayed: true
    again, while it is being handled    409
    the key with another content        422
    no key where one is required        400

Rules:
- A key is one client's: it counts together with who is signed in, or the field Authorization, or else the session, and
  the host and path asked. Put what tells clients apart before it in the pipeline.
- What was begun is finished, also when its client is gone: that is when it will ask again.
- Kept are responses below 500 with whole content of 1 MiB at most. Of an exception nothing is: the next try is one.
- Cookies are not repeated. A response that is being made holds the key for `held_s` seconds at most, so that a crash
  doesn't lock it for ever. Whoever takes the key after that holds it: what comes of the slow one is not kept.
- A multipart form is the same when its texts and files are: each sending chooses its own boundary.
Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import chain

import msgspec

from spica.config.settings import Settings
from spica.crypto.randomness import token_urlsafe
from spica.errors.http import BadRequest, Conflict, UnprocessableContent
from spica.http import media_types
from spica.http.context import Context
from spica.http.request import Request
from spica.http.response import Response
from spica.http.uploads import UploadFile
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.idempotency_store import Entry, IdempotencyStore
from spica.middleware.pipeline import Middleware

FIELD = "idempotency-key"
MAX_KEPT_BYTES = 1024 * 1024
_CHUNK = 64 * 1024
_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?').fullmatch
_log = logging.getLogger("spica.middleware")


class _Kept(msgspec.Struct, array_like=True):
    """A response as it is kept."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Kept)


class Idempotency(Middleware):
    """Handles a request once.

    Args:    store: "memory" (default), "database", "redis://host/0", or an IdempotencyStore; kept_s: for how long a
             response is repeated, default a day; held_s: for how long a request may take; required: whether a request
             without a key is refused; methods: that are handled so.
    Raises:  InvalidMiddleware for an unknown store, and for memory with several workers; MissingLibrary.
    """

    refuses: tuple[int, ...] = (400, 409, 422)

    def __init__(
        self,
        *,
        store: str | IdempotencyStore = "memory",
        kept_s: int = 86_400,
        held_s: int = 60,
        required: bool = False,
        methods: Sequence[str] = ("POST", "PATCH"),
    ) -> None:
        self._store = _store_of(store)
        self._kept_s = kept_s
        self._held_s = held_s
        self._required = required
        self._methods = frozenset(methods)
        self._running: set[asyncio.Task[Response]] = set()

    def bind(self, settings: Settings) -> None:
        """Hand the configuration to the store."""
        self._store.bind(settings)

    async def around(self, ctx: Context, next: Callable[[Context], Awaitable[Response]]) -> Response:
        """Handle a request, or repeat its response."""
        if ctx.request.native.method not in self._methods:
            return await next(ctx)
        key = self._key(ctx)
        if key is None:
            return await next(ctx)
        fingerprint = build_fingerprint(ctx)
        owner = token_urlsafe(16)
        entry = await self._store.begin(key, fingerprint, owner, self._held_s)
        if entry is not None:
            return _repeat(entry, fingerprint)
        task = asyncio.ensure_future(self._handle(ctx, next, key, owner))
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def _handle(
        self, ctx: Context, next: Callable[[Context], Awaitable[Response]], key: str, owner: str
    ) -> Response:
        is_kept = False
        try:
            response = await next(ctx)
            if response.status < 500 and response.stream is None and response.file is None:
                kept = _keep(ctx, response)
                if len(kept) <= MAX_KEPT_BYTES:
                    await self._store.finish(key, owner, kept, self._kept_s)
                    is_kept = True
            return response
        finally:
            if not is_kept:
                await self._store.release(key, owner)

    def _forget(self, task: asyncio.Task[Response]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.debug("a request with an idempotency key failed", exc_info=task.exception())

    def _key(self, ctx: Context) -> str | None:
        native = ctx.request.native
        sent = native.field(FIELD)
        if sent is None:
            if self._required:
                raise BadRequest("this needs the field Idempotency-Key")
            return None
        found = _KEY(sent)
        if found is None:
            raise BadRequest("the Idempotency-Key is not 1 to 255 visible characters")
        request = ctx.request
        return _digest([native.method, request.host.lower(), request.path, *_client_of(ctx), found[1]])


def _client_of(ctx: Context) -> tuple[str, str]:
    """Whose key it is, and by what: who is signed in, else the field Authorization, else the session."""
    user = ctx.current_user
    if user is not None:
        return "user", repr(getattr(user, "id", user))
    sent = ctx.request.native.field("authorization")
    if sent or ctx.session_source is None:
        return "authorization", sent or ""
    session = ctx.session
    return ("owner", session.owner) if session.owner else ("session", session.loaded_id)


def build_fingerprint(ctx: Context) -> str:
    """What tells one content from another. Content that the handler takes as a stream is not looked at."""
    native = ctx.request.native
    if ctx.request.has_form and ctx.request.content_type == media_types.MULTIPART:
        return _digest(chain([native.query, media_types.MULTIPART], _parts_of(ctx.request)))
    parts = [native.query, native.field("content-type") or ""]
    if native.incoming is not None:
        return _digest(parts)
    if not native.is_spooled:
        return _digest([*parts, native.content])
    chunks = (native.read_content(start, _CHUNK) for start in range(0, native.content_length, _CHUNK))
    return _digest(chain(parts, chunks))


def _parts_of(request: Request) -> Iterator[str | bytes]:
    """The parts of a multipart form without what stands between them. Raises what `Request.form` does."""
    for name, value in request.form_pairs:
        if isinstance(value, UploadFile):
            yield from ("file", name, value.filename, value.content_type, str(value.size))
            yield from value.blocks()
        else:
            yield from ("text", name, value)


def _repeat(entry: Entry, fingerprint: str) -> Response:
    if entry.fingerprint != fingerprint:
        raise UnprocessableContent("this Idempotency-Key was used with another request")
    if entry.response is None:
        raise Conflict("a request with this Idempotency-Key is being handled", fields=[("retry-after", "1")])
    kept = _decoder.decode(entry.response)
    return Response(kept.body, kept.status, [*kept.fields, ("idempotency-replayed", "true")])


def _keep(ctx: Context, response: Response) -> bytes:
    fields, status = list(response.fields), response.status
    if ctx.has_response_defaults:
        own = {name for name, _ in fields}
        fields += [field for field in ctx.response.fields if field[0] not in own]
        status = ctx.response.status if ctx.response.status is not None and status == 200 else status
    return _encoder.encode(_Kept(status, [one for one in fields if one[0] != "set-cookie"], response.body))


def _digest(parts: Iterable[str | bytes]) -> str:
    hashed = sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        hashed.update(len(octets).to_bytes(8, "big") + octets)
    return hashed.hexdigest()


def _store_of(store: str | IdempotencyStore) -> IdempotencyStore:
    if not isinstance(store, str):
        return store
    # Lazy: each brings what only it needs.
    if store == "memory":
        from spica.middleware.idempotency_stores.memory import MemoryKeys

        return MemoryKeys()
    if store == "database":
        from spica.middleware.idempotency_stores.database import DatabaseKeys

        return DatabaseKeys()
    if "://" in store:
        from spica.middleware.idempotency_stores.redis import RedisKeys

        return RedisKeys(store)
    raise InvalidMiddleware(
        f"there is no store {store!r} for idempotency keys", fix='the store is "memory", "database" or "redis://host/0"'
    )
