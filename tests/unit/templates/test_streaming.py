"""`stream`: the text of `render`, in chunks that are made when they are asked for."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import pytest

from spica.templates.errors import TemplateNameError
from tests.unit.templates.conftest import Views

PAGE = {
    "layout": "<html>{% block content %}{% end %}</html>",
    "row": "<li>{{ n }}{% if n % 2 %} odd{% end %}</li>\n",
    "page": '{% extends "layout" %}{% block content %}<ul>{% for n in numbers %}{% include "row" n=n %}{% cache n %}'
    "{{ n }}{% for m in [1] %}{{ m }}{% end %}{% end %}{% end %}</ul>{% end %}",
}


def test_the_chunks_are_the_text(views: Views) -> None:
    templates = views(PAGE)
    chunks = list(templates.stream("page", numbers=range(5000)))
    assert "".join(chunks) == templates.render("page", numbers=range(5000))
    assert len(chunks) > 4
    assert all(len(chunk) >= 16_384 for chunk in chunks[:-1])
    assert max(map(len, chunks)) < 20_000


def test_nothing_is_made_before_it_is_asked_for(views: Views) -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for n in range(100_000):
            made.append(n)
            yield n

    chunks = views(PAGE).stream("page", numbers=numbers())
    next(chunks)
    assert 500 < len(made) < 3000
    next(chunks)
    assert len(made) < 6000


@pytest.mark.parametrize("text", ["", "only text", "{{ x }}", "{% if x %}{{ x }}{% end %}", "{% set y = x %}{{ y }}"])
def test_short_templates(views: Views, text: str) -> None:
    templates = views({"page": text})
    assert "".join(templates.stream("page", x="<")) == templates.render("page", x="<")


def test_contents_are_in_their_places(views: Views) -> None:
    files = {
        "layout": "<title>{% yield t %}</title>{% block content %}{% end %}",
        "page": '{% extends "layout" %}{% block content %}{% for n in [1, 2] %}'
        "{% content_for t %}{{ n }}{% end %}{% end %}{% end %}",
    }
    assert "".join(views(files).stream("page")) == "<title>12</title>"


def test_a_mistake_before_the_first_chunk_is_raised_at_once(views: Views) -> None:
    templates = views(PAGE)
    with pytest.raises(TemplateNameError, match="'numbers' is not defined"):
        templates.stream("page")
    with pytest.raises(LookupError):
        templates.stream("nowhere")


def test_a_later_one_when_it_comes_with_the_template_s_lines(views: Views) -> None:
    chunks = views({"page": "{% for n in ns %}\n{{ 1 / n }}{{ filler }}{% end %}"}).stream(
        "page", ns=[1, 1, 0], filler="x" * 10_000
    )
    assert len(next(chunks)) > 16_384
    with pytest.raises(ZeroDivisionError) as caught:
        list(chunks)
    assert 'page.html", line 2' in "".join(traceback.format_exception(caught.value))
