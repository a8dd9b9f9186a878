"""What the tests of binding share: a context of a made-up request, and a function called with what it binds."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from spica._core import Request as NativeRequest
from spica.controllers.binding import HttpHost
from spica.errors.http import UnprocessableContent
from spica.http.context import Context
from spica.http.request import Request
from spica.injection.errors import SignatureError
from spica.injection.plan import build_plan
from spica.routing.pattern import parse_pattern

JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XyZ"


def context(content: bytes = b"", content_type: str = "", target: str = "/", **fields: str) -> Context:
    sent = [("content-type", content_type)] if content_type else []
    return Context(Request(NativeRequest.build("POST", target, [*sent, *fields.items()], content)))


def json(content: bytes) -> Context:
    return context(content, JSON)


def form(*pairs: tuple[str, str]) -> Context:
    return context(urlencode(pairs).encode(), URLENCODED)


def multipart(*parts: tuple[str, str | None, bytes] | tuple[str, str | None, bytes, str]) -> Context:
    """Parts are (name, filename or None, content, content type)."""
    content = b""
    for name, filename, data, *content_type in parts:
        content += f'--XyZ\r\nContent-Disposition: form-data; name="{name}"'.encode()
        content += f'; filename="{filename}"'.encode() if filename is not None else b""
        content += "".join(f"\r\nContent-Type: {one}" for one in content_type).encode() + b"\r\n\r\n" + data + b"\r\n"
    return context(content + b"--XyZ--\r\n", MULTIPART)


def typed(type_: Any, default: Any = ...) -> Any:
    """A function with one parameter `value` of a type, which it returns."""

    def handler(value: Any) -> Any:
        return value

    if default is not ...:
        handler.__defaults__ = (default,)
    handler.__annotations__["value"] = type_
    return handler


def read(function: Any, ctx: Context, *, pattern: str = "/", method: str = "POST") -> Any:
    plan = build_plan(function, HttpHost(parse_pattern(pattern), strict_path=True, method=method))
    values, named = plan.split(plan.read(ctx))
    return function(*values, **named)


def errors_of(function: Any, ctx: Context) -> list[tuple[str, str]]:
    """Names and codes of what is refused."""
    with pytest.raises(UnprocessableContent) as caught:
        read(function, ctx)
    return [(error.name, error.code) for error in caught.value.errors]


def refused_signature(function: Any, pattern: str = "/", method: str = "POST") -> SignatureError:
    with pytest.raises(SignatureError) as caught:
        build_plan(function, HttpHost(parse_pattern(pattern), strict_path=True, method=method))
    assert ".py:" in caught.value.where
    assert caught.value.fix
    return caught.value
