"""Where an output stands: what is escaped how, and what is refused."""

from __future__ import annotations

import pytest

from spica.templates.errors import MarkupMismatchError, UnsafeContextError
from spica.templates.html_context import Context, output_context
from spica.templates.html_state import START, advance
from spica.templates.safe import Safe


@pytest.mark.parametrize(
    ("before", "context"),
    [
        ("", Context.TEXT),
        ("<p class='a'>", Context.TEXT),
        ("a < b ", Context.TEXT),
        ("<!-- <script> ", Context.COMMENT),
        ("<!--><b>", Context.TEXT),
        ("<!-- a --!><b>", Context.TEXT),
        ("<!DOCTYPE html><?xml?>", Context.TEXT),
        ("<title>", Context.TEXT),
        ("<textarea><script>", Context.TEXT),
        ("<textarea></textarea ><b title='", Context.ATTRIBUTE),
        ("<script>if (a < b) '</scripts>'</script>", Context.TEXT),
        ("<SCRIPT></Script\n>", Context.TEXT),
        ('<input value="', Context.ATTRIBUTE),
        ("<input checked value = '", Context.ATTRIBUTE),
        ('<input a=b c="d"/value=\'', Context.ATTRIBUTE),
        ("<a data-href='", Context.ATTRIBUTE),
        ("<a href='", Context.URL),
        ('<A HREF = " ', Context.URL),
        ("<a href='/posts/", Context.ATTRIBUTE),
        ("<a href='?page=", Context.ATTRIBUTE),
        ("<a href='mailto:", Context.ATTRIBUTE),
        ("<img src='data:image/png;base64,", Context.ATTRIBUTE),
        ("<a href='post-", Context.URL_PART),
        ("<use xlink:href='", Context.URL),
        ("<set to='", Context.URL),
        ("<form to='", Context.ATTRIBUTE),
        ("<div hx-vals='", Context.URL),
        ("<p style='color: ", Context.STYLE),
        ('<script type="application/json">', Context.JSON),
        ("<script type='application/ld+json' >", Context.JSON),
        ("<p>a</p\u00a0><b title='", Context.ATTRIBUTE),
        ("<img src='data:image/png,", Context.ATTRIBUTE),
        ("<title>a < b, <3 ", Context.TEXT),
        ("<script><!-- if (a<b) --></script>", Context.TEXT),
    ],
)
def test_knows_where_an_output_stands(before: str, context: Context) -> None:
    assert output_context(advance(START, before)) is context


@pytest.mark.parametrize(
    "before", ["<p class='a' id=\"b\">t<br/><a href=/x>u</a><!-- c -->", "<style>a > b {}</style><p style='x'>"]
)
def test_splitting_the_text_changes_nothing(before: str) -> None:
    whole = advance(START, before)
    for cut in range(len(before)):
        if before[cut - 1 : cut] not in ("<", "/", "!", "-") and "<s" not in before[:7]:
            assert advance(advance(START, before[:cut]), before[cut:]) == whole


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<a href={{ x }}>", "no quotes"),
        ("<a href=/p/{{ x }}>", "no quotes"),
        ("<input value={{ x }} >", "no quotes"),
        ("<a {{ x }}>", "attribute's name"),
        ("<a{{ x }}>", "tag's name"),
        ("<{{ x }}>", "tag's name"),
        ("</{{ x }}>", "tag's name"),
        ("<a data-{{ x }}='1'>", "attribute's name"),
        ("<a title {{ x }}>", "attribute's name"),
        ("<script>var a = {{ x }};</script>", "<script>"),
        ("<script>'</scriptx>{{ x }}'</script>", "<script>"),
        ("<script type='{{ x }}json'>{{ x }}</script>", "<script>"),
        ("<script type='importmap'>{{ x }}</script>", "<script>"),
        ("<script type='application/json'>{{ x }}</script>", "JSON script"),
        ("<style>a { color: {{ x }} }</style>", "<style>"),
        ("<a onclick='f({{ x }})'>", "runs as script"),
        ("<a ONCLICK='f({{ x }})'>", "runs as script"),
        ("<a hx-on:click='{{ x }}'>", "runs as script"),
        ("<a @click='{{ x }}'>", "runs as script"),
        ("<a x-data='{{ x }}'>", "runs as script"),
        ("<a hx-trigger='{{ x }}'>", "runs as script"),
        ("<iframe srcdoc='{{ x }}'>", "srcdoc"),
        ("<a href='javascript:f({{ x }})'>", "javascript: URL"),
        ("<a href=' java\nscript:f({{ x }})'>", "javascript: URL"),
        ("<a href='data:text/html,{{ x }}'>", "data: URL"),
        ("<img src='data:image/svg+xml,{{ x }}'>", "data: URL"),
        ("<a href='{{ x }}://host'>", "after an output"),
        ("<a {% if x %}on{% end %}click='{{ x }}'>", "runs as script"),
        ("<!DOCTYPE {{ x }}>", "<!"),
        # A no-break space, or a vertical tab, is no white space to browsers: it goes on with the name or the value.
        ("<p\u00a0title='{{ x }}'>", "tag's name"),
        ("<p class=a\u00a0title='{{ x }}'>", "no quotes"),
        ("<p class=a\x0btitle='{{ x }}'>", "no quotes"),
        ("<script>'</script\u00a0>{{ x }}'</script>", "<script>"),
        ("<script>'</\u017fcript>{{ x }}'</script>", "<script>"),
        ("<script><!-- <script> </script> {{ x }} --></script>", "<!--"),
        # Browsers undo &#58; before they read the scheme.
        ("<a href='javascript&#58;{{ x }}'>", "javascript: URL"),
        ("<a href='java&Tab;script&colon;/{{ x }}'>", "javascript: URL"),
        ("<a href='java&#115;cript:{{ x }}'>", "javascript: URL"),
        ("<img src='data:image/{{ x }}'>", "data: URL"),
        ("<img src='data:image/png{{ x }}'>", "data: URL"),
        # In SVG and XML a title has elements; <title/> ends there, and does not in HTML.
        ("<svg><title><a href='{{ x }}'></a></title></svg>", "<title>"),
        ("<svg><title/></svg><a href='{{ x }}'></a>", "<title/>"),
        ("<svg><style/></svg>", "<style/>"),
        ("<div script='{{ x }}'>", "runs as script"),
        ("<svg><animate attributeName=href values='{{ x }}'/></svg>", "SVG animation"),
        ("<svg><animate attributeName=href values='/a;{{ x }}'/></svg>", "SVG animation"),
        ("<a {{ raw(x) }}='{{ x }}'>", "runs as script"),
    ],
)
def test_refuses_what_escaping_cannot_make_safe(render, text: str, says: str) -> None:
    with pytest.raises(UnsafeContextError, match=says) as caught:
        render(text, x="1")
    assert caught.value.fix


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!-- {{ x }} -->", "<!-- {} -->"),
        ("<!-- <p class={{ x }}><script>f()</script> -->", "<!-- <p class={}><script>f()</script> -->"),
        ("<!--{{ x }}>-->", "<!--{}>-->"),
        ("<!-- --{{ x }}>-->", "<!-- --{}>-->"),
    ],
)
@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("--", "&#45;&#45;"),
        ("-->", "&#45;&#45;&gt;"),
        ("", " "),
        (None, " "),
        (-1, "&#45;1"),
        ("a", "a"),
        (Safe("--"), "&#45;&#45;"),
    ],
)
def test_a_value_never_ends_a_comment(render, text: str, expected: str, value: object, written: str) -> None:
    assert render(text, x=value) == expected.format(written)


