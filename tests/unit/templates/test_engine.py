"""Templates: finding files, checking all, compiling again what has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from spica.templates import Template, Templates
from spica.templates.errors import TemplateError, TemplateNotFound, TemplateSyntaxError, UnclosedBlockError


def write(path: Path, text: str) -> None:
    """Write a file with a time that differs from the one before."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_the_first_root_that_has_the_file_wins(tmp_path: Path) -> None:
    write(tmp_path / "mine" / "a.html", "mine")
    write(tmp_path / "theirs" / "a.html", "theirs")
    write(tmp_path / "theirs" / "b" / "c.html", "c")
    pages = Templates(tmp_path / "mine", str(tmp_path / "theirs"))
    assert (pages.render("a"), pages.render("b/c")) == ("mine", "c")
    assert pages.names() == ["a", "b/c"]
    assert pages.has("a")
    assert not pages.has("c")
    assert pages.roots == (tmp_path / "mine", tmp_path / "theirs")


def test_a_name_that_no_root_has(tmp_path: Path) -> None:
    write(tmp_path / "posts" / "index.html", "")
    pages = Templates(tmp_path)
    with pytest.raises(TemplateNotFound, match="did you mean 'posts/index'") as caught:
        pages.render("posts/indx")
    assert str(tmp_path) in caught.value.why
    with pytest.raises(TemplateNotFound, match="did you mean 'posts/index'"):
        pages.render("posts/index.html")
    assert isinstance(caught.value, LookupError)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "", ".hidden", "a\\b", "a\0b"])
def test_a_name_stays_inside_its_root(tmp_path: Path, name: str) -> None:
    write(tmp_path / "secret.html", "secret")
    write(tmp_path / "views" / "a" / "x.html", "")
    with pytest.raises(TemplateNotFound):
        Templates(tmp_path / "views").render(name)


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(b"a\xff")
    with pytest.raises(TemplateSyntaxError, match="byte 1 is 0xff"):
        Templates(tmp_path).render("a")


def test_get_gives_a_template_that_renders(views) -> None:
    template = views({"a/b": "{{ x }}"}).get("a/b")
    assert isinstance(template, Template)
    assert (template.name, template.path.name, template.needs) == ("a/b", "b.html", ("x",))
    assert template.render(x=1) == template.render_with({"x": 1}) == "1"


def test_arguments_may_have_any_name(views) -> None:
    pages = views({"page": "{{ name }}{{ self }}{{ locals }}"})
    assert pages.render("page", name=1, self=2, locals=3) == "123"
    assert pages.get("page").render(name=1, self=2, locals=3) == "123"


def test_check_finds_every_mistake_once(views) -> None:
    pages = views(
        {
            "layout": "{% if %}",
            "p1": '{% extends "layout" %}',
            "p2": '{% extends "layout" %}',
            "q": "{% if x %}",
            "ok": "x",
        }
    )
    errors = pages.check()
    assert [type(error) for error in errors] == [TemplateSyntaxError, UnclosedBlockError]
    assert all(isinstance(error, TemplateError) for error in errors)


def test_without_reload_a_file_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "a.html", "1")
    pages = Templates(tmp_path)
    assert pages.render("a") == "1"
    write(tmp_path / "a.html", "2")
    assert pages.render("a") == "1"


def test_reload_sees_changes_of_every_file(tmp_path: Path) -> None:
    write(tmp_path / "layout.html", "[{% block a %}{% end %}]")
    write(tmp_path / "part.html", "part")
    write(tmp_path / "page.html", '{% extends "layout" %}{% block a %}{% include "part" %}{% end %}')
    pages = Templates(tmp_path, reload=True)
    assert pages.render("page") == "[part]"
    same = pages.get("page")
    assert pages.get("page") is same
    write(tmp_path / "part.html", "PART")
    assert pages.render("page") == "[PART]"
    write(tmp_path / "layout.html", "({% block a %}{% end %})")
    assert pages.render("page") == "(PART)"
    write(tmp_path / "page.html", '{% extends "layout" %}')
    assert pages.render("page") == "()"


def test_reload_recovers_from_a_mistake_and_sees_a_file_go(tmp_path: Path) -> None:
    write(tmp_path / "a.html", "{% if %}")
    pages = Templates(tmp_path, reload=True)
    with pytest.raises(TemplateSyntaxError):
        pages.render("a")
    write(tmp_path / "a.html", "fine")
    assert pages.render("a") == "fine"
    (tmp_path / "a.html").unlink()
    with pytest.raises(TemplateNotFound):
        pages.render("a")


def test_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(b"\xef\xbb\xbfa\r\n{% if True %}\r\nb\r\n{% end %}\r\n")
    assert Templates(tmp_path).render("a") == "a\nb\n"


def test_literal_text_is_one_constant(views) -> None:
    pages = views({"page": "a{# x #}b{{ 'c' }}{% include 'd' %}", "d": "d"})
    assert "abcd" in pages.get("page")._function.__code__.co_consts


def test_safe_text_does_not_load_the_compiler() -> None:
    code = "import sys; from spica.templates import Safe, uses_context; print('spica.templates.codegen' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
