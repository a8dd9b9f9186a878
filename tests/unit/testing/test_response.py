"""What the test client makes of a response."""

from __future__ import annotations

import re

import pytest

from spica.testing.response import BrokenResponse, ClientResponse

PAGE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 25\r\nset-cookie: a=b\r\n\r\n"
    b"<p>5 &lt; 6 &#34;yes&#34;"
)


def response(received: bytes = PAGE) -> ClientResponse:
    return ClientResponse(received, "GET", "/page")


def json_response(content: bytes) -> ClientResponse:
    return response(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(content), content))


def test_reads_status_headers_and_text() -> None:
    page = response()
    assert (page.status, page.headers["set-cookie"], page.text) == (200, "a=b", "<p>5 &lt; 6 &#34;yes&#34;")


def test_expectations_chain_and_text_is_found_as_it_reads() -> None:
    page = response()
    assert page.expect_status(200).expect_text('5 < 6 "yes"', "&lt;").expect_no_text("7") is page
    assert page.expect_header("set-cookie", "a=b") is page


@pytest.mark.parametrize(
    "fail",
    [
        lambda page: page.expect_status(404),
        lambda page: page.expect_redirect("/x"),
        lambda page: page.expect_text("missing"),
        lambda page: page.expect_no_text("5 < 6"),
        lambda page: page.expect_header("x-none"),
        lambda page: page.expect_header("set-cookie", "c"),
    ],
)
def test_a_failure_shows_what_came(fail: object) -> None:
    with pytest.raises(AssertionError, match=r"got 200 for GET /page\n\n  > GET /page\n  < 200\n(.*\n)+\n<p>5"):
        fail(response())  # type: ignore[operator]


def test_redirects() -> None:
    moved = response(b"HTTP/1.1 303 See Other\r\nlocation: /posts/1\r\ncontent-length: 0\r\n\r\n")
    assert moved.expect_redirect() is moved.expect_redirect("/posts/1")
    with pytest.raises(AssertionError, match="not to /posts/1"):
        moved.expect_redirect("/posts/2")


def test_json_paths() -> None:
    found = json_response(b'{"posts": [{"title": "Hi"}]}')
    found.expect_json({"posts": [{"title": "Hi"}]}).expect_json_path("$.posts[0].title", "Hi")
    found.expect_json_path("$..title", ["Hi"]).expect_json_path("$.posts").expect_no_json_path("$.posts[1]")
    found.expect_json_path("$..nothing", [])
    with pytest.raises(AssertionError, match=r"'Ho' at \$\.posts\[0\]\.title, not 'Hi'"):
        found.expect_json_path("$.posts[0].title", "Ho")
    with pytest.raises(AssertionError, match=r"None at \$\.posts\[1\]\.title, not nothing"):
        found.expect_json_path("$.posts[1].title", None)
    with pytest.raises(AssertionError, match="something at"):
        found.expect_json_path("$..nothing")
    with pytest.raises(AssertionError, match="nothing at"):
        found.expect_no_json_path("$.posts[0].title")
    with pytest.raises(ValueError, match="looks like"):
        found.expect_json_path("posts..title", "Hi")


def test_parts_of_json() -> None:
    found = json_response(b'{"id": 1, "tags": [{"name": "a", "n": 1}], "more": null}')
    assert found.expect_json_part({"tags": [{"name": "a"}], "more": None}) is found
    for part, missing in (
        ({"none": 1}, r"\$ has no 'none'"),
        ({"tags": [{"name": "b"}]}, r"\$\.tags\[0\]\.name is 'a'"),
        ({"tags": []}, r"\$\.tags is \["),
        ({"id": {"a": 1}}, r"\$\.id is 1"),
    ):
        with pytest.raises(AssertionError, match=missing):
            found.expect_json_part(part)
    with pytest.raises(AssertionError, match="expected JSON"):
        response().expect_json({})


HTML = b"<title>Posts</title><ul><li class=a>One\n  <b>post</b></li><li>Two</li></ul>"


def test_elements_are_found_by_selectors() -> None:
    page = response(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n" + HTML)
    page.expect_html(title="Posts").expect_select("li", count=2).expect_select("ul > li.a", text="One post")
    page.expect_select("li", text=re.compile("^T"), count=1).expect_no_select("table").expect_no_select("li", text="x")
    for fail, says in (
        (lambda: page.expect_select("li", count=3), "3 of li, found 2; the selector finds"),
        (lambda: page.expect_select("li", text="One"), "li saying 'One', found 0"),
        (lambda: page.expect_select("table"), "expected table, found none"),
        (lambda: page.expect_no_select("li"), "0 of li, found 2"),
        (lambda: page.expect_html(title="Other"), "head title saying 'Other'"),
    ):
        with pytest.raises(AssertionError, match=says):
            fail()
    with pytest.raises(ValueError, match="no CSS selector"):
        page.expect_select("li[")
    with pytest.raises(AssertionError, match="expected HTML, not None"):
        json_response(b"{}").expect_html()


def test_problems() -> None:
    content = b'{"status": 422, "errors": [{"name": "title", "code": "too_short", "message": "is too short"}]}'
    head = b"HTTP/1.1 422 Unprocessable Content\r\ncontent-type: application/problem+json\r\n\r\n"
    problem = response(head + content)
    problem.expect_problem(422, field="title", code="too_short").expect_problem()
    with pytest.raises(AssertionError, match=r"a problem with \{'name': 'body'\}, among"):
        problem.expect_problem(field="body")
    with pytest.raises(AssertionError, match="status 404"):
        problem.expect_problem(404)
    with pytest.raises(AssertionError, match="problem details, not None"):
        json_response(b"{}").expect_problem()


def test_headers_by_pattern_and_absence() -> None:
    page = response()
    page.expect_header("content-type", re.compile("^text/html")).expect_no_header("x-none")
    with pytest.raises(AssertionError, match="no header set-cookie"):
        page.expect_no_header("set-cookie")
    with pytest.raises(AssertionError, match="expected success"):
        response(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").expect_ok()


def test_trailers_are_kept_and_interim_responses_passed_over() -> None:
    page = response(
        b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n"
        b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nx-sum: 42\r\n\r\n"
    )
    assert (page.status, page.content, page.trailers["x-sum"]) == (200, b"hello!", "42")
    assert page.require_whole() is page


@pytest.mark.parametrize(
    ("received", "what"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello", "after 5 octets: 5 octets of its content is missing"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "after 5 octets: its end is missing"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhel", "after 3 octets: its end is missing"),
    ],
)
def test_what_broke_off_says_so(received: bytes, what: str) -> None:
    with pytest.raises(BrokenResponse, match=what) as broken:
        response(received).require_whole(LookupError("no such row"))
    assert "because of LookupError: no such row" in str(broken.value)
    assert isinstance(broken.value.__cause__, LookupError)
    assert broken.value.response.status == 200


@pytest.mark.parametrize("received", [b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", b"garbage"])
def test_no_answer_is_no_response(received: bytes) -> None:
    with pytest.raises(ConnectionError, match="without an answer"):
        response(received)
