"""Outputs, expressions and filters' syntax."""

from __future__ import annotations

import pytest

from spica.templates import Safe
from spica.templates.errors import TemplateSyntaxError, UnclosedBlockError, UnknownFilterError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ x }}", "5"),
        ("{{x}}", "5"),
        ("a{{ x + 1 }}b{{ x * 2 }}c", "a6b10c"),
        ("{{ 'a' 'b' }}", "ab"),
        ("{{ '<b>' }}", "&lt;b&gt;"),
        ("{{ '}}' }}", "}}"),
        ('{{ {"a": {"b": 1}}["a"]["b"] }}', "1"),
        ('{{ {"a": {"b": 1}}}}', "{&#39;a&#39;: {&#39;b&#39;: 1}}"),
        ("{{ [n for n in range(x) if n % 2] }}", "[1, 3]"),
        ("{{ [x for x in 'ab'] | join('') }}", "ab"),
        ("{{ sum(n * m for n in range(3) for m in range(n)) }}", "2"),
        ("{{ (lambda n, k=x: n + k)(1) }}", "6"),
        ("{{ {k: v for k, v in [(1, x)]}[1] }}", "5"),
        ("{{ 'yes' if x > 3 else 'no' }}", "yes"),
        ("{{ '<' if x > 3 else '>' }}{{ '<' if x < 3 else '>' }}", "&lt;&gt;"),
        ("{{ '<' if x < 3 else 1 if x < 4 else '<' + str(x) }}", "&lt;5"),
        ("{{ '<' if x < 3 else None }}|{{ True if x else '<' }}", "|True"),
        (
            """<a title="{{ '"' if x > 3 else x }}" href="{{ 'javascript:x' if x > 3 else '/' }}">""",
            '<a title="&#34;" href="unsafe:javascript:x">',
        ),
        ("{{ f'{x:03}' }}", "005"),
        ("{{ None }}|{{ True }}|{{ 1.5 }}", "|True|1.5"),
        ("{{ x\n  + 1 }}", "6"),
        ("{{ x # a remark\n }}", "5"),
        ("{# nothing {{ x }} #}a{#- -#}", "a"),
        ("{% verbatim %}{{ x }} {% end %}{% endverbatim %}", "{{ x }} {% end %}"),
        ("{{ 'é' }}é{{ 'ü' | upper }}", "ééÜ"),
        ("", ""),
    ],
)
def test_writes(render, text: str, expected: str) -> None:
    assert render(text, **({"x": 5} if "x" in text.replace("nothing {{ x }}", "") else {})) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 'ab' | upper }}", "AB"),
        ("{{ 'ab' | upper | lower }}", "ab"),
        ("{{ 'a' + 'b' | upper }}", "AB"),
        ("{{ 'b' if False else 'a' | upper }}", "A"),
        ("{{ 'abc' | replace('b', end | upper) }}", "aXc"),
        ("{{ ('a' | upper) + 'b' }}", "Ab"),
        ("{{ len(('a' | upper)) }}", "1"),
        ("{{ (5 | 2) }}", "7"),
        ("{{ (5 | mask) }}", "7"),
        ("{{ 'a|b' }}", "a|b"),
        ("{{ 'x' | shout('!') }}", "X!"),
        ("{{ 'x' | shout(mark='?') }}", "X?"),
    ],
)
def test_filters_apply_to_everything_on_their_left(render, text: str, expected: str) -> None:
    given = {name: value for name, value in {"end": "x", "mask": 2}.items() if name in text}
    assert render(text, {"shout": lambda value, mark: value.upper() + mark}, **given) == expected


def test_a_variable_is_not_taken_for_a_filter_inside_brackets(render) -> None:
    assert render("{% set first = 1 %}{{ (a | first) }}", a=4) == "5"


def test_escapes_values_and_not_the_template(render) -> None:
    assert render("<b>{{ x }}</b>", x="<&>\"'") == "<b>&lt;&amp;&gt;&#34;&#39;</b>"
    assert render("{{ x }}", x=Safe("<i>")) == "<i>"
    assert render("{{ raw(x) }}", x="<i>") == "<i>"
    assert render("{{ raw(x) if y else x }}", x="<i>", y=False) == "&lt;i&gt;"
    assert render("{{ raw(x) }}", x=None) == ""


def test_evaluates_an_output_once(render) -> None:
    calls: list[int] = []

    def count() -> int:
        calls.append(1)
        return len(calls)

    assert render('{{ count() }}<a href="{{ count() }}">', {"count": count}) == '1<a href="2">'


class Plain:
    def __str__(self) -> str:
        return "<plain>"


class Html:
    def __html__(self) -> str:
        return "<b>html</b>"


def test_objects_are_shown_by_str_or_by_their_html(render) -> None:
    assert render("{{ a }}{{ b }}", a=Plain(), b=Html()) == "&lt;plain&gt;<b>html</b>"


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a\n{{ x + }}", 2, 7, "can't be read"),
        ("{{ }}", 1, 3, "missing"),
        ("{{ x) }}", 1, 5, "closes nothing"),
        ("{{ a) + (b }}", 1, 5, "closes nothing"),
        ("{{ 'abc }}", 1, 4, "no end"),
        ("{{ (x := 1) }}", 1, 5, "assigns"),
        ("{{ await x }}", 1, 4, "waits"),
        ("{{ (yield) }}", 1, 5, "yields"),
        ("{{ x | 3 }}", 1, 8, "not a name"),
        ("{% if x | length > 3 %}{% end %}", 1, 11, "not a name"),
        ("{{ x | }}", 1, 7, "missing"),
        ("é{{ 'ü' + }}", 1, 10, "can't be read"),
        ("{{ x y }}", 1, 4, "can't be read"),
    ],
)
def test_a_wrong_expression_is_named_with_its_place(render, text: str, line: int, column: int, says: str) -> None:
    with pytest.raises(TemplateSyntaxError, match=says) as caught:
        render(text, x=1)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_an_unknown_filter_names_near_ones(render) -> None:
    with pytest.raises(UnknownFilterError, match="did you mean 'upper'") as caught:
        render("{{ 'a'\n | uper }}")
    assert (caught.value.line, caught.value.column) == (2, 4)


@pytest.mark.parametrize(
    "text", ["a {{ x", "a {% if x", "a {# x", "{{ x <p>isn't</p>", "{{ x\n<p>isn't", "{% verbatim %}{% end %}"]
)
def test_a_delimiter_without_its_end(render, text: str) -> None:
    with pytest.raises((UnclosedBlockError, TemplateSyntaxError)):
        render(text, x=1)
