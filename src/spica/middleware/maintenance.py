"""Maintenance: while a file is there, visitors get 503 and a page that says so.

    touch tmp/maintenance.txt        # on:  what the file says is shown
    rm tmp/maintenance.txt           # off: at once, in every worker, without a restart

Rules: put it before what needs the database. Routes marked vital (health checks) and addresses that are named go on.
Source: RFC 9110 sections 15.6.4 and 10.2.3.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from spica.config.settings import Settings
from spica.errors.http import ServiceUnavailable
from spica.http.context import Context
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import Middleware

FILE = "tmp/maintenance.txt"
_MAX_CHARACTERS = 500
_SENTENCE = "this is being worked on and will be back soon"


class Maintenance(Middleware):
    """Refuses everything while a file exists.

    Args:    file: its path, relative to the project; allow: addresses and networks that go on; retry_after_s: what the
             others are told.
    Raises:  InvalidMiddleware for what is no address or network.
    """

    spares_vital: ClassVar[bool] = True
    refuses: tuple[int, ...] = (503,)

    def __init__(self, *, file: str | Path = FILE, allow: Sequence[str] = (), retry_after_s: int = 120) -> None:
        self._file = Path(file)
        self._networks = [_network_of(one) for one in allow]
        self._fields = (("retry-after", str(retry_after_s)), ("cache-control", "no-store"))

    @property
    def file(self) -> Path:
        """The file."""
        return self._file

    def bind(self, settings: Settings) -> None:
        """Find the project's folder."""
        if settings.root is not None:
            self._file = settings.root / self._file

    def before(self, ctx: Context) -> None:
        """Refuse a request while the file is there. Raises ServiceUnavailable."""
        try:
            with open(self._file, encoding="utf-8", errors="replace") as file:
                said = file.read(_MAX_CHARACTERS).strip()
        except FileNotFoundError:
            return
        except OSError:
            said = ""  # it is there, whatever it is
        if not self._allows(ctx.request.client_ip):
            raise ServiceUnavailable(said or _SENTENCE, fields=self._fields)

    def _allows(self, address: str) -> bool:
        if not self._networks or not address:
            return False
        try:
            client = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        client = getattr(client, "ipv4_mapped", None) or client
        return any(client in network for network in self._networks)


def _network_of(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise InvalidMiddleware(
            f"{text!r} is not an address or a network", why=str(error), fix='allow=["192.0.2.7", "2001:db8::/32"]'
        ) from None
