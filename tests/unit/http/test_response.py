"""spica.http.response, problem, dates and status."""

from __future__ import annotations

import pytest

from spica.errors.http import FieldError, HttpError, MethodNotAllowed, NotFound, UnprocessableContent
from spica.http import json
from spica.http.dates import format_date
from spica.http.disposition import build_disposition
from spica.http.errors import InvalidCookie, InvalidField, UnencodableValue, UnsafeRedirect
from spica.http.problem import build_problem, problem_response
from spica.http.response import Response, ResponseDefaults
from spica.http.status import phrase
from tests.requests import set_cookies


def shape(response: Response) -> tuple[int, list[tuple[str, str]], bytes]:
    return response.status, response.fields, response.body


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(), (200, [], b"")),
        (Response("é"), (200, [("content-type", "text/plain; charset=utf-8")], "é".encode())),
        (Response(b"x"), (200, [("content-type", "application/octet-stream")], b"x")),
        (Response(b"x", 201, [("content-type", "a/b")]), (201, [("content-type", "a/b")], b"x")),
        (Response(b"x", content_type="a/b"), (200, [("content-type", "a/b")], b"x")),
        (Response.text("x", status=400), (400, [("content-type", "text/plain; charset=utf-8")], b"x")),
        (Response.html("<p>"), (200, [("content-type", "text/html; charset=utf-8")], b"<p>")),
        (Response.json([1]), (200, [("content-type", "application/json")], b"[1]")),
        (Response.ok(), (204, [], b"")),
        (Response.ok("x"), (200, [("content-type", "text/plain; charset=utf-8")], b"x")),
        (Response.ok({"a": 1}, status=202), (202, [("content-type", "application/json")], b'{"a":1}')),
        (Response.created(), (201, [], b"")),
        (
            Response.created({"id": 7}, location="/posts/7"),
            (201, [("content-type", "application/json"), ("location", "/posts/7")], b'{"id":7}'),
        ),
        (Response.no_content(), (204, [], b"")),
        (Response.not_found("no"), (404, [("content-type", "text/plain; charset=utf-8")], b"no")),
        (Response.redirect("/a b"), (303, [("location", "/a%20b")], b"")),
        (Response.redirect("https://example.org", status=301), (301, [("location", "https://example.org")], b"")),
    ],
)
def test_builders(response: Response, expected: tuple[int, list[tuple[str, str]], bytes]) -> None:
    assert shape(response) == expected
    assert response.file is None


def test_headers_chain_replace_and_add() -> None:
    response = Response.ok("x").with_header("Cache-Control", "no-store").with_header("cache-control", "max-age=3600")
    assert response.header("CACHE-control") == "max-age=3600"
    response.add_header("Link", "</a>")
    response.add_header("Link", "</b>")
    assert [value for name, value in response.fields if name == "link"] == ["</a>", "</b>"]
    assert response.header("none") is None


def test_vary_is_said_once() -> None:
    response = Response()
    for name in ("cookie", "cookie", "accept", "cookie"):
        response.add_vary(name)
    assert response.fields == [("vary", "cookie, accept")]


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a\nb", "\0"])
def test_promise_7_no_control_bytes_leave(value: str) -> None:
    response = Response()
    with pytest.raises(InvalidField):
        response.set_header("x", value)
    with pytest.raises(InvalidField):
        response.add_header("x", value)
    with pytest.raises(UnsafeRedirect):
        Response.redirect(f"/{value}")
    with pytest.raises(UnsafeRedirect):
        Response.created(location=f"/{value}")
    with pytest.raises(InvalidCookie):
        response.set_cookie("a", "1", path=value)
    response.set_cookie("a", value)
    assert all(text.isprintable() for _, text in response.fields)


def test_cookies() -> None:
    response = Response()
    response.set_cookie("a", "1", max_age=None, secure=False)
    response.delete_cookie("b")
    response.delete_cookie("__Host-c")
    assert set_cookies(response) == {
        "a": "1; Path=/; HttpOnly; SameSite=Lax",
        "b": "; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
        "__Host-c": "; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax",
    }


