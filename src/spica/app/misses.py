"""Misses: what answers when neither a route nor a public file does: the list of allowed methods, or a 404."""

from __future__ import annotations

from collections.abc import Sequence

from spica._core import Request as NativeRequest
from spica.app.failures import Failures
from spica.errors import closest
from spica.errors.http import HttpError, MethodNotAllowed, NotFound
from spica.http.request import Request
from spica.http.response import Response
from spica.routing.route import Route

# Our own server says the same before Python is asked; this is for others.
_NO_UPGRADE = HttpError(
    "this address is a WebSocket", status=426, fields=(("upgrade", "websocket"), ("sec-websocket-version", "13"))
)


class Misses:
    """Answers requests that match no route.

    Args:    routes: for the page that development shows; failures: makes the error's response.
    """

    def __init__(self, routes: Sequence[Route], failures: Failures) -> None:
        self._routes = routes
        self._failures = failures

    def answer(self, native: NativeRequest, status: int, allow: str) -> Response:
        """Make the response to a miss; the core's `on_miss`.

        Args:    status: 404, 405, 426 for an ordinary request to a WebSocket, or 204 for OPTIONS; allow: the methods
                 that the path has.
        """
        request = Request(native)
        if status == 204:
            return Response(status=204, fields=[("allow", allow)])
        if status == 426:
            return self._failures.answer(request, _NO_UPGRADE)
        if self._failures.development and self._failures.wants_page(request):
            response = self._explain(request, status)
        else:
            response = self._failures.answer(request, MethodNotAllowed() if status == 405 else NotFound())
        if status == 405:
            response.set_header("allow", allow)
        return response

    def _explain(self, request: Request, status: int) -> Response:
        # Lazy: production never shows it.
        from spica.app.debug_page import build_miss_page

        patterns = {route.pattern.text for route in self._routes}
        rows = [(route.verb, route.shown, route.target_name) for route in self._routes]
        return build_miss_page(request, status, rows, closest(request.path, patterns))
