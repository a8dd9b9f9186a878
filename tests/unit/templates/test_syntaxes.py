"""The same pages in the three syntaxes render the same bytes, and they go together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from spica.templates import Templates

HOSTILE = """</a><script>alert(1)</script>"' onload=alert(1) <% end %> {{ x }} <%= y %>"""

# name: in .html, .html.erb, .html.hbs
FILES = {
    "views/layout": (
        """<title>{% yield title %}</title>
<main>
  {% yield %}
  {% block side %}<i>side</i>{% end %}
</main>
{% yield scripts %}
""",
        """<title><%= yield :title %></title>
<main>
  <%= yield %>
  <% block side do %><i>side</i><% end %>
</main>
<%= yield :scripts %>
""",
        """<title>{{yield "title"}}</title>
<main>
  {{{yield}}}
  {{#block "side"}}<i>side</i>{{/block}}
</main>
{{{yield "scripts"}}}
""",
    ),
    "views/_row": (
        '<li>{{ n }}: <a href="{{ post.url }}">{{ post.title | truncate(12) }}</a></li>\n',
        '<li><%= n %>: <a href="<%= post.url %>"><%= post.title | truncate(12) %></a></li>\n',
        '<li>{{n}}: <a href="{{post.url}}">{{truncate post.title 12}}</a></li>\n',
    ),
    "components/card": (
        '{% params title: str %}\n<b title="{{ title }}">{% slot head %}none{% end %}{% slot %}{% end %}</b>\n',
        '<% params title: str %>\n<b title="<%= title %>"><% slot head %>none<% end %><% slot %><% end %></b>\n',
        '{{params title: str}}\n<b title="{{title}}">{{#slot "head"}}none{{/slot}}{{#slot}}{{/slot}}</b>\n',
    ),
    "views/forms": (
        '{% macro field(name, value="") %}\n  <input name="{{ name }}" value="{{ value }}">\n{% end %}\n',
        '<% macro field(name, value="") %>\n  <input name="<%= name %>" value="<%= value %>">\n<% end %>\n',
        '{{#macro "field" name value=""}}\n  <input name="{{name}}" value="{{value}}">\n{{/macro}}\n',
    ),
    "views/page": (
        """{% extends "layout" %}
{% import "forms" as forms %}
{% params posts: list, title: str = "a > b" %}
{# a comment #}
{% content_for title %}{{ title }}{% end %}
{% block content %}
  {% for post in posts %}
    {% if loop.first %}
      <h1>{{ 7 }}{{ loop.index0 }}</h1>
    {% elif post.title == "x" %}y{% else %}
      {%- set z = 1 -%}
    {% end %}
    {% include "_row" post=post n=loop.index0 %}
    {% if not post.url %}no url{% end %}
  {% else %}<p>None</p>
  {% end %}
  {% component "card" title="%}" %}{% fill head %}<i>{% end %}{{ raw(title) }}{% end %}
  {% fragment rows %}<ul>{{ posts | length }}</ul>{% end %}
  {{ forms.field("a", title) }}
  {% cache title, "x" %}
    {% content_text %}
  {% end %}
  {% verbatim %}{{ x }}{% endverbatim %}
{% end %}
{% block side %}{{ super() }}!{% end %}
{% content_for scripts %}
  <link>
{% end %}
""".replace("{% content_text %}", "<u>{{ title }}</u>"),
        """<% extends "layout" %>
<% import "forms" as forms %>
<% params posts: list, title: str = "a > b" %>
<%# a comment %>
<% content_for :title do %><%= title %><% end %>
<% block content: %>
  <% for post in posts: %>
    <% if loop.first: %>
      <h1><%= 7 %><%= loop.index0 %></h1>
    <% elif post.title == "x": %>y<% else: %>
      <%- set z = 1 -%>
    <% end %>
    <% include "_row", post=post, n=loop.index0 %>
    <% if not post.url: %>no url<% end %>
  <% else %><p>None</p>
  <% end %>
  <% component "card" title="%}" %><% fill head do %><i><% end %><%== title %><% end %>
  <% fragment rows %><ul><%= posts | length %></ul><% endfragment rows %>
  <%= forms.field("a", title) %>
  <% cache title, "x" do %>
    <u><%= title %></u>
  <% end %>
  {{ x }}
<% end %>
<% block side do %><%= super() %>!<% end %>
<% content_for :scripts do %>
  <link>
<% end %>
""",
        """{{extends "layout"}}
{{import "forms" as |forms|}}
{{params posts: list, title: str = "a > b"}}
{{!-- a comment --}}
{{#content_for "title"}}{{title}}{{/content_for}}
{{#block "content"}}
  {{#each posts as |post|}}
    {{#if @first}}
      <h1>{{7}}{{@index}}</h1>
    {{else if (eq post.title "x")}}y{{else}}
      {{~set z=1~}}
    {{/if}}
    {{> row n=@index}}
    {{#unless post.url}}no url{{/unless}}
  {{else}}<p>None</p>
  {{/each}}
  {{#component "card" title="%}"}}{{#fill "head"}}<i>{{/fill}}{{{title}}}{{/component}}
  {{#fragment "rows"}}<ul>{{length posts}}</ul>{{/fragment}}
  {{forms.field "a" title}}
  {{#cache title "x"}}
    <u>{{title}}</u>
  {{/cache}}
  \\{{ x }}
{{/block}}
{{#block "side"}}{{super}}!{{/block}}
{{#content_for "scripts"}}
  <link>
{{/content_for}}
""",
    ),
}
SUFFIXES = (".html", ".html.erb", ".html.hbs")


