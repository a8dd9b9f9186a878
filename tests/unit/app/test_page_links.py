"""Links between pages: which, where they lead, and addresses that would lead elsewhere."""

from __future__ import annotations

import re

import pytest

from spica.app.page_links import page_links
from spica.orm.page import Page
from tests.requests import make_context, make_request


def links(page: int, pages: int, target: str = "/posts", **options: object) -> str:
    shown = Page([0], page=page, per=1, total=pages)
    return str(page_links(make_context(make_request(target=target)), shown, **options))  # type: ignore[arg-type]


def test_one_page_needs_no_links() -> None:
    assert links(1, 1) == ""
    assert page_links(None, Page([], page=1, per=10, total=0)) == ""


@pytest.mark.parametrize(
    ("page", "pages", "shown"),
    [
        (1, 2, "1* 2 Next"),
        (2, 2, "Previous 1 2*"),
        (1, 9, "1* 2 3 … 9 Next"),
        (5, 9, "Previous 1 … 3 4 5* 6 7 … 9 Next"),
        (9, 9, "Previous 1 … 7 8 9*"),
    ],
)
def test_numbers(page: int, pages: int, shown: str) -> None:
    html = re.sub(r'<a [^>]*aria-current="page">(\d+)</a>', r"\1*", links(page, pages))
    assert " ".join(re.sub(r"<[^>]*>", " ", html).split()) == shown


def test_the_rest_of_the_query_stays() -> None:
    html = links(1, 3, "/posts?q=a%26b%3C&page=1&tag=1&tag=2")
    assert 'href="/posts?q=a%26b%3C&amp;tag=1&amp;tag=2&amp;page=2"' in html
    assert 'rel="next"' in html


def test_htmx_swaps_an_element() -> None:
    context, page = make_context(make_request(target="/posts")), Page([0], page=1, per=1, total=2)
    swapped = page_links(context, page, target="rows", label="<P>")
    assert 'hx-get="/posts?page=2" hx-target="#rows" hx-push-url="true"' in swapped
    assert 'aria-label="&lt;P&gt;"' in swapped
    assert "hx-get" not in links(1, 2)


@pytest.mark.parametrize("target", ["//evil.example/x", "/\\evil.example", '/"><script>', "/%22onclick=x"])
def test_links_stay_on_this_host(target: str) -> None:
    for href in re.findall(r'href="([^"]*)"', links(1, 2, target)):
        assert re.match(r"/[^/\\]", href)
        assert "<" not in href
