"""RateLimit: at most so many requests in such a time from the same client, or by the same token, user or field.

    p.use(m.RateLimit("100/minute", by="token"))

Rules:
- A request within the limit is told what is left, one beyond gets 429 with Retry-After and costs nothing more.
- An IPv6 client is its /64: that is what one customer is given, and all addresses in it are theirs to change.
- Where the key is missing (no token, nobody signed in) the client's address stands in for it.
- By token, what is refused with 401, and what nobody signed in by, counts against the address as well: tokens can be
  tried no faster than the limit, and made-up ones that nothing behind it checks are one client.
Source: draft-ietf-httpapi-ratelimit-headers-10 for the fields RateLimit and RateLimit-Policy; RFC 6585 section 4 (429);
RFC 9110 section 10.2.3 (Retry-After).
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable
from typing import Any, TypeAlias

from spica.config.settings import Settings
from spica.errors.base import closest
from spica.errors.http import TooManyRequests
from spica.http.context import Context
from spica.http.fields import is_token
from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import Middleware
from spica.middleware.rate import Rate, Taken, parse_rate, take
from spica.middleware.rate_limit_store import RateLimitStore
from spica.middleware.rate_limit_stores.shared import SharedStore

Key: TypeAlias = Callable[[Context], str | None]
"""What tells clients apart; None for a request that is told apart by its address."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}").fullmatch
_log = logging.getLogger("spica.middleware")
_shared: dict[str, RateLimitStore] = {}


class RateLimit(Middleware):
    """Refuses what comes too often.

    Args:    rate: "100/minute", see `parse_rate`; by: "ip", "token" (of Authorization), "user" (`ctx.current_user`),
             "header:x-api-key", or a function of the context; burst: how many may come at once, default the rate's
             number; name: of the limit in the answers, and what keeps limits with the same rate apart; store: "shared"
             (default) for one count over the workers of this machine, "redis://..." over several, or a
             RateLimitStore; cost: tokens that a request takes, or a function of the context; fail_open: whether
             requests pass while the store doesn't answer.
    Raises:  InvalidMiddleware; MissingLibrary for Redis without its package.
    """

    refuses: tuple[int, ...] = (429,)

    def __init__(
        self,
        rate: str,
        *,
        by: str | Key = "ip",
        burst: int | None = None,
        name: str = "default",
        store: str | RateLimitStore = "shared",
        cost: int | Callable[[Context], int] = 1,
        fail_open: bool = True,
    ) -> None:
        self._rate = parse_rate(rate, burst=burst)
        self._key = _key_of(by)
        self._name = _check_name(name)
        self._store = _store_of(store)
        self._cost = cost
        self._fail_open = fail_open
        kind = by if isinstance(by, str) else getattr(by, "__qualname__", repr(type(by)))
        self._prefix = f"{name}\0{self._rate.requests}/{self._rate.period_s}/{self._rate.burst}\0{kind}\0".encode()
        self._policy = f'"{name}";q={self._rate.burst};w={self._window(self._rate)}'
        self.before = self._before_waiting if self._store.waits else self._before
        self._counts_refusals = by == "token"
        if self._counts_refusals:
            self.after = self._charge_waiting if self._store.waits else self._charge

    def bind(self, settings: Settings) -> None:
        """Open the store."""
        self._store.open()

    def _before(self, ctx: Context) -> None:
        key, cost = self._identify(ctx), self._cost
        taken: Any = self._store.take(key, self._rate, cost if isinstance(cost, int) else cost(ctx))
        if self._counts_refusals and taken.is_allowed and self._key(ctx) is not None:
            failed: Any = self._store.take(self._address(ctx), self._rate, 0)
            taken = self._least(taken, failed)
        self._tell(ctx, taken)

    async def _before_waiting(self, ctx: Context) -> None:
        key, cost = self._identify(ctx), self._cost
        try:
            taken: Any = await self._store.take(key, self._rate, cost if isinstance(cost, int) else cost(ctx))  # type: ignore[misc]  # a store that waits
            if self._counts_refusals and taken.is_allowed and self._key(ctx) is not None:
                taken = self._least(taken, await self._store.take(self._address(ctx), self._rate, 0))  # type: ignore[misc]  # a store that waits
        except Exception:
            if not self._fail_open:
                raise
            _log.exception("the rate limit %s can't be counted: requests pass", self._name)
            return
        self._tell(ctx, taken)

    def _charge(self, ctx: Context, response: Response) -> None:
        """Count a token that was refused, or stands for nobody, against the address it came from."""
        if self._stands_for_nobody(ctx, response):
            self._store.take(self._address(ctx), self._rate, self._charge_of(ctx))

    async def _charge_waiting(self, ctx: Context, response: Response) -> None:
        if self._stands_for_nobody(ctx, response):
            try:
                await self._store.take(self._address(ctx), self._rate, self._charge_of(ctx))  # type: ignore[misc]  # a store that waits
            except Exception:
                _log.exception("the rate limit %s can't be counted", self._name)

    def _stands_for_nobody(self, ctx: Context, response: Response) -> bool:
        return (response.status == 401 or ctx.current_user is None) and self._key(ctx) is not None

    def _charge_of(self, ctx: Context) -> int:
        cost = self._cost
        return max(1, cost if isinstance(cost, int) else cost(ctx))

    def _identify(self, ctx: Context) -> bytes:
        key = self._key(ctx)
        if key is None:
            return self._address(ctx)
        return self._prefix + b"k" + key.encode("utf-8", "surrogatepass")

    def _address(self, ctx: Context) -> bytes:
        return self._prefix + b"a" + build_address_key(ctx.request.client_ip)

    @staticmethod
    def _least(one: Taken, other: Taken) -> Taken:
        """The narrower of what a token and what its address has left; an empty bucket of the address refuses."""
        if other.remaining == 0:
            return other._replace(is_allowed=False, retry_in_s=max(1, other.retry_in_s))
        return one

    def _tell(self, ctx: Context, taken: Taken) -> None:
        fields = ctx.response.fields
        fields.append(("ratelimit-policy", self._policy))
        fields.append(("ratelimit", f'"{self._name}";r={taken.remaining};t={taken.full_in_s}'))
        if not taken.is_allowed:
            raise TooManyRequests(
                "too many requests: try again later", fields=[("retry-after", str(max(1, taken.retry_in_s)))]
            )

    @staticmethod
    def _window(rate: Rate) -> int:
        """The time in which as many as may come at once come back."""
        return max(1, take(rate, 0, 0, rate.burst)[1].full_in_s)


