"""Requests and contexts for unit tests, made of the core's own Request: no sockets, no application."""

from __future__ import annotations

from spica._core import Request as NativeRequest
from spica.http.context import NO_SERVICES, Context, ContextServices
from spica.http.request import Request
from spica.http.response import Response


def make_request(
    method: str = "GET",
    target: str = "/",
    fields: dict[str, str] | list[tuple[str, str]] | None = None,
    content: bytes = b"",
    *,
    scheme: str = "http",
    host: str = "shop.example",
) -> Request:
    """A request as it would come from the core."""
    given = list(fields.items()) if isinstance(fields, dict) else list(fields or [])
    return Request(NativeRequest.build(method, target, [("host", host), *given], content, scheme=scheme))


def make_form(body: str, *, method: str = "POST", target: str = "/", **options: object) -> Request:
    """A urlencoded form post."""
    fields = [("content-type", "application/x-www-form-urlencoded"), *options.pop("fields", [])]  # type: ignore[misc]
    return make_request(method, target, fields, body.encode(), **options)  # type: ignore[arg-type]


def make_context(
    request: Request | None = None, *, services: ContextServices = NO_SERVICES, **params: object
) -> Context:
    """A context for a request, with path parameters."""
    return Context(request or make_request(), None, dict(params), services)


def set_cookies(response: Response) -> dict[str, str]:
    """The values of the Set-Cookie fields of a response by cookie name, attributes included."""
    lines = [value for name, value in response.fields if name == "set-cookie"]
    return {line.partition("=")[0]: line.partition("=")[2] for line in lines}


def cookie_value(response: Response, name: str) -> str:
    """The value of one cookie that a response sets."""
    return set_cookies(response)[name].partition(";")[0]
