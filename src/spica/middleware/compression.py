"""Compression: which responses of a pipeline the server may compress.

The server compresses by itself, by `[server.compression]`. This middleware only narrows that for the routes it stands
in front of, or widens it to requests with credentials; it encodes nothing.
Source: CVE-2013-3587 (BREACH) for what credentials have to do with it.
"""

from __future__ import annotations

from spica.http.context import Context
from spica.http.response import Response
from spica.middleware.pipeline import Middleware


class Compression(Middleware):
    """Decides where the response itself does not: its `compress` counts when it is not None.

    Args:    enabled: False for responses that are never compressed; threshold: octets below which a whole content is
             not, where the server's own threshold is lower; with_credentials: True compresses also what answers a
             request with a Cookie or Authorization field that another site may have caused. Only for responses without
             secrets.
    """

    def __init__(self, *, enabled: bool = True, threshold: int = 1024, with_credentials: bool = False) -> None:
        self._enabled = enabled
        self._threshold = threshold
        self._wanted = True if with_credentials else None

    def after(self, ctx: Context, response: Response) -> None:
        """Decide, unless the handler has."""
        if response.compress is not None:
            return
        is_small = response.stream is None and len(response.body) < self._threshold
        response.compress = self._wanted if self._enabled and not is_small else False