def build_address_key(address: str) -> bytes:
    """What tells clients apart by their address: an IPv4 address whole, of an IPv6 address its first 64 bits.

    Args:    address: as `Request.client_ip`; "" for a client whose address nobody knows, all of which are one.
    """
    if ":" not in address:
        return address.encode("latin-1", "replace")
    if address.lower().startswith("::ffff:") and "." in address:
        return address[7:].encode("latin-1", "replace")
    try:
        return socket.inet_pton(socket.AF_INET6, address.partition("%")[0])[:8]
    except OSError:
        return address.encode("latin-1", "replace")


def _key_of(by: str | Key) -> Key:
    if callable(by):
        return by
    if by in _KEYS:
        return _KEYS[by]
    kind, _, name = by.partition(":")
    if kind == "header" and is_token(name):
        field = name.lower()
        return lambda ctx: ctx.request.native.field(field)
    near = closest(by, _KEYS)
    raise InvalidMiddleware(
        f"RateLimit can't tell clients apart by {by!r}",
        fix=f"did you mean {near[0]!r}?" if near else 'by="ip", "token", "user", "header:x-api-key", or a function',
    )


def _token_of(ctx: Context) -> str | None:
    """The credentials, written in one way: the scheme's case and the spaces behind it are the client's to choose."""
    scheme, _, credentials = (ctx.request.native.field("authorization") or "").partition(" ")
    return f"{scheme.lower()} {credentials.strip()}" if scheme else None


def _user_of(ctx: Context) -> str | None:
    user = ctx.current_user
    if user is None:
        return None
    return str(user.get("sub", user.get("id", user)) if isinstance(user, dict) else getattr(user, "id", user))


_KEYS: dict[str, Key] = {"ip": lambda ctx: None, "token": _token_of, "user": _user_of}


def _check_name(name: str) -> str:
    if _NAME(name) is None:
        raise InvalidMiddleware(
            f"a rate limit can't be called {name!r}", why="the name travels in a field", fix='name="login"'
        )
    return name


def _store_of(store: str | RateLimitStore) -> RateLimitStore:
    """One store for all limits of a process that name the same place."""
    if not isinstance(store, str):
        return store
    if store not in _shared:
        if store == "shared":
            _shared[store] = SharedStore()
        elif "://" in store:
            # Lazy: the library is an extra.
            from spica.middleware.rate_limit_stores.redis import RedisStore

            _shared[store] = RedisStore(store)
        else:
            raise InvalidMiddleware(
                f"there is no store {store!r} for rate limits", fix='store="shared", "redis://127.0.0.1:6379/0"'
            )
    return _shared[store]
