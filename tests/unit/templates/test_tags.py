"""The tags: if, for, set, ends, white space."""

from __future__ import annotations

import pytest

from spica.templates.errors import TemplateSyntaxError, UnclosedBlockError, UnexpectedEndError


@pytest.mark.parametrize(("x", "expected"), [(1, "one"), (2, "two"), (3, "many")])
def test_if_elif_else(render, x: int, expected: str) -> None:
    assert render("{% if x == 1 %}one{% elif x == 2 %}two{% else %}many{% endif %}", x=x) == expected
    assert (
        render("{% if x == 1 %}{% set y = 'one' %}{{ y }}{% elif x == 2 %}two{% else %}many{% end %}", x=x) == expected
    )


def test_if_without_else_writes_nothing(render) -> None:
    assert render("a{% if x %}b{% end %}c", x=[]) == "ac"
    assert render("a{% if x %}{% end %}c", x=[1]) == "ac"


def test_for_unpacks_and_nests(render) -> None:
    assert render("{% for k, (a, *b) in x %}{{ k }}{{ a }}{{ b }};{% endfor %}", x=[("k", (1, 2, 3))]) == "k1[2, 3];"
    assert render("{% for a in x %}{% for b in a %}{{ b }}{% end %}|{% end %}", x=["ab", "c"]) == "ab|c|"


def test_for_else_is_for_nothing_to_go_through(render) -> None:
    text = "{% for a in x %}{{ a }}{% else %}none{% end %}"
    assert render(text, x=[1, 2]) == "12"
    assert render(text, x=iter([])) == "none"


def test_a_loop_variable_ends_with_its_loop(render) -> None:
    assert render("{{ x }}{% for x in [1, 2] %}{{ x }}{% end %}{{ x }}", x=9) == "9129"
    assert render("{% for x in x %}{{ x }}{% end %}", x="ab") == "ab"


def test_loop_knows_the_round(render) -> None:
    text = "{% for a in x %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }};{% end %}"
    assert render(text, x="ab") == "10TrueFalse2;21FalseTrue2;"
    assert render(text, x=iter("a")) == "10TrueTrue1;"


def test_loop_inside_a_loop_is_its_own(render) -> None:
    text = "{% for a in 'ab' %}{% set n = loop.index %}{% for b in 'cd' %}{{ n }}{{ loop.index }} {% end %}{% end %}"
    assert render(text) == "11 12 21 22 "


def test_loop_as_a_value(render) -> None:
    text = (
        "{% for a in x %}{% set l = loop %}{{ l.index }}{{ l.index0 }}{{ l.first }}{{ l.last }}{{ l.length }}{% end %}"
    )
    assert render(text, x="a") == "10TrueTrue1"


def test_loop_outside_of_for_is_an_ordinary_name(render) -> None:
    assert render("{{ loop }}", loop=3) == "3"
    assert render("{% for loop in [7] %}{{ loop }}{% end %}") == "7"


def test_a_loop_has_only_its_fields(render) -> None:
    with pytest.raises(TemplateSyntaxError, match=r"did you mean loop\.index"):
        render("{% for a in [] %}{{ loop.indx }}{% end %}")


def test_set(render) -> None:
    assert render("{% set x = 1 %}{% set y, z = x, 2 %}{{ x }}{{ y }}{{ z }}") == "112"
    assert render("{% set x = 'a' | upper %}{{ x }}{% set x = x + 'b' %}{{ x }}") == "AAb"
    assert render("{% set n = 0 %}{% for a in 'abc' %}{% set n = n + 1 %}{% end %}{{ n }}") == "3"


def test_set_and_an_argument_of_the_same_name(render) -> None:
    assert render("{{ x }}{% set x = x + 1 %}{{ x }}", x=1) == "12"
    assert render("{% if False %}{% set x = 2 %}{% end %}{{ x }}", x=1) == "1"
    assert render("{% for a in 'ab' %}{{ x }}{% set x = x + 1 %}{% end %}", x=1) == "12"


