"""spica.http.context: what a handler has in scope."""

from __future__ import annotations

from typing import Any

import pytest

from spica.errors.http import BadRequest
from spica.http.context import Context, ContextServices
from spica.http.errors import SessionMissing, UnsafeRedirect
from spica.http.response import Response
from spica.security.cookies import SecretCookies
from spica.security.keys import KeyRing
from tests.requests import make_context, make_form, make_request, set_cookies

JSON = {"content-type": "application/json"}


def test_params_merge_path_content_and_query_in_that_order() -> None:
    ctx = make_context(make_form("a=form&b=form&post[x]=1", target="/?a=query&b=query&c=query"), a="path")
    assert ctx.params.to_unsafe_dict() == {"a": "path", "b": "form", "c": "query", "post": {"x": "1"}}
    assert ctx.params is ctx.params


def test_params_of_a_json_object() -> None:
    ctx = make_context(make_request("POST", "/?q=1", JSON, b'{"post": {"n": 1}}'))
    assert ctx.params.to_unsafe_dict() == {"q": "1", "post": {"n": 1}}


@pytest.mark.parametrize(("content_type", "content"), [("application/json", b"[1]"), ("text/plain", b"a=1")])
def test_other_content_has_no_params(content_type: str, content: bytes) -> None:
    ctx = make_context(make_request("POST", "/?q=1", {"content-type": content_type}, content))
    assert ctx.params.to_unsafe_dict() == {"q": "1"}


def test_params_of_malformed_content_are_a_400() -> None:
    with pytest.raises(BadRequest):
        _ = make_context(make_request("POST", "/", JSON, b"{")).params


def test_without_session_middleware_the_error_says_what_to_do() -> None:
    ctx = make_context()
    for use in (lambda: ctx.session, lambda: ctx.flash, lambda: ctx.redirect_to("/", notice="Hi")):
        with pytest.raises(SessionMissing, match=r"p\.use\(m\.Session\)"):
            use()
    assert ctx.loaded_session is None


class OneSession:
    """A session source that counts."""

    def __init__(self) -> None:
        self.loads = 0

    def load(self, ctx: Context) -> Any:
        self.loads += 1

        class Session(dict[str, Any]):
            flash: dict[str, str] = {}

        return Session()


def test_the_session_is_loaded_when_asked_for_and_once() -> None:
    ctx, source = make_context(), OneSession()
    ctx.session_source = source
    assert (source.loads, ctx.loaded_session) == (0, None)
    ctx.session["a"] = 1
    ctx.flash["notice"] = "Hi"
    assert source.loads == 1
    assert ctx.loaded_session == {"a": 1}


def test_redirect_to_sets_flash() -> None:
    ctx = make_context()
    ctx.session_source = OneSession()
    response = ctx.redirect_to("/posts/1", notice="Created", alert="Careful")
    assert (response.status, response.header("location")) == (303, "/posts/1")
    assert ctx.flash == {"notice": "Created", "alert": "Careful"}


def test_a_refused_redirect_leaves_no_flash() -> None:
    ctx, source = make_context(), OneSession()
    ctx.session_source = source
    with pytest.raises(UnsafeRedirect):
        ctx.redirect_to("//evil.example", notice="Created")
    assert source.loads == 0


@pytest.mark.parametrize("url", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x"])
def test_promise_42_redirects_stay_here(url: str) -> None:
    with pytest.raises(UnsafeRedirect):
        make_context().redirect_to(url)


def test_redirect_to_this_host_and_elsewhere_when_meant() -> None:
    ctx = make_context()
    assert ctx.redirect_to("https://shop.example/x").header("location") == "https://shop.example/x"
    assert ctx.redirect_to("https://example.org/", allow_other_host=True, status=302).status == 302


@pytest.mark.parametrize(
    ("referer", "location"),
    [
        ("http://shop.example/posts?page=2", "http://shop.example/posts?page=2"),
        ("https://evil.example/", "/fallback"),
        ("http://shop.example.evil.example/", "/fallback"),
        ("javascript:x", "/fallback"),
        ("", "/fallback"),
    ],
)
def test_redirect_back_goes_to_our_own_pages_only(referer: str, location: str) -> None:
    ctx = make_context(make_request(fields={"referer": referer} if referer else {}))
    assert ctx.redirect_back("/fallback").header("location") == location


def test_finish_merges_defaults_and_cookies() -> None:
    ctx = make_context()
    ctx.response.status = 201
    ctx.expires_in(60, public=True, stale_while_revalidate=30)
    ctx.cookies["theme"] = "dark"
    response = ctx.finish(Response.text("x"))
    assert response.status == 201
    assert response.header("cache-control") == "private, max-age=60, stale-while-revalidate=30", "it sets a cookie"
    assert set_cookies(response) == {"theme": "dark; Path=/; HttpOnly; SameSite=Lax"}


def test_finish_leaves_a_response_alone_when_nothing_was_set() -> None:
    response = Response.text("x")
    fields = list(response.fields)
    assert make_context().finish(response) is response
    assert response.fields == fields


@pytest.mark.parametrize(
    ("scheme", "behind_tls", "secure"), [("http", False, False), ("https", False, True), ("http", True, True)]
)
def test_cookies_are_secure_where_tls_is(scheme: str, behind_tls: bool, secure: bool) -> None:
    services = ContextServices(behind_tls=behind_tls)
    ctx = make_context(make_request(scheme=scheme), services=services)
    ctx.cookies["a"] = "1"
    assert ("Secure" in ctx.cookies.set_cookie_values()[0]) is secure


def test_sealed_cookies_use_the_apps_keys() -> None:
    services = ContextServices(SecretCookies(KeyRing(["0123456789 abcdefghijklmnop qrstuvw"])))
    ctx = make_context(services=services)
    ctx.cookies.encrypted["a"] = "1"
    assert ctx.cookies["a"].startswith("v1.")


def test_answers() -> None:
    ctx = make_context()
    assert ctx.json({"a": 1}, status=201).status == 201
    assert ctx.html("<p>").header("content-type") == "text/html; charset=utf-8"
    assert ctx.text("x").body == b"x"
    assert ctx.head(410).status == 410
    assert ctx.not_found("no").status == 404
    assert ctx.send_file("/srv/a.pdf", filename="b.pdf").file == "/srv/a.pdf"
    data = ctx.send_data(b"a,b", filename="a.csv")
    assert data.fields == [
        ("content-type", "text/csv; charset=utf-8"),
        ("content-disposition", 'attachment; filename="a.csv"'),
    ]
    assert ctx.send_data(b"x").header("content-type") == "application/octet-stream"


def test_what_belongs_to_one_request_is_not_shared() -> None:
    one, other = make_context(), make_context()
    one.assigns["a"] = 1
    one.path_params["b"] = 2
    one.current_user = "Ann"
    assert (other.assigns, other.path_params, other.current_user) == ({}, {}, None)
    assert one.trace_id == one.trace_id
    assert one.trace_id != other.trace_id
    assert len(one.trace_id) == 32


def test_is_htmx() -> None:
    assert make_context(make_request(fields={"hx-request": "true"})).is_htmx
    assert not make_context().is_htmx
