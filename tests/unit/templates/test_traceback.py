"""Tracebacks show the template's file, line and text, in included files and layouts too."""

from __future__ import annotations

import traceback

import pytest

from spica.templates import Templates
from spica.templates.traceback import template_locals


def frames(pages: Templates, name: str, **locals: object) -> list[tuple[str, int | None, str, str]]:
    with pytest.raises(ZeroDivisionError) as caught:
        pages.render(name, **locals)
    found = traceback.extract_tb(caught.value.__traceback__)
    return [
        (frame.filename.rpartition("/")[2], frame.lineno, frame.name, frame.line or "")
        for frame in found
        if frame.filename.endswith(".html")
    ]


def test_a_page_s_own_line(views) -> None:
    pages = views({"page": "a\n{% if x %}\n  <b>{{ 1 / (x - 1) }}</b>\n{% end %}"})
    assert frames(pages, "page", x=1) == [("page.html", 3, "page", "<b>{{ 1 / (x - 1) }}</b>")]


@pytest.mark.parametrize(
    "text",
    [
        "\n{{ 1 / x }}",
        "\n{% if 1 / x %}{% end %}",
        "{% if False %}\n{% elif 1 / x %}{% end %}",
        "\n{% for a in [1 / x] %}{% end %}",
        "\n{% for a in [1 / x] %}{{ loop.last }}{% else %}{% end %}",
        "\n{% set a = 1 / x %}",
        "\n<a href='{{ 1 / x }}'>",
        "\n<a style='{{ 1 / x }}'>",
        "\n{{ raw(1 / x) }}",
        "{{ 'a' |\n replace('b', 1 / x) }}",
        "{{ [\n1 / y for y in [x]] }}",
        "{{ (lambda:\n 1 / x)() }}",
        "\n{{ fail(x) }}",
        "\n{{ shown }}",
    ],
)
def test_every_kind_of_tag(views, text: str) -> None:
    class Shown:
        def __str__(self) -> str:
            return str(1 / 0)

    pages = views({"page": text}, globals={"fail": lambda x: 1 / x, "shown": Shown()})
    assert frames(pages, "page", x=0)[-1][:2] == ("page.html", 2)


def test_an_include_shows_its_own_line_and_the_tag(views) -> None:
    pages = views(
        {
            "page": "\n{% for p in ps %}\n{% include 'a' p=p %}\n{% end %}",
            "a": "\n\n\n{% include 'b' q=p %}",
            "b": "\n<b>{{ 1 / q }}</b>",
        }
    )
    assert frames(pages, "page", ps=[1, 0]) == [
        ("page.html", 3, "page", "{% include 'a' p=p %}"),
        ("a.html", 4, "a", "{% include 'b' q=p %}"),
        ("b.html", 2, "b", "<b>{{ 1 / q }}</b>"),
    ]


def test_a_layout_and_its_blocks(views) -> None:
    pages = views(
        {
            "layout": "\n{{ 1 / x }}\n{% block a %}\n{{ 1 / y }}{% end %}",
            "page": "{# top #}\n{% extends 'layout' %}\n\n{% block a %}{{ super() }}\n{{ 1 / z }}{% end %}",
        }
    )
    assert frames(pages, "page", x=0, y=1, z=1)[-1][:2] == ("layout.html", 2)
    assert frames(pages, "page", x=0, y=1, z=1)[0][:2] == ("page.html", 2)
    assert frames(pages, "page", x=1, y=0, z=1)[-1][:2] == ("layout.html", 4)
    assert frames(pages, "page", x=1, y=1, z=0) == [("page.html", 5, "page", "{{ 1 / z }}{% end %}")]


def test_an_include_that_is_called(views) -> None:
    pages = views({"page": "\n{% include 'a' + '' x=x %}", "a": "\n\n{% include 'b' %}", "b": "{{ 1 / x }}"})
    assert [frame[:2] for frame in frames(pages, "page", x=0)] == [("page.html", 2), ("a.html", 3), ("b.html", 1)]


def test_carets_point_at_the_expression(views) -> None:
    pages = views({"page": "{% include 'a' %}", "a": "é <b>{{ 'é' * (1 // x) }}</b>"})
    with pytest.raises(ZeroDivisionError) as caught:
        pages.render("page", x=0)
    shown = "".join(traceback.format_exception(caught.value)).splitlines()
    line = next(index for index, text in enumerate(shown) if "<b>" in text)
    assert shown[line][shown[line + 1].index("~") :].startswith("1 // x")


def test_locals_have_the_names_of_the_template(views) -> None:
    pages = views({"page": "{% include 'a' q=p %}{{ p }}", "a": "{% for p in [q] %}{{ 1 / p }}{% end %}"})
    with pytest.raises(ZeroDivisionError) as caught:
        pages.render("page", p=0)
    last = caught.value.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    assert last is not None
    assert template_locals(last.tb_frame)["p"] == 0
    assert not any("#" in name for name in template_locals(last.tb_frame))
    assert template_locals(caught.value.__traceback__.tb_frame) == {}


def test_an_error_without_included_files_keeps_its_real_frames(views) -> None:
    pages = views({"page": "{{ 1 / x }}"})
    with pytest.raises(ZeroDivisionError) as caught:
        pages.render("page", x=0)
    assert any(frame.f_code.co_name == "page" for frame, _ in traceback.walk_tb(caught.value.__traceback__))
