"""fragment: a part of a page, rendered alone."""

from __future__ import annotations

import pytest

from spica.templates.errors import MarkupMismatchError, TemplateNameError, TemplateSyntaxError, UnknownFragmentError

PAGE = """{% extends "layout" %}
{% params posts: list, title = "T" %}
{% set n = 2 %}
{% block content %}<h1>{{ title }}</h1>
{% fragment rows %}<ul>{% for post in posts %}{% fragment row %}<li>{{ post }}{{ n }}</li>{% end %}{% end %}</ul>
{% endfragment rows %}
{% end %}"""


@pytest.fixture
def pages(views):
    return views({"layout": "<main>{% block content %}{% end %}</main>", "page": PAGE})


def test_is_a_part_of_the_page(pages) -> None:
    assert "<ul><li>&lt;2</li></ul>" in pages.render("page", posts=["<"])
    assert pages.check() == []


def test_is_rendered_alone_with_what_set_gave_before_it(pages) -> None:
    assert pages.render_fragment("page", "rows", {"posts": ["<", 1]}) == "<ul><li>&lt;2</li><li>12</li></ul>\n"


def test_takes_the_variables_of_the_loops_around_it_as_arguments(pages) -> None:
    assert pages.render_fragment("page", "row", {"post": '"'}) == "<li>&#34;2</li>"
    with pytest.raises(TemplateNameError, match="'post' is not defined"):
        pages.render_fragment("page", "row", {"posts": []})


def test_an_unknown_one_is_told_with_near_names(pages) -> None:
    with pytest.raises(UnknownFragmentError, match="has no fragment 'rwos'") as caught:
        pages.render_fragment("page", "rwos", {})
    assert "'rows'" in caught.value.fix


@pytest.mark.parametrize(
    "text",
    [
        '<a title="{% fragment a %}{{ x }}{% end %}">',
        "<script>{% fragment a %}{% end %}</script>",
        "{% fragment a %}<p title='{% end %}'>",
    ],
)
def test_stands_in_text_because_alone_it_is_escaped_as_text(views, text: str) -> None:
    with pytest.raises(MarkupMismatchError, match="fragment 'a'"):
        views({"page": text}).get("page")


def test_a_name_is_there_once(views) -> None:
    with pytest.raises(TemplateSyntaxError, match="fragment 'a' is there twice"):
        views({"page": "{% fragment a %}{% end %}{% fragment a %}{% end %}"}).get("page")
