"""include, its locals, params of what is included, recursion."""

from __future__ import annotations

import pytest

from spica.templates import uses_context
from spica.templates.errors import (
    IncludeNotFound,
    TemplateNameError,
    TemplateNotFound,
    TemplateSyntaxError,
    UnknownParameterError,
    UnsafeContextError,
)


def test_becomes_part_of_the_function(views) -> None:
    pages = views(
        {"page": '{% for p in ps %}{% include "row" p=p, n=loop.index %}{% end %}', "row": "{{ n }}{{ p }};\n"}
    )
    assert pages.render("page", ps="ab") == "1a;2b;"
    assert [source.name for source in pages.get("page").sources] == ["page", "row"]


def test_sees_its_locals_and_the_arguments_of_render_only(views) -> None:
    pages = views(
        {"page": '{% set y = 2 %}{% for z in "a" %}{% include "row" x=x+1 %}{% end %}', "row": "{{ x }}{{ y }}{{ z }}"}
    )
    assert pages.render("page", x=1, y=5, z=6) == "256"
    assert set(pages.get("page").needs) == {"x", "y", "z"}


def test_does_not_touch_the_variables_of_its_includer(views) -> None:
    pages = views(
        {"page": '{% include "row" x=x %}{{ x }}', "row": "{% set x = x + 1 %}{% for y in [x] %}{{ y }}{% end %}"}
    )
    assert pages.render("page", x=1) == "21"


def test_values_may_use_filters_and_strings_with_spaces(views) -> None:
    pages = views(
        {
            "page": """{% include "row" a='x=1 b=2' | upper b=[c for c in 'ab'] c = 1 if t else 2 %}""",
            "row": "{{ a }}{{ b }}{{ c }}",
        }
    )
    assert pages.render("page", t=True) == "X=1 B=2[&#39;a&#39;, &#39;b&#39;]1"


def test_a_template_with_params_gets_only_what_it_is_given(views) -> None:
    pages = views(
        {
            "page": '{% include "card" body=1 %}',
            "card": '{% params body, title: str = "T" + str(body) %}{{ title }}{{ body }}',
        }
    )
    assert pages.render("page", title="page's") == "T11"
    assert pages.render("card", body=2) == "T22"
    assert pages.render("card", body=2, title="x") == "x2"


@pytest.mark.parametrize(
    ("tag", "error"),
    [
        ('{% include "card" %}', TemplateNameError),
        ('{% include "card" body=1 titel=2 %}', UnknownParameterError),
        ('{% include "crad" body=1 %}', IncludeNotFound),
    ],
)
def test_a_wrong_include_is_found_when_compiled(views, tag: str, error: type[Exception]) -> None:
    pages = views({"page": f"\n{tag}", "card": "{% params body, title = 1 %}"})
    with pytest.raises(error) as caught:
        pages.get("page")
    assert caught.value.line == 2
    assert caught.value.path.endswith("page.html")


def test_params_of_an_include_are_all_it_can_use(views) -> None:
    pages = views({"page": '{% include "card" body=1 %}', "card": "{% params body %}\n{{ boby }}"})
    with pytest.raises(TemplateNameError, match="did you mean 'body'") as caught:
        pages.get("page")
    assert (caught.value.line, caught.value.path.endswith("card.html")) == (2, True)


def test_a_tree_includes_itself(views) -> None:
    pages = views(
        {"tree": '{{ node[0] }}({% for child in node[1] %}{% include "tree" node=child %}{% end %}){{ mark }}'}
    )
    assert pages.render("tree", node=("a", [("b", []), ("c", [("d", [])])]), mark="!") == "a(b()!c(d()!)!)!"


def test_a_name_may_be_a_value(views) -> None:
    pages = views({"page": '{% params kind, n = 7 %}{% include "kinds/" + kind m=n %}', "kinds/a": "{{ m }}{{ n }}"})
    assert pages.render("page", kind="a") == "77"
    assert pages.render("page", kind="a", n=1) == "11"
    with pytest.raises(TemplateNotFound):
        pages.render("page", kind="b")


def test_an_include_may_have_a_layout(views) -> None:
    pages = views(
        {
            "page": 'a{% include "card" x=1 %}b',
            "box": "[{% block c %}{% end %}]\n",
            "card": '{% extends "box" %}{% block c %}{{ x }}{% end %}\n',
        }
    )
    assert pages.render("page") == "a[1]b"


def test_is_escaped_for_where_it_is_included(views) -> None:
    pages = views({"page": '<a href="{% include "value" %}">', "value": "{{ x }}\n"})
    assert pages.render("page", x="javascript:1") == '<a href="unsafe:javascript:1">'
    with pytest.raises(UnsafeContextError):
        views({"page": "<script>{% include 'value' %}</script>"}, reload=True).get("page")
    with pytest.raises(UnsafeContextError):
        views({"page": '<a href="{% include "val" + "ue" %}">'}, reload=True).get("page")


def test_context_reaches_what_is_included(views) -> None:
    @uses_context
    def user(ctx: object, suffix: str = "") -> str:
        return f"{ctx}{suffix}"

    pages = views(
        {"page": '{% include "a" %}{% include "b" + "" %}', "a": "{{ user() }}", "b": "{{ user('?') }}{{ ctx }}"},
        globals={"user": user},
    )
    assert pages.render_with("page", {}, "ctx") == "ctxctx?ctx"
    assert pages.render("page") == "NoneNone?"


def test_for_renders_it_for_each_item_with_a_spacer_between(views) -> None:
    pages = views(
        {
            "page": '{% include "row" for k, v in ps n=loop.index x=1 spacer="line" %}{% include "row" for k in () %}',
            "row": "{{ n | default }}{{ k }}{{ v | default }}{{ x | default }}",
            "line": "<hr>",
        }
    )
    assert pages.render("page", ps=[("a", "<"), ("b", 2)]) == "1a&lt;1<hr>2b21"


def test_for_checks_what_each_item_is_given(views) -> None:
    with pytest.raises(UnknownParameterError, match="'row' takes no 'psot'"):
        views({"page": '{% include "row" for psot in posts %}', "row": "{% params post %}"}).get("page")


@pytest.mark.parametrize(
    "name", ["./row", "a//row", "row/", "a/./row", "../row", "/row", "a/../row", ".row", "", "\\row"]
)
def test_a_name_that_is_a_value_has_one_spelling_and_no_way_out(views, name: str) -> None:
    pages = views({"page": "{% include name %}", "row": "r", "a/row": "r"})
    with pytest.raises(TemplateNotFound, match="a path below its root"):
        pages.render("page", name=name)


def test_a_loop_after_the_locals_is_told(views) -> None:
    with pytest.raises(TemplateSyntaxError, match="a loop stands in an expression") as caught:
        views({"page": 'a\n{% include "row" p=p for p in ps %}', "row": "{{ p }}"}).get("page")
    assert "page.html:2:20" in str(caught.value)
    assert 'include "row" for p in ps' in str(caught.value)
    assert views({"page": "{{ (p for p in ps) | join }}"}).render("page", ps="ab") == "a, b"