@pytest.mark.parametrize(
    "text",
    [
        "<script>var a = {{ raw(x) }};</script>",
        "<{{ raw(x) }}>",
        "<a {{ raw(x) }}>",
        "<a onclick='{{ raw(x) }}'>",
        "<a href={{ raw(x) }}>",
    ],
)
def test_raw_is_written_anywhere(render, text: str) -> None:
    assert render(text, x="b") == text.replace("{{ raw(x) }}", "b")


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("<input {% if x %}checked{% end %}>", 1, "<input checked>"),
        ("<input{% if x %} checked{% end %} a='{{ x }}'>", 1, "<input checked a='1'>"),
        ("<a class='{% if x %}b{% else %}c{% end %} {{ x }}'>", 1, "<a class='b 1'>"),
        ("{% if x %}<p class='y'>{% else %}<p>{% end %}", 1, "<p class='y'>"),
        ("<a {% for k in x %}data-k='{{ k }}' {% end %}>", "ab", "<a data-k='a' data-k='b' >"),
        ("<a href='{% if x %}/p/{% else %}/q/{% end %}{{ x }}'>", "a:b", "<a href='/p/a:b'>"),
        ("<a href='{% if x %}/p/{% end %}{{ x }}'>", "a:b", "<a href='/p/a%3Ab'>"),
        ("<a href='{{ x }}{{ x }}'>", "a:b", "<a href='a:ba%3Ab'>"),
        ("<a href='{{ x }}/{{ x }}'>", "a:b", "<a href='a:b/a:b'>"),
        ("<a href='{% for c in x %}{{ c }}{% end %}'>", ["java", "script:1"], "<a href='javascript%3A1'>"),
    ],
)
def test_branches_and_loops_inside_a_tag(render, text: str, x: object, expected: str) -> None:
    assert render(text, x=x) == expected


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("<b>a</b>\n<p>b <i title='c>\n{{ x }}\n<u>d</u>\n", 2, 6),
        ("{{ x }}\n<script>\n a\n", 2, 1),
        ("<p>{{ x }}</p>\n<!-- b\n<p>{{ x }}</p>", 2, 1),
        ("{% if x %}<p>{% end %}\n  <p", 2, 3),
    ],
)
def test_what_is_left_open_is_told_where_it_was_opened(render, text: str, line: int, column: int) -> None:
    with pytest.raises(MarkupMismatchError, match="the template ends") as caught:
        render(text, x=1)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    "text",
    [
        "{% if x %}<a href='{% else %}<a title='{% end %}b'>",
        "{% if x %}<script>{% end %}</script>",
        "{% for a in x %}<p title='{% end %}",
        "<p title='a",
        "<script>a",
        "<p",
        "<!-- a",
    ],
)
def test_ways_that_end_in_different_places_are_refused(render, text: str) -> None:
    with pytest.raises(MarkupMismatchError):
        render(text, **({"x": 1} if "x" in text else {}))
