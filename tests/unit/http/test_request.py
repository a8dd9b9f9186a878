"""spica.http.request and spica.http.fields: the lazy view."""

from __future__ import annotations

import pytest

from spica.errors.http import BadRequest, UnsupportedMediaType
from spica.http.errors import InvalidField
from spica.http.fields import check_field
from spica.http.media_types import essence, is_json, type_of
from tests.requests import make_form, make_request

JSON = {"content-type": "application/json"}


def test_the_request_line() -> None:
    request = make_request("POST", "/caf%C3%A9?a=1&a=2", scheme="https", host="shop.example:8443")
    assert (request.method, request.target, request.path) == ("POST", "/caf%C3%A9?a=1&a=2", "/café")
    assert (request.query_string, request.query["a"]) == ("a=1&a=2", "2")
    assert request.url == "https://shop.example:8443/caf%C3%A9?a=1&a=2"
    assert (request.host, request.scheme, request.is_secure) == ("shop.example:8443", "https", True)
    assert request.client_ip == ""
    assert repr(request) == "Request(POST /caf%C3%A9?a=1&a=2)"


def test_fields_ignore_case_and_keep_repeats() -> None:
    headers = make_request(fields=[("Accept", "a"), ("x-a", "1"), ("X-A", "2")]).headers
    assert headers["ACCEPT"] == "a"
    assert headers["x-A"] == "1, 2"
    assert headers.get_all("X-a") == ["1", "2"]
    assert headers.get("none") is None
    assert "x-A" in headers
    assert 7 not in headers
    assert list(headers) == ["host", "accept", "x-a"]
    assert len(headers) == 3
    with pytest.raises(KeyError):
        headers["none"]


def test_cookies_of_several_fields_are_one_list() -> None:
    request = make_request(fields=[("cookie", "a=1; b=%20x"), ("cookie", "c=3; a=2")])
    assert request.cookies == {"a": "1", "b": " x", "c": "3"}
    assert request.cookies is request.cookies
    assert make_request().cookies == {}


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/Vnd.x+JSON"]
)
def test_json(content_type: str) -> None:
    request = make_request("POST", "/", {"content-type": content_type}, b'{"a": [1]}')
    assert request.json() == {"a": [1]}
    assert request.json() is request.json()


def test_json_without_a_content_type_is_believed() -> None:
    assert make_request("POST", content=b"[1]").json() == [1]


def test_a_form_is_not_json() -> None:
    with pytest.raises(UnsupportedMediaType, match="not from application/x-www-form-urlencoded"):
        make_form("a=1").json()


def test_json_is_not_a_form() -> None:
    with pytest.raises(UnsupportedMediaType):
        make_request("POST", "/", JSON, b"{}").form()


def test_malformed_json_stays_malformed() -> None:
    request = make_request("POST", "/", JSON, b"{")
    for _ in range(2):
        with pytest.raises(BadRequest):
            request.json()


def test_form_is_parsed_once() -> None:
    request = make_form("post[title]=Hi")
    assert request.form() == {"post": {"title": "Hi"}}
    assert request.form() is request.form()


def test_text() -> None:
    assert make_request("POST", content="né\n".encode() + b"\xff").text() == "né\n\ufffd"


def test_accepts() -> None:
    assert make_request(fields={"accept": "application/json"}).accepts("html", "json") == "json"
    assert make_request(fields={"accept": "image/png"}).accepts("html") is None


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é", "a\0"])
def test_field_names_are_tokens(name: str) -> None:
    with pytest.raises(InvalidField, match="not a field name"):
        check_field(name, "x")


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "\0", "€", "\x7f", "\x1b[0m"])
def test_field_values_hold_no_control_bytes(value: str) -> None:
    with pytest.raises(InvalidField, match="can't be sent"):
        check_field("x", value)


def test_field_names_become_lower_case() -> None:
    assert check_field("X-Name", "é\tok") == ("x-name", "é\tok")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("a.css", "text/css; charset=utf-8"),
        ("/x/y.tar.GZ", "application/gzip"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("noext", "application/octet-stream"),
        ("dir.html/noext", "application/octet-stream"),
        ("a.exe", "application/octet-stream"),
    ],
)
def test_type_by_suffix(path: str, media_type: str) -> None:
    assert type_of(path) == media_type


def test_essence_and_json() -> None:
    assert essence(" Text/HTML ; charset=x") == "text/html"
    assert essence(None) == ""
    assert is_json("application/problem+json")
    assert not is_json("text/json5")


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/", "/"),
        ("/reset?user=7", "/reset?user=7"),
        ("/reset?user=7&token=s3cret&q=a", "/reset?user=7&token=[hidden]&q=a"),
        ("/reset?auth%5Ftoken=s3cret&token", "/reset?auth%5Ftoken=[hidden]&token"),
    ],
)
def test_the_repr_shows_no_secret_of_the_query(target: str, shown: str) -> None:
    assert repr(make_request(target=target)) == f"Request(GET {shown})"
