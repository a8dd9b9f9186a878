"""Markdown and sanitized HTML: what stays, and what never does."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from spica.templates.rich_text import markdown, sanitize
from spica.templates.safe import Safe

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    "<svg><script>alert(1)</script></svg>",
    '<math><mtext></p><style><img src=x onerror="alert(1)">',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action=/logout><button>x</button></form>",
    '<p style="background:url(javascript:alert(1))">x</p>',
    "[x](javascript:alert(1))",
    "![x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "<<script>script>alert(1)<</script>/script>",
    "`<script>`",
]


class Seen(HTMLParser):
    """The elements of a text, as a browser finds them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("render", [sanitize, markdown])
def test_nothing_of_it_runs(render: object, text: str) -> None:
    seen = Seen()
    seen.feed(str(render(text)))  # type: ignore[operator]
    for tag, attributes in seen.tags:
        assert tag not in ("script", "svg", "math", "style", "iframe", "form", "button")
        assert not any(name.startswith("on") or name in ("style", "srcdoc") for name in attributes)
        for name in ("href", "src"):
            assert not re.match(r"(?i)[\s\x00-\x20]*(java|vb)?\s*(script|data):", attributes.get(name) or "")


def test_markdown() -> None:
    text = "# A\n\n**b** ~~c~~ <i>d</i> [e](https://e.example)\n\n| a |\n|---|\n| 1 |\n"
    html = markdown(text)
    assert isinstance(html, Safe)
    assert html.startswith("<h1>A</h1>\n<p><strong>b</strong> <s>c</s> &lt;i&gt;d&lt;/i&gt; <a href=")
    assert "<td>1</td>" in html
    assert 'rel="noopener noreferrer"' in html
    assert markdown(None) == sanitize(None) == ""


@pytest.mark.parametrize("tag", ["script", "style"])
def test_scripts_and_styles_never_stay(tag: str) -> None:
    with pytest.raises(ValueError, match=f"<{tag}>"):
        sanitize("<p>a", tags=["p", tag])


def test_what_stays_can_be_chosen() -> None:
    assert sanitize("<p>a <b>b</b></p>") == "<p>a <b>b</b></p>"
    assert sanitize("<p>a <b>b</b></p>", tags=["b"]) == "a <b>b</b>"
    assert sanitize(Safe("<script>x</script>y")) == "y", "safe texts are no safer here"
