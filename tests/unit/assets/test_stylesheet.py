"""What a stylesheet names, and its text with other addresses: comments, strings and other hosts stay."""

from __future__ import annotations

import pytest

from spica.assets.stylesheet import find_references, rewrite


def names(text: str, sheet: str = "css/app.css") -> list[str]:
    return [reference.name for reference in find_references(sheet, text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a{background:url(x.png)}", ["css/x.png"]),
        ("a{background:URL( '../x y.png' )}", ["x y.png"]),
        ('a{background:url("/assets/fonts/a.woff2?v=1#i")}', ["fonts/a.woff2"]),
        ('@import "base.css";', ["css/base.css"]),
        ("@IMPORT url(base.css) layer(x);", ["css/base.css"]),
        ("a{background:url(a%20b.png)}", ["css/a b.png"]),
        ("a{background:url(/logo.png)}", []),
        ("a{background:url(https://other/x.png),url(//other/x.png),url(data:image/png;base64,AA)}", []),
        ("a{filter:url(#blur)}", []),
        ("/* url(x.png) @import 'y.css' */ a{}", []),
        ("/* open url(x.png)", []),
        ("a{content:'url(x.png)'} b{content:\"@import 'y.css'\"}", []),
        ("a{content:'it\\'s url(x.png)'}", []),
        ("a{background:url()}", []),
        ("a{--curl(x)}", []),
        ("", []),
    ],
)
def test_references(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_a_reference_knows_its_line() -> None:
    (reference,) = find_references("app.css", "a{}\n\n/* x\n */ b{background:url(x.png)}")
    assert (reference.name, reference.written, reference.line) == ("x.png", "x.png", 4)


def test_rewriting_keeps_everything_else() -> None:
    text = (
        """/* url(x.png) */ @import "base.css"; """
        """a{background: url( '../x.png?v=1#i' ), url(/y.png)} b{content:"x.png"}"""
    )
    assert rewrite("css/app.css", text, lambda name: f"/assets/{name}-1") == (
        """/* url(x.png) */ @import "/assets/css/base.css-1"; """
        """a{background: url( '/assets/x.png-1?v=1#i' ), url(/y.png)} b{content:"x.png"}"""
    )


def test_an_address_can_not_end_the_string() -> None:
    assert rewrite("a.css", "a{background:url('x.png')}", lambda name: "/assets/a'b(c).png") == (
        "a{background:url('/assets/a%27b%28c%29.png')}"
    )


def test_a_hostile_sheet_takes_no_time() -> None:
    hostile = "url(" * 20_000 + "'" * 20_000 + "/*" * 20_000 + "\\" * 20_000
    assert find_references("a.css", hostile) == []
