"""Escaping by context: no value changes the structure of the page it is written into."""

from __future__ import annotations

import html
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spica.templates import Safe, Templates
from spica.templates.escaping import write_attribute, write_style, write_text, write_url, write_url_part
from spica.templates.filters import json as write_json

HOSTILE = (
    st.text()
    | st.text(alphabet="<>&\"'`=/ ;:javscript\n\t\0-!")
    | st.sampled_from(
        ["</title><script>", "--><script>", "' onload='x", '" onload="x', "javascript:alert(1)", "&lt;", "]]>"]
    )
)
FIVE = frozenset("<>\"'")
PAGE = """<p title="{{ x }}" class='{{ x }}' style="{{ x }}"><a href="{{ x }}">{{ x }}</a>
<a href="a{{ x }}">b</a><!-- {{ x }} --><textarea>{{ x }}</textarea>
<script type="application/json">{{ x | json }}</script><i data-x="{{ x | json }}">{{ [x] }}</i></p>"""


class Shape(HTMLParser):
    """The tags of a page, with the names of their attributes, and the values."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[str | None] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"{tag} {' '.join(name for name, _ in attrs)}")
        self.values += [value for _, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    folder: Path = tmp_path_factory.mktemp("views")
    (folder / "page.html").write_text(PAGE)
    return Templates(folder)


@given(x=HOSTILE)
@settings(deadline=None, max_examples=300)
def test_no_value_changes_the_tags_of_a_page(page: Templates, x: str) -> None:
    shape, plain = Shape(page.render("page", x=x)), Shape(page.render("page", x="x"))
    assert shape.tags == plain.tags
    url = (shape.values[3] or "").strip().lower()
    assert not url.startswith(("javascript:", "vbscript:", "data:"))


@given(x=HOSTILE)
def test_text_and_attributes_hold_none_of_the_five_characters(x: str) -> None:
    for written in (write_text(x), write_attribute(x), write_url(x), write_url_part(x), write_style(x)):
        assert not FIVE & set(written)
        assert html.escape(html.unescape(written)) == written.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")


@given(x=HOSTILE)
def test_escaping_is_undone_by_a_browser(x: str) -> None:
    assert html.unescape(write_text(x)) == x
    assert html.unescape(write_attribute(x)) == x


@given(x=HOSTILE, y=HOSTILE)
def test_joined_html_holds_no_tag_of_a_value(x: str, y: str) -> None:
    for joined in (Safe("<b>") + x, x + Safe("<b>"), Safe("<b>").join([x, y]), Safe("<b>{}{y}").format(x, y=y)):
        assert isinstance(joined, Safe)
        assert not FIVE & set(str(joined).replace("<b>", ""))


@given(x=HOSTILE)
def test_html_in_an_attribute_cannot_leave_it(x: str) -> None:
    assert not FIVE & set(write_attribute(Safe(x)))


@given(
    x=st.recursive(HOSTILE | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner))
)
def test_json_means_the_same_and_holds_no_tag(x: object) -> None:
    written = write_json(x)
    assert json.loads(written) == x
    assert not set("<>&'\u2028\u2029") & set(written)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "\u00a0javascript:1",
        "vbscript:x",
        "data:text/html,<script>",
        "data:image/svg+xml,<svg onload=1>",
        "DATA:text/html;base64,xx",
    ],
)
def test_a_url_that_runs_is_neutralised(url: str) -> None:
    assert write_url(url).startswith("unsafe:")
    assert write_url(Safe(html.escape(url))).startswith("unsafe:")


@pytest.mark.parametrize(
    "url",
    [
        "/a?b=c:d",
        "https://example.com/",
        "mailto:a@b.c",
        "a:b",
        "#javascript:",
        "?x=javascript:1",
        "data:image/png;base64,x",
        "",
    ],
)
def test_other_urls_stay(url: str) -> None:
    assert write_url(url) == url


def test_a_safe_url_is_not_escaped_twice() -> None:
    assert write_url(Safe("/a?b=1&amp;c=2")) == "/a?b=1&amp;c=2"
    assert write_url("/a?b=1&c=2") == "/a?b=1&amp;c=2"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("red", "red"),
        ("50%", "50%"),
        ("#fff 1.5em", "#fff 1.5em"),
        ("x;background:url(y)", "unsafe"),
        ("expression(1)", "unsafe"),
        (3, "3"),
        (None, ""),
    ],
)
def test_a_style_holds_words_and_numbers(value: object, expected: str) -> None:
    assert write_style(value) == expected


def test_numbers_and_none_in_every_context(page: Templates) -> None:
    assert 'href="7"' in page.render("page", x=7)
    assert 'title=""' in page.render("page", x=None)
    assert 'style="True"' in page.render("page", x=True)