@dataclass
class Post:
    title: str
    url: str


def build(root: Path, choose: dict[str, int]) -> Templates:
    for name, texts in FILES.items():
        which = choose.get(name, choose[""])
        path = root / f"{name}{SUFFIXES[which]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[which], encoding="utf-8")
    return Templates(root / "views")


POSTS = [
    Post(HOSTILE, "javascript:alert(1)"),
    Post("x", "/a?b=1&c"),
    Post("long enough to be cut", ""),
    Post("", HOSTILE),
]
MIXED = [
    {"": which, **({} if other is None else {name: other})}
    for which in range(3)
    for name in FILES
    for other in (None, (which + 1) % 3)
]


@pytest.mark.parametrize("choose", MIXED, ids=str)
def test_the_same_page_renders_the_same_bytes(tmp_path: Path, choose: dict[str, int]) -> None:
    default, other = build(tmp_path / "a", {"": 0}), build(tmp_path / "b", choose)
    for posts in ([], POSTS):
        for title in ("a > b", HOSTILE):
            values = {"posts": posts, "title": title}
            for _ in range(2):  # the second time from the cache
                assert other.render("page", **values) == default.render("page", **values)
            assert other.render_fragment("page", "rows", values) == default.render_fragment("page", "rows", values)
            assert other.render_in(None, "page", values, None) == default.render_in(None, "page", values, None)
    assert other.names() == default.names() == ["_row", "forms", "layout", "page"]
    assert other.check() == []


def test_the_page_is_what_it_should_be(tmp_path: Path) -> None:
    html = build(tmp_path, {"": 2}).render("page", posts=[Post("x & y", "javascript:1")])
    assert html == (
        "<title>a &gt; b</title>\n"
        "<main>\n"
        "        <h1>70</h1>\n"
        '        <li>0: <a href="unsafe:javascript:1">x &amp; y</a></li>\n'
        "    \n"
        '    <b title="%}"><i>a > b</b>\n'
        "  <ul>1</ul>\n"
        '    <input name="a" value="a &gt; b">\n'
        "    <u>a &gt; b</u>\n"
        "  {{ x }}\n"
        "\n"
        "  <i>side</i>!\n"
        "</main>\n"
        "  <link>\n"
        "\n"
    )


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "page.html.hbs").write_text("a")
    (tmp_path / "page.html.erb").write_text("b")
    errors = Templates(tmp_path).check()
    assert [error.what for error in errors] == ["template 'page' has two files"]
