"""Problem details: the JSON body of an error.

Rules: `detail` and the field errors reach the client; nothing else of an exception does.
Source: RFC 9457.
"""

from __future__ import annotations

from typing import Any

from spica.errors.http import FieldError, HttpError, UnprocessableContent
from spica.http import json, media_types
from spica.http.response import Response
from spica.http.status import phrase


def build_problem(
    status: int,
    detail: str = "",
    *,
    title: str = "",
    type_uri: str = "about:blank",
    instance: str = "",
    **extensions: Any,
) -> dict[str, Any]:
    """Build the members of a problem details object.

    Args:    status: 400 to 599; detail: one sentence on this occurrence; title: default the status' phrase;
             type_uri: identifies the kind of problem; instance: identifies the occurrence; extensions: further members.
    Returns: a dict without the members that would be empty.
    """
    problem: dict[str, Any] = {"type": type_uri, "title": title or phrase(status), "status": status}
    if detail and detail != problem["title"]:
        problem["detail"] = detail
    if instance:
        problem["instance"] = instance
    return {**problem, **extensions}


def problem_of(error: HttpError, *, instance: str = "") -> dict[str, Any]:
    """Build the problem of an exception; the rejected values of an UnprocessableContent are listed under `errors`.

    Each has `source` (path, query, header, cookie or body), `name`, `message` and `code`, in the body also a `pointer`.
    """
    extensions: dict[str, Any] = {}
    if isinstance(error, UnprocessableContent) and error.errors:
        extensions["errors"] = [_describe(field) for field in error.errors]
    return build_problem(error.status, error.detail, instance=instance, **extensions)


def _describe(field: FieldError) -> dict[str, str]:
    described = field._asdict()
    if not field.pointer:
        del described["pointer"]
    return described


def problem_response(error: HttpError, *, instance: str = "") -> Response:
    """Build the application/problem+json response of an exception, with the fields it carries (Allow, Retry-After)."""
    response = respond_with(problem_of(error, instance=instance))
    for name, value in error.fields:
        response.add_header(name, value)
    return response


def respond_with(problem: dict[str, Any]) -> Response:
    """Build the application/problem+json response of a problem, with the status it names."""
    return Response(json.encode(problem), problem["status"], None, media_types.PROBLEM)
