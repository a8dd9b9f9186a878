"""ErrorHandler: what the exceptions of a pipeline's routes become.

Rules:
- The nearest class counts: what is said of `LookupError` holds for `KeyError` too, unless that has its own. The word of
  an inner pipeline comes before an outer one's, and that before `app.rescue`.
- It costs nothing until something is raised: the application asks it, no hook runs.
- A reporter hears of what nobody expected, and of what stands for a status from 500 on; it can't change the answer, and
  what it raises is logged.
Source: RFC 9457 (problem details) for what programs get.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

from spica.errors.http import HttpError
from spica.http.request import Request
from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import Middleware

Rescue: TypeAlias = Callable[[Request, Any], Any]
"""Makes the answer to an exception: a Response, or what `Response.ok` takes."""
Reporter: TypeAlias = Callable[[BaseException, Request], object]
Format: TypeAlias = Literal["auto", "page", "json"]


class Rescues:
    """What exception classes become: a status, or what a function answers."""

    def __init__(self) -> None:
        self._rescues: dict[type[BaseException], int | Rescue] = {}

    def register(self, kind: type[BaseException], rescue: int | Rescue) -> None:
        """Answer an exception class with a status from 400 to 599 (its text stays in the log), or by a plain function.

        Raises: InvalidMiddleware for what is no exception class, and for an async function; ValueError for a status
                that is no error.
        """
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            raise InvalidMiddleware(f"{kind!r} is not a class of exceptions", fix="rescue(PermissionError, 403)")
        if isinstance(rescue, int):
            HttpError(status=rescue)  # refuses a status that is no error
        elif not callable(rescue) or inspect.iscoroutinefunction(rescue):
            raise InvalidMiddleware(
                f"{kind.__name__} is to be answered by {rescue!r}",
                why="an answer is a status or a plain function: an exception may end a route that doesn't wait",
                fix="def explain(request, error): return Response.json({...}, status=409)",
            )
        self._rescues[kind] = rescue

    def find(self, error: BaseException) -> int | Rescue | None:
        """What was said of the nearest class; None for nothing."""
        if self._rescues:
            for kind in type(error).__mro__:
                if kind in self._rescues:
                    return self._rescues[kind]
        return None


class ErrorHandler(Middleware):
    """Says what exceptions become: statuses, answers of your own, pages or JSON, and who hears of them.

    Args:    rescues: exception class to status, or to a function of (request, error) that makes the answer; format:
             "page" or "json" for every client, "auto" (default) by what the client takes; reporters: functions of
             (error, request) that hear of failures.
    Raises:  InvalidMiddleware, ValueError as `Rescues.register`.
    Example:
        >>> ErrorHandler({LookupError: 404, PermissionError: 403}, format="json")
        ErrorHandler(LookupError, PermissionError)
    """

    declares_only: ClassVar[bool] = True

    def __init__(
        self,
        rescues: Mapping[type[Exception], int | Rescue] | None = None,
        *,
        format: Format = "auto",
        reporters: Sequence[Reporter] = (),
    ) -> None:
        if format not in ("auto", "page", "json"):
            raise InvalidMiddleware(f"ErrorHandler has no format {format!r}", fix='"auto", "page" or "json"')
        self.rescues = Rescues()
        self.format = format
        self.reporters = tuple(reporters)
        for kind, rescue in (rescues or {}).items():
            self.rescues.register(kind, rescue)
        self._names = [kind.__name__ for kind in rescues or {}]

    def __repr__(self) -> str:
        return f"ErrorHandler({', '.join(self._names)})"


def answer_rescued(rescue: Rescue, request: Request, error: BaseException) -> Response:
    """Call what was registered for an exception and make a Response of what it returns."""
    answer = rescue(request, error)
    return answer if isinstance(answer, Response) else Response.ok(answer)


def find_handlers(middleware: Sequence[Middleware]) -> list[ErrorHandler]:
    """The ErrorHandlers of a chain, outermost first."""
    return [one for one in middleware if isinstance(one, ErrorHandler)]
