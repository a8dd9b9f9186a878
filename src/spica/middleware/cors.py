"""Cors: which other sites' scripts may read what a pipeline answers.

    preflight  OPTIONS with Origin and Access-Control-Request-Method: answered here, the handler is not asked
    request    any other with Origin: answered as ever, and the browser is told whether the page may read the answer

Rules:
- A preflight is answered for the route that the announced method would reach, before anything else of the pipeline: it
  carries no credentials, so authentication and limits in front of it would stop every request that needs one.
- An origin is compared whole: scheme, host and port. "*" never goes with credentials.
- The answer depends on the origin, so it says `Vary: Origin`, to pages of our own too; except under "*".
- Files in public/ are answered by the core. In the common part of config/middleware.py "*", or one origin, is the same
  field for everyone, files too. With more origins, or credentials, the core compares as this file does; compiled
  patterns it doesn't know, they are for routes only.
Source: Fetch (WHATWG), section 3.2 "CORS protocol"; Private Network Access (WICG), section 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from spica.http.context import Context
from spica.http.fields import check_field, is_token
from spica.http.request import Request
from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import Middleware

Origins: TypeAlias = Sequence[str | re.Pattern[str]]

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\*\.)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?").fullmatch
_LABELS = r"([a-z0-9_-]+\.)+"
_VARY_PREFLIGHT = "origin, access-control-request-method, access-control-request-headers"


class Cors(Middleware):
    """Lets scripts of other origins read the answers.

    Args:    origins: "https://app.example.com", "https://*.example.com" for all names below, a compiled pattern for the
             whole origin, or "*" for any; credentials: whether requests with cookies are let in; headers: the request
             fields a script may set beside the harmless ones, "*" for any; expose: the response fields it may read;
             methods: that it may use, None for those that the path has; max_age_s: how long browsers keep the answer to
             a preflight; private_network: whether pages from the internet may reach this server inside a private one.
    Raises:  InvalidMiddleware for what is no origin, and for "*" with credentials.
    """

    def __init__(
        self,
        origins: Origins,
        *,
        credentials: bool = False,
        headers: Sequence[str] = ("authorization", "content-type", "x-csrf-token", "x-requested-with"),
        expose: Sequence[str] = (),
        methods: Sequence[str] | None = None,
        max_age_s: int = 600,
        private_network: bool = False,
    ) -> None:
        self._any = _allows_any(origins, credentials=credentials)
        self._exact = frozenset(one.lower() for one in origins if isinstance(one, str) and "*" not in one)
        self._patterns = tuple(_pattern_of(one) for one in origins if not isinstance(one, str) or "*." in one)
        self._headers = None if "*" in _checked("headers", headers) else frozenset(name.lower() for name in headers)
        self._methods = None if methods is None else frozenset(_checked("methods", methods))
        self._max_age = str(max_age_s)
        self._private_network = private_network
        self._credentials = credentials
        self._exposed = ", ".join(_checked("expose", expose))
        self._same = self._build_fields("*") if self._any else ()
        constant = "*" if self._any else _only_origin(origins)
        if constant is not None:
            # Never with credentials: the core gives these fields to whatever has none of its own.
            self.static_fields = (("access-control-allow-origin", constant),)
        below = [_around_star(one) for one in origins if isinstance(one, str) and "*." in one]
        if (self._exact or below) and not self._any and (constant is None or credentials):
            self.readers = (sorted(self._exact), below, self._exposed, credentials)

    def before(self, ctx: Context) -> Response | None:
        """Answer a preflight on a route that takes OPTIONS itself."""
        if ctx.request.native.method == "OPTIONS" and is_preflight(ctx.request):
            return self.preflight(ctx.request)
        return None

    def after(self, ctx: Context, response: Response) -> None:
        """Say whether the page may read the answer."""
        if self._any:
            if ctx.request.native.field("origin") is not None:
                response.fields.extend(self._same)
            return
        response.add_vary("origin")
        origin = ctx.request.native.field("origin")
        if origin is not None and response.header("access-control-allow-origin") is None and self.allows(origin):
            response.fields.extend(self._build_fields(origin))

    def allows(self, origin: str) -> bool:
        """Tell whether scripts of an origin may read the answers."""
        if self._any:
            return True
        origin = origin.lower()
        return origin in self._exact or any(pattern.fullmatch(origin) for pattern in self._patterns)

    def preflight(self, request: Request, methods: Iterable[str] = ()) -> Response:
        """Answer a preflight.

        Args:    request: with the fields Origin and Access-Control-Request-Method; methods: those that the path has.
        Returns: a 204; without permission in it where the origin, the method or a field is not allowed.
        """
        native = request.native
        response = Response(status=204, fields=[("vary", _VARY_PREFLIGHT)])
        origin, method = native.field("origin") or "", native.field("access-control-request-method") or ""
        asked = _split(native.field("access-control-request-headers"))
        if not self.allows(origin) or not is_token(method):
            return response
        allowed = self._methods or {*methods, method}
        granted = asked if self._headers is None else [name for name in asked if name in self._headers]
        response.fields += self._build_fields("*" if self._any else origin, is_preflight=True)
        response.fields.append(("access-control-allow-methods", ", ".join(sorted(allowed))))
        if granted:
            response.fields.append(("access-control-allow-headers", ", ".join(granted)))
        response.fields.append(("access-control-max-age", self._max_age))
        if self._private_network and native.field("access-control-request-private-network") == "true":
            response.fields.append(("access-control-allow-private-network", "true"))
        return response

    def _build_fields(self, origin: str, *, is_preflight: bool = False) -> tuple[tuple[str, str], ...]:
        fields = [("access-control-allow-origin", origin)]
        if self._credentials:
            fields.append(("access-control-allow-credentials", "true"))
        if self._exposed and not is_preflight:
            fields.append(("access-control-expose-headers", self._exposed))
        return tuple(fields)


def is_preflight(request: Request) -> bool:
    """Tell whether a request with the method OPTIONS asks for permission to send another."""
    native = request.native
    return native.field("origin") is not None and native.field("access-control-request-method") is not None


def _split(value: str | None) -> list[str]:
    """Take a list of field names apart; what is no name is left out, so it can't be sent back."""
    names = (name.strip().lower() for name in (value or "").split(","))
    return [name for name in names if is_token(name)]


