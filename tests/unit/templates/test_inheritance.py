"""extends, block, super()."""

from __future__ import annotations

import pytest

from spica.templates.errors import (
    CircularExtendsError,
    IncludeNotFound,
    MisplacedContentError,
    UnknownBlockError,
)

LAYOUT = "<{% block a %}A{% end %}-{% block b %}B{{ x }}{% endblock b %}>".replace("<", "[").replace(">", "]")


def test_blocks_replace_those_of_the_layout(views) -> None:
    pages = views({"layout": LAYOUT, "page": '{% extends "layout" %}\n{# remark #}\n{% block a %}mine{% end %}\n'})
    assert pages.render("page", x=1) == "[mine-B1]"
    assert pages.render("layout", x=1) == "[A-B1]"


def test_several_levels_and_super(views) -> None:
    pages = views(
        {
            "layout": LAYOUT,
            "middle": '{% extends "layout" %}{% block a %}({{ super() }}){% end %}'
            "{% block b %}{% block c %}C{% end %}{% end %}",
            "page": '{% extends "middle" %}{% block a %}+{{ super() }}+{% end %}{% block c %}{{ super() }}c{% end %}',
        }
    )
    assert pages.render("page") == "[+(A)+-Cc]"
    assert pages.render("middle") == "[(A)-C]"


def test_a_block_sees_the_loop_around_it_and_what_the_page_set(views) -> None:
    pages = views(
        {
            "layout": "{% for n in ns %}{% block row %}{{ n }}{% end %}{% end %}",
            "page": '{% extends "layout" %}{% set mark = "!" %}{% block row %}{{ super() }}{{ mark }}{{ n }} {% end %}',
        }
    )
    assert pages.render("page", ns=[1, 2]) == "1!1 2!2 "


def test_params_of_a_page_count_before_its_layouts(views) -> None:
    pages = views(
        {
            "layout": '{% params title: str = "Layout", lang: str = "en" %}{{ title }} {{ lang }} '
            "{% block b %}{% end %}",
            "page": '{% extends "layout" %}{% params title: str = "Page", n: int %}'
            "{% block b %}{{ n }}{{ lang }}{% end %}",
        }
    )
    assert pages.render("page", n=1) == "Page en 1en"
    assert pages.render("page", n=1, title="T", lang="de") == "T de 1de"
    assert pages.render("layout") == "Layout en "
    assert [(p.name, p.type) for p in pages.get("page").parameters or []] == [("title", "str"), ("n", "int")]


def test_a_circle_is_named(views) -> None:
    pages = views({"a": '{% extends "b" %}', "b": '{% extends "c" %}', "c": '{% extends "b" %}'})
    with pytest.raises(CircularExtendsError, match="'b' extends 'c' extends 'b'"):
        pages.get("a")


def test_a_missing_layout_is_named_where_it_is_asked_for(views) -> None:
    pages = views({"layouts/main": "", "page": '\n{% extends "layouts/mian" %}'})
    with pytest.raises(IncludeNotFound, match="did you mean 'layouts/main'") as caught:
        pages.get("page")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("page", "error", "line"),
    [
        ('{% extends "layout" %}\n\n  text {% block a %}{% end %}', MisplacedContentError, 3),
        ('{% extends "layout" %}\n{{ x }}', MisplacedContentError, 2),
        ('{% extends "layout" %}\n{% block aa %}{% end %}', UnknownBlockError, 2),
        ("{% block a %}{% end %}\n{% block a %}{% end %}", UnknownBlockError, 2),
        ("{% block a %}\n{{ super() }}{% end %}", UnknownBlockError, 2),
        ("{{ super() }}", UnknownBlockError, 1),
    ],
)
def test_what_would_never_be_rendered_is_an_error(views, page: str, error: type[Exception], line: int) -> None:
    with pytest.raises(error) as caught:
        views({"layout": LAYOUT, "page": page}).get("page")
    assert caught.value.line == line
