"""spica.middleware.csrf: promise 40, no request of another site gets through."""

from __future__ import annotations

import itertools

import pytest

from spica import middleware as m
from spica.config.settings import AppSection, Settings
from spica.errors.http import Forbidden
from spica.http.context import Context
from spica.http.errors import SessionMissing
from spica.http.response import Response
from spica.middleware.csrf import csrf_field, csrf_meta, csrf_token
from spica.middleware.pipeline import compose
from spica.security.csrf import make_secret, mask_token
from spica.templates.functions import wants_context
from spica.templates.safe import Safe
from tests.requests import cookie_value, make_context, make_form, make_request

HOST = "shop.example"
TRUSTED = "https://admin.example"

SESSION = m.Session()
SESSION.bind(Settings(env="test", app=AppSection(secret_key="a secret of enough characters 0123456789")))
TOKENS: list[str] = []


def form_page(ctx: Context) -> Response:
    TOKENS.append(csrf_token(ctx))
    return Response.html("form")


def refused(ctx: Context, error: Exception) -> Response:
    assert isinstance(error, Forbidden)
    return Response.text(error.detail, status=error.status)


def visit(middleware: m.Csrf, request_fields: dict[str, str], method: str = "GET", form: str | None = None) -> Response:
    fields = list(request_fields.items())
    request = make_form(form, method=method, fields=fields) if form is not None else make_request(method, "/", fields)
    ctx = make_context(request)
    endpoint = form_page if method == "GET" else lambda ctx: Response.text("changed")
    response: Response = compose([SESSION, middleware], endpoint, on_error=refused)(ctx)
    return ctx.finish(response)


COOKIE = cookie_value(visit(m.Csrf(), {}), "spica_session")
TOKEN = TOKENS[0]
OTHERS_TOKEN = mask_token(make_secret())

METHODS = ["POST", "PUT", "PATCH", "DELETE"]
FETCH_SITES = [None, "same-origin", "none", "same-site", "cross-site", "bogus"]
ORIGINS = [
    None,
    f"https://{HOST}",
    f"http://{HOST}",
    "https://evil.example",
    f"https://{HOST}.evil.example",
    "null",
    TRUSTED,
]
SENT_TOKENS = [None, TOKEN, OTHERS_TOKEN, "", TOKEN[:-4], "x" * 86]
MATRIX = list(itertools.product(METHODS, FETCH_SITES, ORIGINS, SENT_TOKENS))


@pytest.mark.parametrize("method", METHODS)
def test_promise_40_only_our_own_pages_change_state(method: str) -> None:
    middleware = m.Csrf(trusted=[TRUSTED])
    passed = set()
    for _, fetch_site, origin, token in (case for case in MATRIX if case[0] == method):
        given = {"sec-fetch-site": fetch_site, "origin": origin, "x-csrf-token": token}
        fields = {name: value for name, value in given.items() if value is not None}
        response = visit(middleware, {**fields, "cookie": f"spica_session={COOKIE}"}, method)
        assert (response.status, response.body == b"changed") in {(200, True), (403, False)}
        if response.status == 200:
            passed.add((fetch_site, origin, token))
    ours = {None, f"https://{HOST}", f"http://{HOST}", TRUSTED}
    vouched = set(itertools.product({"same-origin", "none"}, ORIGINS)) | set(itertools.product(FETCH_SITES, {TRUSTED}))
    assert passed == {(*source, TOKEN) for source in vouched | set(itertools.product({None}, ours))}


def test_the_matrix_is_as_large_as_promised() -> None:
    assert len(MATRIX) >= 400


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_safe_methods_are_not_looked_at(method: str) -> None:
    hostile = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert visit(m.Csrf(), hostile, method).status == 200


def test_a_token_without_its_session_is_worth_nothing() -> None:
    assert visit(m.Csrf(), {"x-csrf-token": TOKEN}, "POST").status == 403


def test_the_token_may_come_in_the_form() -> None:
    cookie = {"cookie": f"spica_session={COOKIE}"}
    assert visit(m.Csrf(), cookie, "POST", f"title=Hi&_csrf_token={TOKEN}").status == 200
    assert visit(m.Csrf(), cookie, "POST", f"_csrf_token={OTHERS_TOKEN}").status == 403
    assert visit(m.Csrf(), cookie, "POST", f"_csrf_token[]={TOKEN}").status == 403
    assert visit(m.Csrf(), cookie, "POST", "title=Hi").status == 403


def test_a_wrong_header_is_not_saved_by_a_right_form() -> None:
    fields = {"cookie": f"spica_session={COOKIE}", "x-csrf-token": OTHERS_TOKEN}
    assert visit(m.Csrf(), fields, "POST", f"_csrf_token={TOKEN}").status == 403


def test_the_query_is_no_place_for_a_token() -> None:
    ctx = make_context(make_request("POST", f"/?_csrf_token={TOKEN}", {"cookie": f"spica_session={COOKIE}"}))
    with pytest.raises(Forbidden):
        compose([SESSION, m.Csrf()], lambda ctx: Response.text("changed"))(ctx)


def test_a_developer_is_told_the_reason_and_the_fix() -> None:
    middleware = m.Csrf()
    middleware.bind(Settings(env="development"))
    missing = visit(middleware, {}, "POST").body.decode()
    assert "carries no CSRF token" in missing
    assert "{{ csrf_field() }}" in missing
    foreign = visit(middleware, {"sec-fetch-site": "cross-site"}, "POST").body.decode()
    assert "Sec-Fetch-Site" in foreign
    assert "m.Csrf(trusted=" in foreign


def test_a_visitor_in_production_is_told_what_to_do_and_no_more() -> None:
    middleware = m.Csrf()
    middleware.bind(Settings(env="production"))
    told = visit(middleware, {"sec-fetch-site": "cross-site"}, "POST").body.decode()
    assert "reload the page" in told
    assert "trusted" not in told


def test_a_subclass_answers_its_own_way() -> None:
    class Own(m.Csrf):
        def refuse(self, ctx: Context, verdict: object) -> Response:
            return Response.text("no", status=403)

    assert visit(Own(), {}, "POST").body == b"no"


def test_without_a_session_it_says_so() -> None:
    with pytest.raises(SessionMissing):
        m.Csrf().before(make_context(make_request("POST")))


def test_the_template_functions() -> None:
    ctx = make_context()
    ctx.session_source = SESSION
    field, meta = csrf_field(ctx), csrf_meta(ctx)
    assert isinstance(field, Safe)
    assert isinstance(meta, Safe)
    assert field.startswith('<input type="hidden" name="_csrf_token" value="')
    assert meta.startswith('<meta name="csrf-token" content="')
    assert csrf_token(ctx) == csrf_token(ctx), "one mask a page"
    other = make_context()
    other.session_source = SESSION
    other.session.csrf_secret = ctx.session.csrf_secret
    assert csrf_token(other) != csrf_token(ctx), "and another on every page"
    assert all(wants_context(function) for function in (csrf_token, csrf_field, csrf_meta))
