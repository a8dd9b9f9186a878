"""`content_for` and `yield`: what pages give the places of their layouts, escaped for where those stand."""

from __future__ import annotations

import pytest

from spica.templates.errors import (
    CacheError,
    MarkupMismatchError,
    MisplacedContentError,
    UnknownBlockError,
    UnsafeContextError,
)
from tests.unit.templates.conftest import Views

LAYOUT = "<title>{% yield title %}</title>{% yield head %}<main>{% yield %}</main>"


def test_a_content_comes_where_its_yield_stands(views: Views) -> None:
    page = (
        '{% extends "layout" %}{% content_for title %}A & {{ name }}{% end %}{% content_for head %}<link>{% end %}'
        "{% block content %}<p>{{ name }}</p>{% end %}"
    )
    templates = views({"layout": LAYOUT, "page": page})
    assert templates.render("page", name="<b>") == "<title>A & &lt;b&gt;</title><link><main><p>&lt;b&gt;</p></main>"
    assert templates.check() == []


def test_contents_follow_one_another_wherever_they_are_given(views: Views) -> None:
    files = {
        "layout": LAYOUT,
        "row": "{% content_for head %}[{{ n }}]{% end %}<li>{{ n }}",
        "components/card": "{% content_for head %}(card){% end %}{% slot %}{% end %}",
        "page": '{% extends "layout" %}{% block content %}{% for n in [1, 2, 3] %}{% if n > 1 %}'
        '{% include "row" n=n %}{% end %}{% end %}{% component "card" %}{% content_for head %}in{% end %}{% end %}'
        "{% end %}",
    }
    templates = views(files, components=[views({}).roots[0] / "components"])
    assert templates.render("page") == "<title></title>[2][3](card)in<main><li>2<li>3</main>"


def test_a_layout_chosen_by_the_action_takes_them(views: Views) -> None:
    templates = views({"layout": LAYOUT, "page": "<p>{% content_for title %}T{% end %}x</p>"})
    assert templates.render_in("layout", "page", {}, None) == "<title>T</title><main><p>x</p></main>"


def test_without_a_layout_they_are_dropped(views: Views) -> None:
    files = {
        "layout": LAYOUT,
        "page": '{% extends "layout" %}{% content_for title %}{{ gone }}{% end %}{% block content %}x{% end %}',
        "alone": "a{% content_for title %}T{% end %}b{% fragment part %}{% content_for title %}T{% end %}c{% end %}",
    }
    templates = views(files)
    assert templates.render_in(None, "page", {}, None) == "x"
    assert templates.render("alone") == "abc"
    assert templates.render_fragment("alone", "part", {}) == "c"


def test_a_value_is_escaped_for_the_place_of_the_yield(views: Views) -> None:
    layout = '<body class="page {% yield css %}"><a href="{% yield url %}">{% yield content2 %}</a>{% yield %}</body>'
    page = (
        '{% extends "layout" %}{% content_for css %}{{ x }}{% end %}{% content_for url %}java{% end %}'
        "{% content_for url %}{{ y }}{% end %}"
    )
    html = views({"layout": layout, "page": page}).render("page", x='" onload="', y="script:alert(1)")
    assert html == '<body class="page &#34; onload=&#34;"><a href="javascript%3Aalert(1)"></a></body>'


def test_a_value_for_a_script_is_refused_where_it_is_written(views: Views) -> None:
    layout = "<script>{% yield js %}</script>{% yield %}"
    page = '{% extends "layout" %}\n{% content_for js %}var a = 1; {{ x }}{% end %}'
    with pytest.raises(UnsafeContextError) as caught:
        views({"layout": layout, "page": page}).get("page")
    assert (caught.value.line, caught.value.path[-9:]) == (2, "page.html")


@pytest.mark.parametrize(
    ("layout", "page", "error", "fix"),
    [
        (LAYOUT, "{% content_for heed %}x{% end %}", UnknownBlockError, "did you mean 'head'?"),
        (LAYOUT, "{% content_for head %}<a href='{% end %}", MarkupMismatchError, "close"),
        ("{% yield a %}<b title='{% yield a %}'>", "{% content_for a %}{% end %}", MarkupMismatchError, "close"),
        ("{% yield a %}{% yield b %}", "{% content_for a %}{% content_for b %}{% end %}{% end %}", CacheError, "move"),
        ("{% cache 1 %}{% yield a %}{% end %}", "{% content_for a %}{% end %}", CacheError, "move"),
        ("{% yield a %}{% block c %}{% end %}",
         "{% block c %}{% cache 1 %}{% content_for a %}{% end %}{% end %}{% end %}", CacheError, "move"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused(views: Views, layout: str, page: str, error: type, fix: str) -> None:
    with pytest.raises(error) as caught:
        views({"layout": layout, "page": '{% extends "layout" %}' + page}).get("page")
    assert fix in caught.value.fix
    assert caught.value.line == 1


def test_an_include_by_a_value_that_gives_contents_is_refused(views: Views) -> None:
    """It would be lost: the other template is rendered on its own."""
    files = {
        "layout": LAYOUT,
        "row": "{% content_for head %}x{% end %}",
        "page": '{% extends "layout" %}{% block content %}{% include name %}{% end %}',
    }
    with pytest.raises(MisplacedContentError, match="content_for"):
        views(files).render("page", name="row")


def test_ruby_s_forms_are_the_same(views: Views, tmp_path: object) -> None:
    templates = views({})
    root = templates.roots[0]
    (root / "layout.html.erb").write_text("<title><%= yield :title %></title><%= yield %>")
    (root / "page.html.erb").write_text(
        '<% extends "layout" %><% content_for :title do %>T<% end %><% block :content do %>x<% end %>'
    )
    assert templates.render("page") == "<title>T</title>x"
