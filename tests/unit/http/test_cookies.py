"""spica.http.cookies: RFC 6265, and the jar."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica._core import Request as NativeRequest
from spica.errors.http import BadRequest
from spica.http.cookies import (
    MAX_COOKIES,
    CookieOptions,
    Cookies,
    build_delete_cookie,
    build_set_cookie,
)
from spica.http.errors import CookieTooLarge, InvalidCookie, SecretMissing
from spica.http.request import Request
from spica.security.cookies import SecretCookies
from spica.security.keys import KeyRing

SECRET = "a secret of enough characters 0123456789"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


def read_cookies(*fields: str) -> dict[str, str]:
    return Request(NativeRequest.build("GET", "/", [("Cookie", field) for field in fields])).cookies


@pytest.mark.parametrize(
    ("field", "cookies"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2", {"a": "1", "b": "2"}),
        ('a="quoted value"', {"a": "quoted value"}),
        ('a="', {"a": '"'}),
        ('a=""', {"a": ""}),
        ("a=b=c==", {"a": "b=c=="}),
        ("novalue; a=1", {"a": "1"}),
        ("=1; a=1", {"a": "1"}),
        ("a=; b=1", {"a": "", "b": "1"}),
        (" a\t=\t1 ;; ;b=2;", {"a": "1", "b": "2"}),
        ("a=%41%c3%bc%zz%4", {"a": "Aü%zz%4"}),
        ("a=\xfc%c3%bc\xfc%ff", {"a": "üüü\ufffd"}),
        ("%61=1", {"%61": "1"}),
    ],
)
def test_rfc6265_5_4_cookie_field(field: str, cookies: dict[str, str]) -> None:
    assert read_cookies(field) == cookies


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_values_are_decoded_as_the_standard_library_does(value: str) -> None:
    value = f"({value.replace(';', '')})"
    assert read_cookies(f"c={value}") == {"c": unquote(value)}


def test_of_a_repeated_name_the_first_wins() -> None:
    assert read_cookies("a=longer-path; a=shorter-path") == {"a": "longer-path"}
    assert read_cookies("a=1; b=2", "b=3; c=4") == {"a": "1", "b": "2", "c": "4"}


def test_the_count_limit_is_exact() -> None:
    assert len(read_cookies("; ".join(f"c{n}=1" for n in range(MAX_COOKIES)))) == MAX_COOKIES
    for fields in (["; ".join(f"c{n}=1" for n in range(MAX_COOKIES + 1))], ["; " * 100, "; " * 79]):
        with pytest.raises(BadRequest, match="more than 180 cookies"):
            read_cookies(*fields)


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_any_field_parses(field: str) -> None:
    for name, value in read_cookies(field).items():
        assert name
        assert ";" not in name
        assert ";" not in value or "%" in field


@given(TEXT)
def test_any_value_survives_the_trip(value: str) -> None:
    line = build_set_cookie("c", value, CookieOptions())
    sent = line.partition("; ")[0]
    assert line.isascii()
    assert "\r" not in line
    assert "\n" not in line
    assert read_cookies(f"x=1; {sent}; y=2") == {"x": "1", "c": value, "y": "2"}


def test_set_cookie_has_the_safe_attributes() -> None:
    assert build_set_cookie("a", "1", CookieOptions()) == "a=1; Path=/; Secure; HttpOnly; SameSite=Lax"


def test_set_cookie_with_everything() -> None:
    options = CookieOptions("/app", "example.com", 60, True, False, "None")
    line = build_set_cookie("a", "b c", options)
    assert line.startswith("a=b%20c; Path=/app; Domain=example.com; Max-Age=60; Expires=")
    assert line.endswith("GMT; Secure; SameSite=None")


def test_deleting_expires_the_cookie_long_ago() -> None:
    line = build_delete_cookie("a", CookieOptions(path="/app", secure=False))
    assert line == "a=; Path=/app; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize("name", ["", "a b", "a;b", "a=b", "a\r\nSet-Cookie: x", "ä", 'a"b', "a,b"])
def test_rfc6265_4_1_1_names_are_tokens(name: str) -> None:
    with pytest.raises(InvalidCookie, match="not a cookie name"):
        build_set_cookie(name, "1", CookieOptions())


@pytest.mark.parametrize("path", ["/;Domain=evil", "/\r\nX: y", "/\0", "/ä"])
def test_attributes_cannot_end_early(path: str) -> None:
    with pytest.raises(InvalidCookie, match="path"):
        build_set_cookie("a", "1", CookieOptions(path=path))
    with pytest.raises(InvalidCookie, match="domain"):
        build_set_cookie("a", "1", CookieOptions(domain=path))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a", CookieOptions(secure=False, same_site="None")),
        ("__Secure-a", CookieOptions(secure=False)),
        ("__Host-a", CookieOptions(secure=False)),
        ("__Host-a", CookieOptions(path="/app")),
        ("__Host-a", CookieOptions(domain="example.com")),
        ("a", CookieOptions(same_site="lax")),  # type: ignore[arg-type]
    ],
)
def test_attributes_that_browsers_would_drop_are_refused(name: str, options: CookieOptions) -> None:
    with pytest.raises(InvalidCookie):
        build_set_cookie(name, "1", options)


def test_the_size_limit_is_exact() -> None:
    build_set_cookie("a", "x" * 4_094, CookieOptions())
    with pytest.raises(CookieTooLarge, match="4097 bytes"):
        build_set_cookie("a", "x" * 4_095, CookieOptions())


def make_jar(field: str = "", **options: object) -> Cookies:
    return Cookies(read_cookies(field), **options)  # type: ignore[arg-type]


def test_jar_reads_what_was_received_and_what_was_set() -> None:
    jar = make_jar("a=1; b=2")
    jar["c"] = "3"
    del jar["a"]
    assert dict(jar) == {"b": "2", "c": "3"}
    assert len(jar) == 2
    assert "a" not in jar
    assert jar.get("a", "gone") == "gone"


def test_jar_writes_one_line_a_name() -> None:
    jar = make_jar(secure=False)
    assert not jar.changed
    jar["a"] = "1"
    jar.set("a", "2", max_age=None, http_only=False)
    jar.delete("old", path="/app")
    assert jar.set_cookie_values() == [
        "a=2; Path=/; SameSite=Lax",
        "old=; Path=/app; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
    ]


def test_jar_is_secure_as_the_request_is() -> None:
    secure, plain = make_jar(secure=True), make_jar(secure=False)
    secure["a"] = plain["a"] = "1"
    assert "; Secure" in secure.set_cookie_values()[0]
    assert "; Secure" not in plain.set_cookie_values()[0]
    plain.set("b", "1", secure=True)
    assert "; Secure" in plain.set_cookie_values()[1]


@pytest.mark.parametrize("kind", ["signed", "encrypted"])
def test_sealed_values_come_back_and_nothing_else_does(kind: str) -> None:
    sealer = SecretCookies(KeyRing([SECRET]))
    jar = make_jar(sealer=sealer)
    getattr(jar, kind)["user"] = "7 ä"
    sent = jar["user"]
    assert sent.startswith("v1.")
    returned = getattr(make_jar(f"user={sent}; other={sent}; plain=7", sealer=sealer), kind)
    assert returned["user"] == "7 ä"
    assert "user" in returned
    assert returned.get("other") is None  # bound to the name
    assert returned.get("plain", "no") == "no"
    with pytest.raises(KeyError):
        returned["plain"]


def test_signed_is_not_encrypted_and_the_other_way_round() -> None:
    sealer = SecretCookies(KeyRing([SECRET]))
    jar = make_jar(sealer=sealer)
    jar.signed["a"] = "1"
    jar.encrypted["b"] = "1"
    returned = make_jar(f"a={jar['a']}; b={jar['b']}", sealer=sealer)
    assert returned.encrypted.get("a") is None
    assert returned.signed.get("b") is None


def test_a_sealed_value_ends_with_its_max_age_whatever_the_browser_keeps() -> None:
    sealer = SecretCookies(KeyRing([SECRET]))
    jar = make_jar(sealer=sealer)
    jar.signed.set("a", "1", max_age=-1)
    assert make_jar(f"a={jar._pending['a'][0]}", sealer=sealer).signed.get("a") is None
    jar.signed.set("a", "1", max_age=60)
    assert make_jar(f"a={jar['a']}", sealer=sealer).signed.get("a") == "1"


def test_sealing_without_a_key_says_what_to_do() -> None:
    with pytest.raises(SecretMissing, match="secret_key"):
        _ = make_jar().signed
