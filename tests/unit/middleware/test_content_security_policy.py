"""Nonces: made when a page asks, in the policy that the page is sent with, and never stored."""

from __future__ import annotations

import re
from typing import Any

import pytest

from spica import App, Context, Response
from spica import middleware as m
from spica.http.context import Context as HttpContext
from spica.middleware.content_security_policy import build_nonce_form, csp_nonce
from spica.middleware.errors import InvalidMiddleware
from tests.requests import make_context
from tests.serving import open_client


@pytest.mark.parametrize(
    ("policy", "form"),
    [
        (
            "default-src 'self'",
            "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'",
        ),
        ("default-src 'none'", "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'"),
        ("script-src 'self'", "script-src 'self' 'nonce-{nonce}'"),
        ("script-src 'none'; style-src 'unsafe-inline'", "script-src 'none'; style-src 'unsafe-inline'"),
        (
            "script-src 'unsafe-inline' 'strict-dynamic'; style-src *",
            "script-src 'unsafe-inline' 'strict-dynamic' 'nonce-{nonce}'; style-src * 'nonce-{nonce}'",
        ),
        ("script-src-elem a", "script-src-elem a 'nonce-{nonce}'"),
        ("img-src *; upgrade-insecure-requests", "img-src *; upgrade-insecure-requests"),
        ("", ""),
    ],
)
def test_where_a_nonce_goes(policy: str, form: str) -> None:
    assert build_nonce_form(policy) == form


def application() -> App:
    app = App()
    with app.pipeline("strict"):
        app.use(m.ContentSecurityPolicy(script_src=["'self'"]), m.ContentSecurityPolicy(report_only=True))

    def page(ctx: Context) -> Response:
        assert csp_nonce(ctx) == csp_nonce(ctx)
        return ctx.html(f'<script nonce="{csp_nonce(ctx)}"></script>')

    app.get("/page")(page)
    app.get("/strict", pipe="strict")(page)

    @app.get("/plain")
    def plain(ctx: Context) -> Response:
        return ctx.html("<p>")

    @app.get("/cached")
    def cached(ctx: Context) -> Response:
        ctx.response.set_header("cache-control", "private, max-age=5")
        csp_nonce(ctx)
        return ctx.html("<p>")

    return app


def nonce_in(text: str) -> str:
    found = re.search(r'nonce="([\w-]{22})"', text)
    assert found
    return found[1]


@pytest.mark.parametrize("path", ["/page", "/strict"])
async def test_the_policy_of_a_page_names_its_nonce_and_each_page_has_another(path: str) -> None:
    async with open_client(application()) as client:
        one, other = await client.get(path), await client.get(path)
    for response in (one, other):
        [policy] = response.headers.get_all("content-security-policy")
        assert f"'nonce-{nonce_in(response.text)}'" in policy
        assert response.headers["cache-control"] == "no-store"
    assert nonce_in(one.text) != nonce_in(other.text)


async def test_a_report_only_policy_gets_the_nonce_too() -> None:
    async with open_client(application()) as client:
        response = await client.get("/strict")
    assert nonce_in(response.text) in response.headers["content-security-policy-report-only"]
    assert "script-src 'self' 'nonce-" in response.headers["content-security-policy"]


async def test_a_page_that_does_not_ask_has_the_policy_as_it_stands() -> None:
    async with open_client(application()) as client:
        response = await client.get("/plain")
        cached = await client.get("/cached")
    assert "nonce" not in response.headers["content-security-policy"]
    assert "cache-control" not in response.headers
    assert cached.headers["cache-control"] == "private, max-age=5"


def test_without_a_request_or_a_policy_there_is_no_nonce() -> None:
    assert csp_nonce(None) == ""
    ctx: HttpContext = make_context()
    assert csp_nonce(ctx) == ""
    assert not ctx.has_response_defaults


@pytest.mark.parametrize("source", ["self", "none", "unsafe-inline", "nonce-abc", "sha256-x"])
def test_a_keyword_without_quotes_is_told(source: str) -> None:
    with pytest.raises(InvalidMiddleware) as caught:
        m.ContentSecurityPolicy(script_src=[source])
    assert f"\"'{source}'\"" in str(caught.value)


def test_the_name_of_a_field_that_is_nearly_one_is_told() -> None:
    with pytest.raises(InvalidMiddleware) as caught:
        m.SecurityHeaders(x_frame_option="DENY")
    assert "x_frame_options" in str(caught.value)


def test_own_fields_and_other_values_are_sent() -> None:
    options: dict[str, Any] = {"cross_origin_resource_policy": "same-site", "x_robots_tag": "noindex"}
    fields = dict(m.SecurityHeaders(**options).static_fields)
    assert (fields["cross-origin-resource-policy"], fields["x-robots-tag"]) == ("same-site", "noindex")
