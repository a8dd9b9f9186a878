"""Failures: exceptions become responses here, and nowhere else.

Rules of this file:
- An HttpError says its own status; other exceptions have the status that was registered for their class; the rest is a
  500, logged with its traceback.
- A browser gets a page, a program gets RFC 9457 problem details. In development an unexpected exception gets the debug
  page; in production nothing of it leaves the process but the trace id.
- `answer` never raises: if making the page fails, a bare 500 goes out.
"""

from __future__ import annotations

import logging

from spica.app.error_pages import ErrorPages
from spica.errors.http import HttpError
from spica.http import media_types
from spica.http.context import Context
from spica.http.problem import problem_response
from spica.http.request import Request
from spica.http.response import Response

_log = logging.getLogger("spica.app")


class Statuses:
    """Which status an exception class stands for, beside HttpError's own; the nearest base class counts."""

    def __init__(self) -> None:
        self._statuses: dict[type[BaseException], int] = {}

    def register(self, kind: type[BaseException], status: int) -> None:
        """Answer an exception class with a status from 400 to 599; its text stays in the log."""
        HttpError(status=status)  # refuses a status that is no error
        self._statuses[kind] = status

    def find(self, error: BaseException) -> HttpError | None:
        """The HttpError that an exception is or stands for; None for an unexpected one."""
        if isinstance(error, HttpError):
            return error
        for kind in type(error).__mro__:
            if kind in self._statuses:
                return HttpError(status=self._statuses[kind])
        return None


class Failures:
    """Answers exceptions.

    Args:    development: whether the debug page may be shown; pages_first: whether a client that takes anything gets a
             page (a project) or problem details (an API); pages: of the application; statuses: of exception classes.
    """

    def __init__(self, *, development: bool, pages_first: bool, pages: ErrorPages, statuses: Statuses) -> None:
        self.development = development
        self._pages = pages
        self._statuses = statuses
        self._pages_first = pages_first

    def answer(self, request: Request, error: BaseException, ctx: Context | None = None) -> Response:
        """Make the response to an exception; never raises.

        Args:    request: during which it was raised; error: it; ctx: the request's context, where there is one.
        """
        try:
            return self._answer(request, error, ctx)
        except Exception:
            _log.exception("the response to an error failed as well")
            return Response("500 Internal Server Error\n", 500)

    def answer_in(self, ctx: Context, error: Exception) -> Response:
        """Make the response to an exception inside a pipeline; never raises."""
        return self.answer(ctx.request, error, ctx)

    def wants_page(self, request: Request) -> bool:
        """Whether to answer with HTML: the client prefers it, or takes anything and this application serves pages."""
        if self._pages_first and not media_types.is_json(request.content_type):
            return request.accepts("html", "json") != "json"
        return request.accepts("json", "html") == "html"

    def _answer(self, request: Request, error: BaseException, ctx: Context | None) -> Response:
        expected = self._statuses.find(error)
        trace_id = ctx.trace_id if ctx is not None else ""
        if expected is None or (expected.status >= 500 and expected is not error):
            _log.error("%s %s failed %s", request.method, request.path, trace_id, exc_info=error)
        if expected is not None:
            return self._answer_expected(request, expected, "")
        if self.development and self.wants_page(request):
            # Lazy: production never shows it, and development mostly doesn't.
            from spica.app.debug_page import build_debug_page

            return build_debug_page(request, error, trace_id=trace_id)
        detail = f"{type(error).__name__}: {error}" if self.development else ""
        return self._answer_expected(request, HttpError(detail), trace_id)

    def _answer_expected(self, request: Request, error: HttpError, trace_id: str) -> Response:
        if not self.wants_page(request):
            return problem_response(error, instance=f"urn:trace:{trace_id}" if trace_id else "")
        response = self._pages.build(error, trace_id)
        for name, value in error.fields:
            response.add_header(name, value)
        return response
