"""What a name means: arguments, params, helpers, builtins, nothing."""

from __future__ import annotations

import datetime

import pytest

from spica.templates import uses_context
from spica.templates.errors import TemplateNameError


@uses_context
def greet(ctx: object, name: str = "you", *, mark: str = "") -> str:
    return f"{ctx}:{name}{mark}"


def test_a_missing_argument_is_named_where_it_is_used_first(render) -> None:
    with pytest.raises(TemplateNameError, match="did you mean 'posts'") as caught:
        render("\n a {{ 1 }} {{ postz }}", posts=[])
    assert (caught.value.line, caught.value.column) == (2, 15)
    assert isinstance(caught.value, NameError)


def test_every_argument_is_needed_before_anything_runs(render) -> None:
    calls: list[int] = []
    with pytest.raises(TemplateNameError):
        render("{{ run() }}{% if False %}{{ x }}{% end %}", {"run": lambda: calls.append(1)})
    assert calls == []


def test_needs_lists_what_must_be_given(views) -> None:
    pages = views(
        {"page": "{% params a, b = 1 %}{{ a }}{{ b }}{{ len(a) }}", "free": "{{ x }}{{ y | default(1) }}{{ max }}"}
    )
    assert pages.get("page").needs == ("a",)
    assert pages.get("free").needs == ("x",)


def test_arguments_win_over_helpers_and_builtins(render) -> None:
    assert render("{{ max }}{{ site }}", {"site": "S"}, max=1, site=2) == "12"
    assert render("{{ max(1, 3) }}{{ site }}", {"site": "S"}) == "3S"
    assert render("{{ len(x) }}", {"len": lambda x: "mine"}, x=[]) == "mine"


def test_builtins_are_a_short_list(render) -> None:
    with pytest.raises(TemplateNameError):
        render("{{ open('/etc/passwd') }}")
    with pytest.raises(TemplateNameError):
        render("{{ __import__('os') }}")


def test_default_makes_a_name_optional(render) -> None:
    assert render("{{ x | default('none') }}") == "none"
    assert render("{{ x | default('none') }}", x="a") == "a"
    assert render("{{ x | default(y) | upper }}", y="b") == "B"
    with pytest.raises(TemplateNameError):
        render("{{ x | default('none') }}{{ x }}")


def test_params_are_all_a_template_can_use(render) -> None:
    assert render("{% params a, b: int = len(a) %}{{ a }}{{ b }}", a="xy") == "xy2"
    assert render("{% params a = 1 %}{% set a = a + 1 %}{{ a }}") == "2"
    with pytest.raises(TemplateNameError, match="did you mean 'title'"):
        render("{% params title %}{{ titel }}", title="x")
    with pytest.raises(TemplateNameError, match="'title' is not defined"):
        render("{% params title: str %}x")


def test_helpers_that_use_the_context_get_it_first(views) -> None:
    pages = views(
        {"page": "{{ greet() }} {{ greet('a', mark='!') }} {{ 'b' | greet }} {{ (lambda: greet('c'))() }}"},
        globals={"greet": greet},
    )
    assert pages.render_with("page", {}, "ctx") == "ctx:you ctx:a! ctx:b ctx:c"
    assert pages.render("page").startswith("None:you")


def test_ctx_is_the_context_unless_it_is_given(views) -> None:
    pages = views({"page": "{{ ctx }}"})
    assert pages.render_with("page", {}, "c") == "c"
    assert pages.render_with("page", {"ctx": "given"}, "c") == "given"


def test_a_variable_may_hide_a_helper(render) -> None:
    assert render("{% for greet in 'a' %}{{ greet }}{% end %}{% set len = 3 %}{{ len }}", {"greet": greet}) == "a3"


def test_names_of_comprehensions_stay_inside(render) -> None:
    assert render("{{ [x + y for x in x] }}{{ x }}", x=[1], y=1) == "[2][1]"
    assert render("{{ [[a, b] for a in x for b in a if b] }}", x=[[0, 1]]) == "[[[0, 1], 1]]"


def test_c_code_that_imports_works_but_import_can_not_be_named(render) -> None:
    # datetime.strftime imports `time` through the builtins of the calling frame.
    assert render("{{ day.strftime('%Y') }}", day=datetime.date(2026, 11, 21)) == "2026"
    with pytest.raises(TemplateNameError):
        render("{{ __import__('os') }}")
