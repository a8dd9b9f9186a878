"""HttpsRedirect: sends what came by plain http to https.

Rules:
- A GET or HEAD gets 301, any other 308, which keeps method and content; nothing of the request is acted on.
- Whether it came by https is what the server says, forwarded fields of trusted proxies included. Behind a TLS proxy
  that is not trusted every request looks plain: there the middleware stands aside, or visitors would go in a circle.
- Routes marked vital go without it: health checks come by plain http.
Source: RFC 9110 sections 15.4.2 and 15.4.9; RFC 6797 section 7.2.
"""

from __future__ import annotations

import logging
from typing import ClassVar

from spica.config.settings import Settings
from spica.errors.http import BadRequest
from spica.http.context import Context
from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import Middleware

_log = logging.getLogger("spica.middleware")


class HttpsRedirect(Middleware):
    """Redirects to https.

    Args:    host: where to, "" for the host that was asked for; use Hosts beside it then; port: of https.
    Raises:  InvalidMiddleware for a host with more in it than a name and a port.
    """

    spares_vital: ClassVar[bool] = True

    def __init__(self, *, host: str = "", port: int = 443) -> None:
        if any(character in host for character in "/\\@?# ") or not 0 < port < 65_536:
            raise InvalidMiddleware(f"HttpsRedirect can't lead to {host!r}, port {port}", fix='host="example.com"')
        self._host = host
        self._port = "" if port == 443 else f":{port}"
        self._is_blind = False

    def bind(self, settings: Settings) -> None:
        """Stand aside where nobody tells how requests came."""
        self._is_blind = settings.server.behind_tls and not settings.server.trusted_proxies
        if self._is_blind:
            _log.warning(
                "HttpsRedirect does nothing: [server] behind_tls is set and trusted_proxies is not, so every request"
                " looks like plain http"
            )

    def before(self, ctx: Context) -> Response | None:
        """Redirect what came by plain http."""
        native = ctx.request.native
        if native.scheme != "http" or self._is_blind:
            return None
        host = self._host or _name_of(ctx.request.host)
        status = 301 if native.method in ("GET", "HEAD") else 308
        target = native.target if native.target.startswith("/") else "/"
        return Response.redirect_checked(f"https://{host}{self._port}{target}", status)


def _name_of(host: str) -> str:
    """The host without its port. Raises BadRequest when there is none."""
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    if not name:
        raise BadRequest("the request has no host")
    return name
