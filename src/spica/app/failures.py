"""Failures: exceptions become responses here, and nowhere else.

Rules of this file:
- What was registered for an exception's class comes first, the innermost ErrorHandler's before the application's; then
  an HttpError says its own status; the rest is a 500, logged with its traceback and told to the reporters.
- A browser gets a page, a program gets RFC 9457 problem details. In development an unexpected exception gets the debug
  page; in production nothing of it leaves the process but the trace id.
- `answer` never raises: if making the page fails, a bare 500 goes out.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from spica.app.error_pages import ErrorPages
from spica.errors.foreign_names import add_hint, notes_of
from spica.errors.http import HttpError
from spica.http import media_types
from spica.http.context import Context, new_trace_id
from spica.http.problem import problem_response
from spica.http.request import Request
from spica.http.response import Response
from spica.middleware.error_handler import ErrorHandler, Format, Reporter, Rescue, Rescues, answer_rescued

_log = logging.getLogger("spica.app")


class Failures:
    """Answers exceptions.

    Args:    development: whether the debug page may be shown; pages_first: whether a client that takes anything gets a
             page (a project) or problem details (an API); pages: of the application; rescues: what was registered
             for exception classes, the first that has a word counts; reporters: who hears of failures.
    """

    def __init__(
        self,
        *,
        development: bool,
        pages_first: bool,
        pages: ErrorPages,
        rescues: Sequence[Rescues] = (),
        reporters: Sequence[Reporter] = (),
    ) -> None:
        self.development = development
        self._pages = pages
        self._rescues = rescues
        self._reporters = reporters
        self._pages_first = pages_first
        self._format: Format = "auto"

    def with_handlers(self, handlers: Sequence[ErrorHandler]) -> Failures:
        """The failures of a route behind these handlers, outermost first."""
        if not handlers:
            return self
        inner = Failures(
            development=self.development,
            pages_first=self._pages_first,
            pages=self._pages,
            rescues=[*(one.rescues for one in reversed(handlers)), *self._rescues],
            reporters=list(dict.fromkeys([*self._reporters, *(told for one in handlers for told in one.reporters)])),
        )
        inner._format = next((one.format for one in reversed(handlers) if one.format != "auto"), "auto")
        return inner

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
        if self._format != "auto":
            return self._format == "page"
        if self._pages_first and not media_types.is_json(request.content_type):
            return request.accepts("html", "json") != "json"
        return request.accepts("json", "html") == "html"

    def _answer(self, request: Request, error: BaseException, ctx: Context | None) -> Response:
        rescue = self._find_rescue(error)
        trace_id = ctx.trace_id if ctx is not None else new_trace_id()
        if rescue is not None and not isinstance(rescue, int):
            return answer_rescued(rescue, request, error)
        expected = HttpError(status=rescue) if rescue else error if isinstance(error, HttpError) else None
        if expected is None or (expected.status >= 500 and expected is not error):
            add_hint(error)
            _log.error("%s %s failed %s", request.method, request.path, trace_id, exc_info=error)
            self.report(error, request)
        if expected is not None:
            return self._answer_expected(request, expected, "")
        if self.development and self.wants_page(request):
            # Lazy: production never shows it, and development mostly doesn't.
            from spica.app.debug_page import build_debug_page

            return build_debug_page(request, error, trace_id=trace_id)
        detail = "\n".join([f"{type(error).__name__}: {error}", *notes_of(error)]) if self.development else ""
        return self._answer_expected(request, HttpError(detail), trace_id)

    def _find_rescue(self, error: BaseException) -> int | Rescue | None:
        for rescues in self._rescues:
            rescue = rescues.find(error)
            if rescue is not None:
                return rescue
        return None

    def report(self, error: BaseException, request: Request) -> None:
        """Tell the reporters of a failure that nobody expected; never raises."""
        for reporter in self._reporters:
            try:
                reporter(error, request)
            except Exception:
                _log.exception("the reporter %r failed", reporter)

    def _answer_expected(self, request: Request, error: HttpError, trace_id: str) -> Response:
        if not self.wants_page(request):
            return problem_response(error, instance=f"urn:trace:{trace_id}" if trace_id else "")
        response = self._pages.build(error, trace_id)
        for name, value in error.fields:
            response.add_header(name, value)
        return response
