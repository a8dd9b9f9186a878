"""HttpsRedirect: RFC 9110 section 15.4."""

from __future__ import annotations

import pytest

from spica import middleware as m
from spica.config.settings import ServerSection, Settings
from spica.errors.http import BadRequest
from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware
from tests.requests import make_context, make_request


def redirect(one: m.HttpsRedirect, method: str = "GET", target: str = "/a?b=1", **options: str) -> Response | None:
    return one.before(make_context(make_request(method, target, **options)))


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("HEAD", 301), ("POST", 308), ("DELETE", 308)])
def test_plain_http_goes_to_https(method: str, status: int) -> None:
    response = redirect(m.HttpsRedirect(), method)
    assert response is not None
    assert (response.status, response.header("location")) == (status, "https://shop.example/a?b=1")


@pytest.mark.parametrize(
    ("options", "host", "target", "location"),
    [
        ({}, "shop.example:8080", "/", "https://shop.example/"),
        ({}, "[::1]:8080", "/", "https://[::1]/"),
        ({}, "[::1]", "/", "https://[::1]/"),
        ({"port": 8443}, "shop.example", "/", "https://shop.example:8443/"),
        ({"host": "www.example"}, "evil.example", "//other.example/x", "https://www.example//other.example/x"),
        ({}, "shop.example", "*", "https://shop.example/"),
    ],
)
def test_where_to(options: dict[str, object], host: str, target: str, location: str) -> None:
    response = redirect(m.HttpsRedirect(**options), "OPTIONS", target, host=host)  # type: ignore[arg-type]
    assert response is not None
    assert response.header("location") == location


def test_https_passes() -> None:
    assert redirect(m.HttpsRedirect(), scheme="https") is None


def test_no_circle_behind_a_proxy_that_is_not_trusted() -> None:
    blind, seeing = m.HttpsRedirect(), m.HttpsRedirect()
    blind.bind(Settings(env="production", server=ServerSection(behind_tls=True)))
    seeing.bind(Settings(env="production", server=ServerSection(behind_tls=True, trusted_proxies=["127.0.0.1"])))
    assert redirect(blind) is None
    assert redirect(seeing) is not None


def test_mistakes() -> None:
    for options in ({"host": "evil.example/path"}, {"host": "a@b"}, {"port": 0}):
        with pytest.raises(InvalidMiddleware):
            m.HttpsRedirect(**options)  # type: ignore[arg-type]
    with pytest.raises(BadRequest):
        redirect(m.HttpsRedirect(), host="")
