"""component, its props, fill and slot."""

from __future__ import annotations

import pytest

from spica.templates.errors import (
    CircularExtendsError,
    IncludeNotFound,
    PropTypeError,
    TemplateNameError,
    TemplateSyntaxError,
    UnexpectedEndError,
    UnknownBlockError,
    UnknownParameterError,
    UnsafeContextError,
)

CARD = "{% params title: str, size: int = 1 %}<h{{ size }}>{% slot head %}{{ title }}{% end %}</h1>{% slot %}-{% end %}"
HOSTILE = """</h1><script>alert(1)</script>"' onload=alert(1) javascript:alert(1)"""


@pytest.fixture
def page(views):
    """Compile a page with components."""

    def build(text: str, **components: str):
        files = {f"components/{name}": source for name, source in components.items()}
        templates = views({"views/page": text, **files}, reload=True)
        return type(templates)(templates.roots[0] / "views")

    return build


def test_gets_props_and_defaults_and_becomes_part_of_the_page(page) -> None:
    card = "{% params title: str, size: int = 1 %}<b>{{ title }}{{ size }}</b>\n"
    pages = page(
        '{% component "card" title=t | upper %}{% end %}|{% component "card" title="x", size=2 %}{% end %}', card=card
    )
    assert pages.render("page", t="a<") == "<b>A&lt;1</b>|<b>x2</b>"
    assert [source.name for source in pages.get("page").sources] == ["page", "component:card"]
    assert pages.check() == []


def test_slots_have_the_names_of_the_place_that_fills_them(page) -> None:
    text = '{% for p in ps %}{% component "box" title=p %}{% fill head %}{{ p }}{{ t }}{% end %} {% end %}{% end %}'
    box = (
        "{% params title %}{% for p in [7] %}[{% slot head %}-{% end %}]{% slot %}{{ title }}{{ p }}{% end %}{% end %}"
    )
    assert page(text, box=box).render("page", ps="ab", t="<") == "[a&lt;]a7[b&lt;]b7"


def test_a_component_sees_no_argument_of_render(page) -> None:
    pages = page('{% component "card" %}{% end %}', card="{{ secret }}")
    with pytest.raises(TemplateNameError, match="'secret' is not defined"):
        pages.render("page", secret=1)


def test_set_in_a_slot_stays_there(page) -> None:
    text = '{% component "card" %}{% set n = 2 %}{{ n }}{% end %}{{ n | default("none") }}'
    assert page(text, card="{% slot %}{% end %}").render("page") == "2none"


def test_components_inside_components_and_slots_that_are_handed_on(page) -> None:
    inner = "<i>{% slot %}empty{% end %}</i>"
    outer = '<o>{% component "inner" %}{% slot %}outer{% end %}{% end %}</o>'
    text = '{% component "outer" %}{% component "outer" %}{{ x }}{% end %}{% end %}'
    assert page(text, inner=inner, outer=outer).render("page", x="&") == "<o><i><o><i>&amp;</i></o></i></o>"


def test_values_are_escaped_for_the_place_of_the_slot(page) -> None:
    link = '<a title="{% slot title %}{% end %}" href="{% slot url %}{% end %}">{% slot %}{% end %}</a>'
    text = '{% component "link" %}{% fill title %}{{ x }}{% end %}{% fill url %}{{ y }}{% end %}{{ x }}{% end %}'
    html = page(text, link=link).render("page", x=HOSTILE, y="javascript:alert(1)")
    assert html.startswith('<a title="&lt;/h1&gt;')
    assert 'href="unsafe:javascript:alert(1)"' in html
    assert html.count("<") == 2
    assert html.count('"') == 4
    assert "'" not in html


@pytest.mark.parametrize(
    ("around", "what"),
    [
        ("<script>{% slot %}{% end %}</script>", "inside <script>"),
        ("<style>{% slot %}{% end %}</style>", "inside <style>"),
        ('<a onclick="{% slot %}{% end %}">', "'onclick'"),
        ('<iframe srcdoc="{% slot %}{% end %}">', "'srcdoc'"),
        ("<a title={% slot %}{% end %}>", "no quotes"),
        ("<a {% slot %}{% end %}>", "attribute's name"),
    ],
)
def test_a_slot_where_no_escaping_is_safe_refuses_a_value_of_the_page(page, around: str, what: str) -> None:
    with pytest.raises(UnsafeContextError, match=what) as caught:
        page('{% component "card" %}{{ x }}{% end %}', card=around).get("page")
    assert caught.value.path.endswith("views/page.html")
    assert caught.value.column == 23


@pytest.mark.parametrize(
    ("text", "error", "message", "fix"),
    [
        ('{% component "card" titel="x" %}{% end %}', UnknownParameterError, "takes no 'titel'", "'title'"),
        ('{% component "card" %}{% end %}', TemplateNameError, "component gives 'card' no 'title'", "title=…"),
        ('{% component "card" title=5 %}{% end %}', PropTypeError, "takes title: str, not 5", "text in quotes"),
        ('{% component "card" title="x" size="2" %}{% end %}', PropTypeError, "size: int, not '2'", "give it int"),
        ('{% component "crad" %}{% end %}', IncludeNotFound, "no component is named 'crad'", "'card'"),
        ("{% component name %}{% end %}", TemplateSyntaxError, "needs a name in quotes", '"card"'),
        (
            '{% component "card" title="x" %}{% fill hade %}{% end %}{% end %}',
            UnknownBlockError,
            "no slot 'hade'",
            "'head'",
        ),
        ('{% component "line" %}x{% end %}', UnknownBlockError, "'line' takes no content", "{% slot %}"),
        ("{% fill head %}{% end %}", UnexpectedEndError, "not directly inside a component", "component"),
        ("{% slot %}{% end %}", TemplateSyntaxError, "slot stands outside of a component", "components' folder"),
        ('{% component "self" %}{% end %}', CircularExtendsError, "'self' contains itself", "include"),
    ],
)
def test_mistakes_have_a_place_and_a_fix(page, text: str, error: type, message: str, fix: str) -> None:
    pages = page("<p>\n" + text, card=CARD, line="<hr>", self='{% component "self" %}{% end %}')
    with pytest.raises(error) as caught:
        pages.get("page")
    assert message in caught.value.what
    assert fix in caught.value.fix
    assert caught.value.line in (1, 2)
    assert caught.value.where


def test_check_compiles_components_that_no_page_uses(page) -> None:
    assert [error.code for error in page("x", card="{{ nothing }}", bad="{% if %}").check()] == [
        "SPICA-T002",
        "SPICA-T003",
    ]


def test_a_constant_of_another_type_is_refused_by_include_too(page) -> None:
    pages = page('{% include "row" n="x" %}')
    (pages.roots[0] / "row.html").write_text("{% params n: int | None = None %}{{ n }}")
    with pytest.raises(PropTypeError, match=r"'row' takes n: int \| None"):
        pages.get("page")
