"""Credentials: how a request says who sends it, and how it is told to.

Rules:
- Without credentials, or with wrong ones, the answer is 401 with the challenge that names the scheme; a route behind an
  `optional` middleware is entered without credentials, but never with wrong ones.
- What a check of yours returns becomes `ctx.current_user`; None and False refuse.
- Which part was wrong is not told.
Source: RFC 9110 section 11 (Authorization, WWW-Authenticate); each scheme's own RFC in its file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from spica.errors.http import HttpError, Unauthorized
from spica.http.context import Context
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import Middleware

Check: TypeAlias = Callable[..., Any]
"""Takes what was sent and returns a user; None and False for nobody. One that waits is an `async def`."""


class SecurityScheme(NamedTuple):
    """What clients must send, for API documents.

    Args:    name: of the scheme; definition: its Security Scheme Object (OpenAPI 3.1); scopes: that are needed;
             is_optional: whether requests without it pass.
    """

    name: str
    definition: dict[str, Any]
    scopes: tuple[str, ...] = ()
    is_optional: bool = False


class Authentication(Middleware):
    """Base of what checks credentials: a subclass reads them in `read`.

    Args:    check: plain or async, called with what `read` returns; challenge: of the scheme, as
             `Bearer realm="api"`; optional: whether requests without credentials pass.
    """

    refuses: tuple[int, ...] = (401,)

    def __init__(self, check: Check, *, challenge: str, optional: bool = False) -> None:
        if not callable(check):
            raise InvalidMiddleware(
                f"{type(self).__name__} is given {check!r} to check credentials with",
                fix="a function that returns the user, or None: def verify_token(token): ...",
            )
        self._check = check
        self._challenge = challenge
        self._optional = optional
        is_async = inspect.iscoroutinefunction(check) or inspect.iscoroutinefunction(getattr(check, "__call__", None))  # noqa: B004 - the method itself is examined
        self.before = self._check_waiting if is_async else self._check_now

    def read(self, ctx: Context) -> tuple[Any, ...] | None:
        """Return what the check is called with; None when the request has no credentials of this scheme.

        Raises: HttpError by `refuse` for credentials that can't be read.
        """
        raise NotImplementedError

    def refuse(self, detail: str = "", *, is_wrong: bool = True) -> HttpError:
        """Make the error that is raised: by default a 401 with the challenge."""
        sentence = detail or ("these credentials are not valid" if is_wrong else "this needs credentials")
        return Unauthorized(sentence, fields=[("www-authenticate", self._challenge)])

    def _check_now(self, ctx: Context) -> None:
        credentials = self.read(ctx)
        if credentials is not None:
            self._admit(ctx, self._check(*credentials))
        elif not self._optional:
            raise self.refuse(is_wrong=False)

    async def _check_waiting(self, ctx: Context) -> None:
        credentials = self.read(ctx)
        if credentials is not None:
            self._admit(ctx, await self._check(*credentials))
        elif not self._optional:
            raise self.refuse(is_wrong=False)

    def _admit(self, ctx: Context, user: Any) -> None:
        if user is None or user is False:
            raise self.refuse()
        if inspect.isawaitable(user):
            # A lambda around an async function: nobody has looked at the credentials yet.
            if inspect.iscoroutine(user):
                user.close()
            raise InvalidMiddleware(
                f"the check of {type(self).__name__} returned {type(user).__name__}, which nobody awaits",
                why="it was taken for a plain function when the pipeline was made, and an awaitable is no user",
                fix="give the async function itself, or write the check as `async def`",
            )
        ctx.current_user = user


def read_scheme(ctx: Context, scheme: str) -> str | None:
    """Return what follows a scheme in the field Authorization; None when there is none, or another scheme.

    Args:    scheme: in lower case; the field's is compared without case.
    """
    field = ctx.request.native.field("authorization")
    if field is None:
        return None
    named, _, credentials = field.partition(" ")
    return credentials.strip() if named.lower() == scheme else None


def check_realm(realm: str) -> str:
    """Refuse a realm that would end the challenge. Raises InvalidMiddleware."""
    if not realm.isascii() or not realm.isprintable() or any(character in realm for character in '"\\'):
        raise InvalidMiddleware(
            f"{realm!r} is not a realm", why='it stands between quotes in a field: realm="..."', fix='realm="api"'
        )
    return realm