def _allows_any(origins: Origins, *, credentials: bool) -> bool:
    if isinstance(origins, str) or not origins:
        raise InvalidMiddleware(
            f"Cors takes a list of origins, not {origins!r}",
            fix=f"m.Cors(origins=[{origins!r}])" if origins else 'm.Cors(origins=["https://app.example.com"])',
        )
    for one in origins:
        if isinstance(one, str) and one != "*" and _ORIGIN(one.lower()) is None:
            raise InvalidMiddleware(
                f"{one!r} is not an origin",
                why="browsers send scheme, host and port, with nothing behind: no path and no slash",
                fix='write it as "https://app.example.com" or "http://localhost:5173"',
            )
    if "*" in origins and credentials:
        raise InvalidMiddleware(
            'Cors allows every origin ("*") and credentials',
            why="any site could read what your visitors see when they are signed in",
            fix='name the origins: m.Cors(origins=["https://app.example.com"], credentials=True)',
        )
    return "*" in origins


def _only_origin(origins: Origins) -> str | None:
    """The one origin that is let in, where it is written out."""
    (first, *others) = origins
    return first.lower() if isinstance(first, str) and not others and "*" not in first else None


def _around_star(origin: str) -> tuple[str, str]:
    before, _, after = origin.lower().partition("*")
    return before, after


def _pattern_of(origin: str | re.Pattern[str]) -> re.Pattern[str]:
    if isinstance(origin, re.Pattern):
        return origin
    scheme, _, rest = origin.lower().partition("*.")
    return re.compile(re.escape(scheme) + _LABELS + re.escape(rest))


def _checked(option: str, names: Sequence[str]) -> Sequence[str]:
    if isinstance(names, str) or not all(is_token(name) for name in names):
        raise InvalidMiddleware(
            f"Cors({option}={names!r}) is not a list of names", fix=f'{option}=["content-type"], or [] for none'
        )
    for name in names:
        check_field(name, "")
    return names
