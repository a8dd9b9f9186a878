"""`.html.erb`: the same tree, so the same bytes, as the default syntax."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.templates import Templates
from spica.templates.errors import (
    TemplateNameError,
    TemplateSyntaxError,
    UnclosedBlockError,
    UnexpectedEndError,
    UnsafeContextError,
)

HOSTILE = """</a><script>alert(1)</script>"' onload=alert(1) <% end %> {{ x }} <%= y %>"""

# A page, a layout, a partial and a component: in the default syntax, and as a file of ERB has them.
LAYOUT = (
    "<title>{{ title }}</title>\n<main>\n  {% block content %}{% end %}\n</main>\n",
    "<title><%= title %></title>\n<main>\n  <% block content %><% end %>\n</main>\n",
)
ROW = (
    '<li>{{ n }}: <a href="{{ post.url }}">{{ post.title | truncate(12) }}</a></li>\n',
    '<li><%= n %>: <a href="<%= post.url %>"><%= post.title | truncate(12) %></a></li>\n',
)
CARD = (
    '{% params title: str %}\n<b title="{{ title }}">{% slot %}{% end %}</b>\n',
    '<% params title: str %>\n<b title="<%= title %>"><% slot %><% end %></b>\n',
)
PAGE = (
    """{% extends "layout" %}
{% params posts: list, title: str = "a > b" %}
{# a comment #}
{% block content %}
  {% for post in posts %}
    {% if loop.first %}
      <h1>{{ {"k": "}}"}["k"] }}{{ 7 % 4 }}</h1>
    {% elif post.title == "x" %}y{% else %}
      {%- set z = 1 -%}
    {% end %}
    {% include "row", post=post, n=loop.index %}
  {% else %}<p>None</p>
  {% end %}
  {% component "card" title="%}" %}{{ raw(title) }}{% end %}
  {% fragment rows %}<ul>{{ posts | length }}</ul>{% end %}
  {% verbatim %}{{ x }}{% endverbatim %}
{% end %}
""",
    """<% extends "layout" %>
<% params posts: list, title: str = "a > b" %>
<%# a comment %>
<% block content: %>
  <% for post in posts: %>
    <% if loop.first: %>
      <h1><%= {"k": "}}"}["k"] %><%= 7 % 4 %></h1>
    <% elif post.title == "x": %>y<% else: %>
      <%- set z = 1 -%>
    <% end %>
    <% include "row", post=post, n=loop.index %>
  <% else %><p>None</p>
  <% end %>
  <% component "card" title="%}" %><%== title %><% end %>
  <% fragment rows %><ul><%= posts | length %></ul><% endfragment rows %>
  <% verbatim %>{{ x }}<% endverbatim %>
<% end %>
""",
)


class Post:
    def __init__(self, title: str, url: str) -> None:
        self.title, self.url = title, url


def build(root: Path, which: int, suffix: str) -> Templates:
    files = {"views/layout": LAYOUT, "views/row": ROW, "components/card": CARD, "views/page": PAGE}
    for name, texts in files.items():
        path = root / f"{name}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[which], encoding="utf-8")
    return Templates(root / "views")


@pytest.mark.parametrize(
    "posts",
    [[], [Post(HOSTILE, "javascript:alert(1)"), Post("x", "/a?b=1&c"), Post("long enough to be cut", HOSTILE)]],
    ids=["none", "hostile"],
)
def test_the_same_page_renders_the_same_bytes(tmp_path: Path, posts: list[Post]) -> None:
    default, erb = build(tmp_path / "a", 0, ".html"), build(tmp_path / "b", 1, ".html.erb")
    assert erb.render("page", posts=posts) == default.render("page", posts=posts)
    values = {"posts": posts}
    assert erb.render_fragment("page", "rows", values) == default.render_fragment("page", "rows", values)
    assert erb.check() == default.check() == []
    assert erb.names() == default.names() == ["layout", "page", "row"]


def test_both_syntaxes_go_together(tmp_path: Path) -> None:
    (tmp_path / "page.html.erb").write_text('<% include "row" x=x %><%% and %>')
    (tmp_path / "row.html").write_text("<% {{ x }}")
    assert Templates(tmp_path).render("page", x="<") == "<% &lt;<% and %>"


@pytest.mark.parametrize(
    ("text", "error", "what"),
    [
        ("<script>var a = '<%= x %>'</script>", UnsafeContextError, "inside <script>"),
        ("<style><%= x %></style>", UnsafeContextError, "inside <style>"),
        ("<a onclick='<%= x %>'>", UnsafeContextError, "'onclick'"),
        ("<a title=<%= x %>>", UnsafeContextError, "no quotes"),
        ("<a <%= x %>>", UnsafeContextError, "attribute's name"),
        ("<% if x %>", UnclosedBlockError, "if is never closed"),
        ("<%= x", UnclosedBlockError, "<%= is never closed"),
        ("<% end %>", UnexpectedEndError, "end closes nothing"),
        ("<% fro x in y: %>", TemplateSyntaxError, "there is no tag 'fro'"),
        ("<%= x. %>", TemplateSyntaxError, "can't be read"),
    ],
)
def test_mistakes_are_told_as_in_the_default_syntax(tmp_path: Path, text: str, error: type, what: str) -> None:
    (tmp_path / "page.html.erb").write_text("<p>\n" + text)
    with pytest.raises(error) as caught:
        Templates(tmp_path).get("page")
    assert what in caught.value.what
    assert caught.value.line == 2
    assert caught.value.fix
    assert "{%" not in str(caught.value)
    assert "{{" not in str(caught.value)


def test_raw_is_raw_only_where_it_is_doubled(tmp_path: Path) -> None:
    (tmp_path / "page.html.erb").write_text("<%== x %><%= '==' %><%= x %>")
    assert Templates(tmp_path).render("page", x="<b>") == "<b>==&lt;b&gt;"


def test_a_name_that_is_missing_has_its_place(tmp_path: Path) -> None:
    (tmp_path / "page.html.erb").write_text("<p>\n  <%== titel %>")
    with pytest.raises(TemplateNameError) as caught:
        Templates(tmp_path).render("page", title="x")
    assert (caught.value.line, caught.value.column) == (2, 8)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "page.html.erb").write_text("a")
    (tmp_path / "page.html").write_text("b")
    with pytest.raises(TemplateSyntaxError, match="'page' has two files"):
        Templates(tmp_path).get("page")
