"""spica.http.redirects: promise 42, no open redirects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.http.errors import UnsafeRedirect
from spica.http.redirects import check_redirect, leads_to

HOST = "shop.example:8443"

ELSEWHERE = [
    "//evil.example",
    "//evil.example/path",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    " //evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "https:/evil.example",
    "https:evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "https://shop.example",  # another port
    "https://shop.example:8443.evil.example/",
    "https://shop.example:8443@evil.example/",
    "https://user@shop.example:8443/",
    "https://evil.example#https://shop.example:8443/",
    "https://evil.example?shop.example:8443",
    "https://evil.example\\@shop.example:8443",
    "//shop.example:8443\\@evil.example",  # sent as %5C, which is a name before the @
    "https://shop.example:8443\\@evil.example/",
    "ftp://shop.example:8443/",
    "myapp:open",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "shop.example:8443",  # a scheme, as a browser reads it
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_other_hosts_and_schemes_are_refused(url: str) -> None:
    with pytest.raises(UnsafeRedirect) as caught:
        check_redirect(url, HOST)
    assert caught.value.status == 400
    assert "allow_other_host=True" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "",
        "/posts/1",
        "posts/1",
        "../posts",
        "?page=2",
        "#top",
        "/posts?back=https://evil.example",
        "/a:b",
        "/@evil.example",
        "https://shop.example:8443/x",
        "HTTP://SHOP.example:8443",
        "//shop.example:8443/x",
    ],
)
def test_this_host_is_allowed_and_unchanged(url: str) -> None:
    assert check_redirect(url, HOST) == url


@pytest.mark.parametrize("control", ["\r", "\n", "\0", "\t", "\x1f", "\x7f", "\x85", "\r\nSet-Cookie: a=1"])
@pytest.mark.parametrize("url", ["/{}x", "{}/x", "/x{}", "https://evil.example/{}"])
def test_control_bytes_are_always_refused(url: str, control: str) -> None:
    with pytest.raises(UnsafeRedirect, match="control bytes"):
        check_redirect(url.format(control), HOST, allow_other_host=True)


def test_other_hosts_when_they_are_meant() -> None:
    assert check_redirect("https://example.org/a b", HOST, allow_other_host=True) == "https://example.org/a%20b"
    assert check_redirect("myapp:callback?code=1", HOST, allow_other_host=True) == "myapp:callback?code=1"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " JAVASCRIPT:x", "data:text/html,x", "vbscript:x", "file:///etc"]
)
def test_schemes_that_run_code_are_never_meant(url: str) -> None:
    with pytest.raises(UnsafeRedirect):
        check_redirect(url, HOST, allow_other_host=True)


@given(st.text(max_size=60))
def test_what_passes_is_ascii_without_spaces_and_stays_here(url: str) -> None:
    try:
        location = check_redirect(url, HOST)
    except UnsafeRedirect:
        return
    assert location.isascii()
    assert location.isprintable()
    assert " " not in location
    assert not location.replace("\\", "/").startswith("//") or leads_to(location, HOST)


def test_without_a_host_no_absolute_url_is_ours() -> None:
    assert not leads_to("https:///x", "")
    with pytest.raises(UnsafeRedirect):
        check_redirect("https://shop.example/", "")