def test_a_variable_that_no_branch_set_is_an_error(render) -> None:
    with pytest.raises(UnboundLocalError, match="'x'"):
        render("{% if False %}{% set x = 2 %}{% end %}{{ x }}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n{% if True %}\nb\n{% end %}\nc\n", "a\nb\nc\n"),
        ("a\n  {% if True %}  \n  b\n  {% end %}\nc", "a\n  b\nc"),
        ("{% if True %}{% set x = 1 %}\nb{% end %}", "b"),
        ("a\n{# remark #}\nb", "a\nb"),
        ("a {% if True %} b {% end %} c", "a  b  c"),
        ("a\n{{ 1 }}\nb", "a\n1\nb"),
        ("a {%- if True -%} b {%- end -%} c", "abc"),
        ("a \n {{- 1 -}} \n b", "a1b"),
        ("a {#- x -#} b", "ab"),
        ("{% verbatim %}\n {{ a }}\n{% endverbatim %}\nb", " {{ a }}\nb"),
        ("a {%- verbatim -%} b {%- endverbatim -%} c", "abc"),
        ("<p>{% if True %}\n</p>{% end %}", "<p>\n</p>"),
        ("{% if True %}\n\na\n{% end %}", "\na\n"),
    ],
)
def test_white_space(render, text: str, expected: str) -> None:
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "error", "line"),
    [
        ("\n{% if x %}a", UnclosedBlockError, 2),
        ("{% for a in x %}{% if a %}{% end %}", UnclosedBlockError, 1),
        ("\n{% end %}", UnexpectedEndError, 2),
        ("{% if x %}\n{% endfor %}", UnexpectedEndError, 2),
        ("{% else %}", UnexpectedEndError, 1),
        ("{% for a in x %}{% elif a %}{% end %}", UnexpectedEndError, 1),
        ("{% if x %}{% else %}\n{% else %}{% end %}", UnexpectedEndError, 2),
        ("{% if x %}{% else %}\n{% elif x %}{% end %}", UnexpectedEndError, 2),
        ("{% block a %}{% else %}{% end %}", UnexpectedEndError, 1),
        ("{% block a %}{% endblock b %}", UnexpectedEndError, 1),
        ("{% fro a in x %}{% end %}", TemplateSyntaxError, 1),
        ("{% %}", TemplateSyntaxError, 1),
        ("{% for a of x %}{% end %}", TemplateSyntaxError, 1),
        ("{% for a.b in x %}{% end %}", TemplateSyntaxError, 1),
        ("{% for 3 in x %}{% end %}", TemplateSyntaxError, 1),
        ("{% if %}{% end %}", TemplateSyntaxError, 1),
        ("{% set x %}", TemplateSyntaxError, 1),
        ("{% set = 3 %}", TemplateSyntaxError, 1),
        ("{% set a[0] = 3 %}", TemplateSyntaxError, 1),
        ("{% end now %}", TemplateSyntaxError, 1),
        ("{% block %}{% end %}", TemplateSyntaxError, 1),
        ("{% block a b %}{% end %}", TemplateSyntaxError, 1),
        ("{% extends name %}", TemplateSyntaxError, 1),
        ('{% extends "a" %}{% extends "b" %}', TemplateSyntaxError, 1),
        ('{% if x %}{% extends "a" %}{% end %}', TemplateSyntaxError, 1),
        ("{% params %}", TemplateSyntaxError, 1),
        ("{% params a %}{% params b %}", TemplateSyntaxError, 1),
        ("{% params **a %}", TemplateSyntaxError, 1),
        ("{% include %}", TemplateSyntaxError, 1),
        ('{% include "a" b=1 b=2 %}', TemplateSyntaxError, 1),
        ("{{ super() + 1 }}", TemplateSyntaxError, 1),
    ],
)
def test_a_wrong_tag_is_named_with_its_line(render, text: str, error: type[Exception], line: int) -> None:
    with pytest.raises(error) as caught:
        render(text, x=1)
    assert caught.value.line == line
