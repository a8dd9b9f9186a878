"""Exceptions as responses: who gets what, and what never leaves."""

import pytest

from spica import App, HttpError, SpicaError
from spica._core import Request as NativeRequest
from spica.app.debug_page import STYLE
from spica.app.error_pages import ErrorPages
from spica.app.failures import Failures
from spica.app.page_policy import build_policy
from spica.errors.http import FieldError, TooManyRequests, UnprocessableContent
from spica.http.request import Request
from spica.telemetry.redaction import HIDDEN, describe

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


# Made here, so that no source line and no local value that the debug page shows holds it.
SECRET = "".join(("s3", "cret"))


def request_with_secrets() -> Request:
    fields = [("accept", BROWSER), ("cookie", f"spica_session={SECRET}"), ("authorization", SECRET)]
    return Request(NativeRequest.build("GET", f"/x?page=2&token={SECRET}", fields))


def failures(*, development: bool = False, pages_first: bool = False) -> Failures:
    return Failures(development=development, pages_first=pages_first, pages=ErrorPages())


def request(accept: str | None = None, content_type: str | None = None) -> Request:
    fields = [("accept", accept), ("content-type", content_type)]
    return Request(NativeRequest.build("GET", "/x", [(name, value) for name, value in fields if value]))


@pytest.mark.parametrize(
    ("accept", "content_type", "pages_first", "is_page"),
    [
        (BROWSER, None, False, True),
        ("application/json", None, True, False),
        (None, None, True, True),
        (None, None, False, False),
        ("*/*", None, True, True),
        ("*/*", "application/json", True, False),
        ("*/*", None, False, False),
    ],
)
def test_a_browser_gets_a_page_and_a_program_gets_a_problem(accept, content_type, pages_first, is_page) -> None:
    response = failures(pages_first=pages_first).answer(request(accept, content_type), HttpError("why", status=409))
    assert response.status == 409
    assert response.header("content-type") == ("text/html; charset=utf-8" if is_page else "application/problem+json")
    assert b"why" in response.body


def test_an_errors_own_fields_are_sent() -> None:
    error = TooManyRequests(fields=[("retry-after", "7")])
    for accept in (BROWSER, "application/json"):
        assert failures().answer(request(accept), error).header("retry-after") == "7"


def test_the_page_lists_rejected_values_escaped() -> None:
    error = UnprocessableContent("no", errors=[FieldError("query", "q", "<script>")])
    assert b"<li>q &lt;script&gt;</li>" in failures().answer(request(BROWSER), error).body


def test_production_shows_nothing_of_an_unexpected_error(caplog: pytest.LogCaptureFixture) -> None:
    for accept in (BROWSER, "application/json"):
        response = failures().answer(request(accept), ValueError("the password is hunter2"))
        assert response.status == 500
        assert b"hunter2" not in response.body
        assert b"ValueError" not in response.body
    assert caplog.text.count("hunter2") == 2, "the log has what the client doesn't"


def test_the_debug_page_shows_source_values_and_request_but_no_secrets() -> None:
    def fail() -> None:
        password = "hunter2"
        harmless = "<shown>"
        raise ValueError(f"broken {len(password + harmless)} <b>")

    try:
        fail()
    except ValueError as error:
        response = failures(development=True).answer(request_with_secrets(), error)
    page = response.body.decode()
    assert response.status == 500
    assert "ValueError" in page
    assert "broken 14 &lt;b&gt;" in page
    assert "harmless" in page
    assert "&lt;shown&gt;" in page
    assert "raise ValueError(f" in page
    assert "test_failures.py" in page
    assert f"<td>password</td><td>{HIDDEN}</td>" in page
    assert SECRET not in page
    assert "<td>query page</td>" in page
    assert "<script" not in page
    assert response.header("content-security-policy") == build_policy(STYLE)
    assert "unsafe-inline" not in build_policy(STYLE)


def test_the_debug_page_names_the_fix_of_our_own_errors_and_the_cause() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise SpicaError("outer", where="here", why="because", fix="do this") from inner
    except SpicaError as error:
        page = failures(development=True).answer(request(BROWSER), error).body.decode()
    assert "<dt>fix</dt><dd>do this</dd>" in page
    assert "Caused by KeyError" in page


def test_a_failure_of_the_page_is_a_bare_500() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    response = failures(development=True).answer(request("application/json"), Broken())
    assert (response.status, response.body) == (500, b"500 Internal Server Error\n")


def test_a_registered_status_counts_for_subclasses_and_hides_the_text() -> None:
    app = App()
    app.map_error(LookupError, 404)
    response = app.failures.answer(request("application/json"), KeyError("internal name"))
    assert response.status == 404
    assert b"internal" not in response.body
    with pytest.raises(ValueError, match="400 to 599"):
        app.map_error(ValueError, 200)


def test_values_are_described_briefly_and_never_raise() -> None:
    class Bad:
        def __repr__(self) -> str:
            raise RuntimeError

    assert describe("name", "x") == "'x'"
    assert describe("API_KEY", "x") == HIDDEN
    assert describe("csrf_secret", "x") == HIDDEN
    assert describe("session", {}) == HIDDEN
    assert describe("bad", Bad()) == "<Bad whose repr raised RuntimeError>"
    assert len(describe("long", "x" * 10_000)) < 500


async def test_development_explains_a_miss(exchange) -> None:
    app = App(env="development")
    app.get("/posts")(lambda: "x")
    answer = await exchange(app, "GET", "/pots", headers={"accept": BROWSER})
    assert answer.status == 404
    assert "Did you mean /posts?" in answer.text
    refused = await exchange(app, "POST", "/posts", headers={"accept": BROWSER})
    assert (refused.status, refused.field("allow")) == (405, "GET, HEAD, OPTIONS")
    escaped = await exchange(app, "GET", "/<script>", headers={"accept": BROWSER})
    assert "<script" not in escaped.text