def test_a_file_is_a_path_and_a_type() -> None:
    shown = Response.file("/srv/a.svg")
    assert (shown.file, shown.fields, shown.body) == ("/srv/a.svg", [("content-type", "image/svg+xml")], b"")
    offered = Response.file("/srv/1234", filename="report.pdf")
    assert offered.header("content-type") == "application/pdf"
    assert offered.header("content-disposition") == 'attachment; filename="report.pdf"'
    assert "file '/srv/1234'" in repr(offered)


@pytest.mark.parametrize(
    ("filename", "value"),
    [
        ("a.pdf", 'attachment; filename="a.pdf"'),
        ("../../a.pdf", 'attachment; filename="a.pdf"'),
        ('a".pdf', "attachment; filename=\"a_.pdf\"; filename*=UTF-8''a%22.pdf"),
        ("é\r\n.pdf", "attachment; filename=\"___.pdf\"; filename*=UTF-8''%C3%A9%0D%0A.pdf"),
    ],
)
def test_rfc6266_filenames(filename: str, value: str) -> None:
    assert build_disposition(filename) == value


@pytest.mark.parametrize("status", [200, 304, 400])
def test_a_redirect_has_a_redirect_status(status: int) -> None:
    with pytest.raises(ValueError, match=f"not {status}"):
        Response.redirect("/", status=status)


def test_json_that_cannot_be() -> None:
    with pytest.raises(UnencodableValue):
        Response.json(object())


def test_defaults_fill_what_the_response_leaves_open() -> None:
    defaults = ResponseDefaults()
    defaults.status = 201
    defaults.set_header("X-A", "default")
    defaults.set_header("X-B", "default")
    defaults.set_cookie("c", "1", secure=False)
    response = Response("x").with_header("x-a", "own")
    response.set_cookie("d", "1", secure=False)
    defaults.apply(response)
    assert response.status == 201
    assert (response.header("x-a"), response.header("x-b")) == ("own", "default")
    assert list(set_cookies(response)) == ["d", "c"]


def test_the_default_status_does_not_replace_an_explicit_one() -> None:
    defaults = ResponseDefaults()
    defaults.status = 201
    response = Response.not_found()
    defaults.apply(response)
    assert response.status == 404


def test_rfc9457_members() -> None:
    assert build_problem(404) == {"type": "about:blank", "title": "Not Found", "status": 404}
    problem = build_problem(403, "No.", title="T", type_uri="https://x", instance="urn:1", balance=3)
    expected = {"type": "https://x", "title": "T", "status": 403, "detail": "No.", "instance": "urn:1", "balance": 3}
    assert problem == expected


def test_the_problem_of_an_error_lists_every_field() -> None:
    errors = [
        FieldError("body", "title", "is too short", "too_short", "#/title"),
        FieldError("query", "page", "is not a number"),
    ]
    response = problem_response(UnprocessableContent("2 values were rejected", errors=errors))
    assert (response.status, response.header("content-type")) == (422, "application/problem+json")
    assert json.decode(response.body)["errors"] == [
        {
            "source": "body",
            "name": "title",
            "message": "is too short",
            "code": "too_short",
            "pointer": "#/title",
        },
        {"source": "query", "name": "page", "message": "is not a number", "code": "invalid"},
    ]


def test_the_problem_of_an_error_keeps_its_fields_and_nothing_of_its_cause() -> None:
    error = MethodNotAllowed(fields=[("Allow", "GET")])
    error.__cause__ = RuntimeError("secret")
    response = problem_response(error)
    assert response.header("allow") == "GET"
    assert b"secret" not in response.body
    assert problem_response(HttpError()).status == 500
    assert json.decode(problem_response(NotFound("no such post")).body)["detail"] == "no such post"


def test_http_dates() -> None:
    assert format_date(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_phrases_of_unknown_codes_are_those_of_their_class() -> None:
    assert [phrase(status) for status in (404, 299, 499, 599)] == [
        "Not Found",
        "OK",
        "Bad Request",
        "Internal Server Error",
    ]
