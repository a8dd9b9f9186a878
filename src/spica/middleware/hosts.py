"""Hosts: answers only requests for the names this app has.

A Host field is the client's word; links, caches and password-reset mails built from it must not be the attacker's.
Source: RFC 9110 section 7.2; CWE-644.
"""

from __future__ import annotations

from spica.config.settings import Settings
from spica.errors.http import BadRequest
from spica.http.context import Context
from spica.middleware.pipeline import Middleware


class Hosts(Middleware):
    """Refuses other hosts with 400.

    Args:    allowed: "example.com", "app.example.com:8443" for one port, ".example.com" for the name and all below it;
             none takes [app] hosts of the configuration, and where that is empty too every host is answered.
    """

    def __init__(self, *allowed: str) -> None:
        self._allowed = [name.lower() for name in allowed]
        self._exact = frozenset(self._allowed)

    def bind(self, settings: Settings) -> None:
        """Take the hosts of the configuration unless some were given."""
        if not self._allowed:
            self._allowed = [name.lower() for name in settings.app.hosts]
            self._exact = frozenset(self._allowed)

    def before(self, ctx: Context) -> None:
        """Refuse a host that isn't ours."""
        if self._allowed and not self._allows(ctx.request.host.lower()):
            raise BadRequest("this host is not served here")

    def _allows(self, host: str) -> bool:
        if host in self._exact:
            return True
        name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        if colon and port and not (port.isascii() and port.isdigit()):
            return False  # what stands behind the colon may be another host: `ours:@theirs`
        name = name if colon else host
        return name in self._exact or any(
            pattern[0] == "." and (name == pattern[1:] or name.endswith(pattern)) for pattern in self._allowed
        )
