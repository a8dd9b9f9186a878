"""Macros: parts with parameters, which become part of each place that calls them."""

from __future__ import annotations

import re
import traceback

import pytest

from spica.templates.errors import IncludeNotFound, MacroError, TemplateNameError, TemplateSyntaxError
from tests.unit.templates.conftest import Render, Views

FIELD = (
    '{% macro field(name, value="", *, type="text") %}'
    '<input name="{{ name }}" type="{{ type }}" value="{{ value }}">{% end %}'
)


def test_a_macro_is_called_by_place_name_and_default(render: Render) -> None:
    html = render(FIELD + '{{ field("a", x) }}{{ field(value=1, name="b", type="number") }}', x='"<')
    assert html == ('<input name="a" type="text" value="&#34;&lt;"><input name="b" type="number" value="1">')


def test_values_are_escaped_for_where_the_call_stands(render: Render) -> None:
    text = '{% macro go(to) %}{{ to }}{% end %}{{ go(x) }}<a href="{{ go(x) }}" style="color:{{ go(x) }}">'
    html = render(text, x="javascript:alert(1)")
    assert html == 'javascript:alert(1)<a href="unsafe:javascript:alert(1)" style="color:unsafe">'


def test_a_value_is_computed_once_and_set_does_not_reach_the_caller(render: Render) -> None:
    text = (
        "{% macro twice(a) %}{{ a }}{{ a }}{% set a = 0 %}{{ a }}{% end %}{{ twice(items.pop()) }}{{ twice(n) }}{{ n }}"
    )
    assert render(text, items=[1, 2], n=5) == "2205505"


def test_macros_of_another_file(views: Views) -> None:
    files = {
        "shared/forms": "{% macro label(text) %}<b>{{ text | upper }}</b>{% end %}" + FIELD
        + "{% macro row(name) %}{{ label(name) }}{{ field(name) }}{% end %}",
        "page": '{% import "shared/forms" as forms %}{{ forms.row("a") }}{% for forms in [1] %}{{ forms }}{% end %}',
    }  # fmt: skip
    templates = views(files)
    assert templates.render("page") == '<b>A</b><input name="a" type="text" value="">1'
    assert templates.check() == []


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("field()", "is not given 'name'"),
        ('field("a", "b", "c")', "is given 3 values"),
        ('field("a", valeu=1)', "takes no 'valeu'"),
        ('field("a", name="b")', "is given 'name' twice"),
        ("field(*x)", "is called with * or **"),
        ('field("a") | upper', "is part of an expression"),
        ('"a" + field("a")', "is part of an expression"),
    ],
)
def test_a_wrong_call_is_refused_with_its_place(render: Render, call: str, what: str) -> None:
    with pytest.raises(MacroError, match=re.escape(what)) as caught:
        render(f"{FIELD}\n{{{{ {call} }}}}", x=[])
    assert caught.value.line == 2
    assert caught.value.fix


def test_a_near_name_is_told(views: Views) -> None:
    templates = views({"forms": FIELD, "page": '{% import "forms" as f %}{{ f.feild("a") }}'})
    with pytest.raises(MacroError) as caught:
        templates.get("page")
    assert caught.value.fix == "did you mean 'field'?"
    with pytest.raises(IncludeNotFound, match="'fomrs'"):
        views({"page": '{% import "fomrs" as f %}{{ f.field("a") }}'}, reload=True).get("page")


def test_a_macro_sees_its_parameters_and_helpers_only(render: Render) -> None:
    with pytest.raises(TemplateNameError, match="'titel' is not defined") as caught:
        render("{% macro a(title) %}{{ titel }}{% end %}", titel=1)  # not even called
    assert "title" in caught.value.fix


def test_a_macro_that_calls_itself_is_refused(render: Render) -> None:
    with pytest.raises(MacroError, match="contains itself"):
        render("{% macro a(n) %}{{ b(n) }}{% end %}{% macro b(n) %}{{ a(n) }}{% end %}{{ a(1) }}")


@pytest.mark.parametrize(
    "text",
    [
        "{% macro %}{% end %}",
        "{% macro a %}{% end %}",
        "{% macro a(*b) %}{% end %}",
        "{% macro a(b): pass\ndef c(d) %}{% end %}",
        "{% if x %}{% macro a() %}{% end %}{% end %}",
        "{% macro a() %}{% end %}{% macro a() %}{% end %}",
        "{% macro a() %}{% block b %}{% end %}{% end %}",
        '{% import "x" %}',
        '{% import "x" as 1 %}',
        "{% import x as y %}",
    ],
)
def test_what_can_not_be_read_is_refused(render: Render, text: str) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        render(text, x=1)
    assert caught.value.fix


def test_a_traceback_has_the_call_and_the_line_of_the_macro(views: Views) -> None:
    files = {
        "m": "{% macro a(post) %}\n<b>{{ post.titel }}</b>\n{% end %}",
        "page": '{% import "m" as m %}\n{{ m.a(1) }}',
    }
    with pytest.raises(AttributeError) as caught:
        views(files).render("page")
    shown = "".join(traceback.format_exception(caught.value))
    assert 'page.html", line 2' in shown
    assert 'm.html", line 2' in shown


def test_a_macro_of_a_component_is_its_own(views: Views) -> None:
    root = views({"components/card": "{% macro b(x) %}<b>{{ x }}</b>{% end %}{% params t: str %}{{ b(t) }}"}).roots[0]
    templates = views({"page": '{% component "card" t="<" %}{% end %}'}, components=[root / "components"])
    assert templates.render("page") == "<b>&lt;</b>"
