"""Compiled templates on disk: used only while they are right, whoever else writes, whatever is in the files."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import traceback
from pathlib import Path

import pytest

from spica.templates import Templates, compiled_files, engine, uses_context

FILES = {
    "layout.html": "<title>{% yield title %}</title>{% block content %}{% end %}",
    "_row.html": "<li>{{ post.title | upper }}</li>",
    "forms.html": "{% macro b(x) %}<b>{{ x }}</b>{% end %}",
    "page.html": """{% extends "layout" %}{% import "forms" as f %}
{% params posts: list, title: str = "T" %}{% content_for title %}{{ title }}{% end %}
{% block content %}{% for post in posts %}{% include "_row" post=post %}{% end %}{{ f.b(link(1)) }}
{% fragment part %}{{ title }}{% end %}{% cache title %}{{ title }}{% end %}{% end %}""",
    "tags.txt": "{{ tags | join }}",
    "hb.html.hbs": "{{#> nowhere}}instead{{/nowhere}}{{> row post=post}}",
}


class Post:
    title = "a <b>"


def link(value: object) -> str:
    return f"/{value}&"


def load(root: Path, **options: object) -> Templates:
    return Templates(root / "views", globals={"link": link}, compiled=root / "cache", **options)  # type: ignore[arg-type]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "views").mkdir()
    for name, text in FILES.items():
        (tmp_path / "views" / name).write_text(text)
    return tmp_path


@pytest.fixture
def compiles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is compiled, as it happens."""
    names: list[str] = []
    compile_template = engine.compile_template

    def counted(document: object, *rest: object, **named: object) -> object:
        names.append(document.source.name)  # type: ignore[attr-defined]
        return compile_template(document, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "compile_template", counted)
    return names


def render(templates: Templates) -> list[str]:
    return [
        templates.render("page", posts=[Post()], title="<t>"),
        templates.render_fragment("page", "part", {"title": "f"}),
        templates.render_in(None, "page", {"posts": []}, None),
        templates.render("tags.txt", tags=["a&b", "c"]),
        templates.render("hb", post=Post()),
        "".join(templates.stream("page", posts=[Post()])),
    ]


def test_the_next_process_loads_what_this_one_compiled(root: Path, compiles: list[str]) -> None:
    first = render(load(root))
    assert "/1&amp;" in first[0]
    assert "<li>A &lt;B&gt;</li>" in first[0]
    assert len(compiles) == 6
    assert render(load(root)) == first
    assert len(compiles) == 6
    template = load(root).get("page")
    assert (template.needs, [one.name for one in template.parameters or ()]) == (("posts",), ["posts", "title"])
    assert [source.name for source in template.sources] == ["page", "layout", "_row", "forms"]


def test_a_changed_file_is_compiled_again(root: Path, compiles: list[str]) -> None:
    render(load(root))
    compiles.clear()
    for name, text in (("_row.html", "<i>{{ post.title }}</i>"), ("layout.html", "{% block content %}{% end %}!")):
        (root / "views" / name).write_text(text)
        if name == "layout.html":
            (root / "views" / "page.html").write_text(FILES["page.html"].replace("{% content_for", "{% content_for", 1)
                .replace("{% content_for title %}{{ title }}{% end %}", ""))  # fmt: skip
        load(root).get("page")
        load(root).get("page")
    assert compiles == ["page", "page"]
    assert load(root).render("page", posts=[Post()]).endswith("!")


def test_a_file_that_comes_into_another_s_place_is_seen(root: Path, compiles: list[str]) -> None:
    assert load(root).render("hb", post=Post()) == "instead<li>A &lt;B&gt;</li>"
    (root / "views" / "nowhere.html").write_text("now here")
    (root / "views" / "row.html").write_text("row")
    assert load(root).render("hb", post=Post()) == "now hererow"
    (root / "views" / "row.html").unlink()
    assert load(root).render("hb", post=Post()) == "now here<li>A &lt;B&gt;</li>"
    assert len(compiles) == 3


@uses_context
def link_with_context(ctx: object, value: object) -> str:
    return "ctx"


def test_other_helpers_another_version_and_another_python_are_other_entries(
    root: Path, compiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(root).get("page")
    other = Templates(root / "views", globals={"link": link_with_context}, compiled=root / "cache")
    assert "ctx" in other.render("page", posts=[])
    monkeypatch.setattr(compiled_files.spica, "__version__", "99")
    load(root).get("page")
    monkeypatch.setattr(compiled_files.sys, "version", "4.0")
    load(root).get("page")
    assert len(compiles) == 4


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "noise", "old"])
def test_a_damaged_entry_counts_as_missing(root: Path, compiles: list[str], damage: str) -> None:
    load(root).get("page")
    (entry,) = (root / "cache").iterdir()
    content = entry.read_bytes()
    middle = len(content) // 2
    damaged = {
        "empty": b"", "cut": content[:middle], "noise": os.urandom(200),
        "old": b"spica compiled template 0\n" + content[26:],
        "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
    }  # fmt: skip
    entry.write_bytes(damaged[damage])
    assert load(root).render("page", posts=[])
    assert len(compiles) == 2
    assert len(entry.read_bytes()) > 1000  # whole again
    load(root).get("page")
    assert len(compiles) == 2


def test_a_folder_that_can_not_be_written_is_done_without(root: Path, compiles: list[str]) -> None:
    (root / "cache").write_text("a file")
    templates = load(root)
    assert templates.render("page", posts=[])
    assert templates.compiled_files is not None
    assert "can't be written" in templates.compiled_files.problem
    assert (root / "cache").read_text() == "a file"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_folder_that_others_may_write_to_is_not_trusted(root: Path, compiles: list[str]) -> None:
    load(root).get("page")
    (root / "cache").chmod(0o777)
    load(root).get("page")
    (root / "cache").chmod(0o755)
    os.chown(root / "cache", 12345, 12345)
    assert load(root).render("page", posts=[])
    os.chown(root / "views", 12345, 12345)  # who may change the templates may as well change this
    load(root).get("page")
    assert len(compiles) == 3


def test_processes_that_compile_at_once_do_not_disturb_one_another(root: Path) -> None:
    code = textwrap.dedent("""
        import sys
        from pathlib import Path
        from spica.templates import Templates
        root = Path(sys.argv[1])
        for n in range(30):
            templates = Templates(root / "views", compiled=root / "cache")
            assert templates.render("tags.txt", tags=["a"]) == "a"
            for file in (root / "cache").glob("*.tpl"):
                if n % 3 == 0:
                    file.unlink(missing_ok=True)
        print("done")
    """)
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [process.communicate(timeout=300)[0] for process in running] == ["done\n"] * 3
    assert not list((root / "cache").glob(".*"))


def test_a_traceback_of_a_loaded_template_has_its_lines(root: Path) -> None:
    load(root).get("page")
    with pytest.raises(AttributeError) as caught:
        load(root).render("page", posts=[5])
    shown = "".join(traceback.format_exception(caught.value))
    assert '_row.html", line 1' in shown
    assert "{{ post.title | upper }}" in shown
    assert 'page.html", line 3' in shown


def test_a_loaded_template_says_what_it_lacks(root: Path) -> None:
    load(root).get("page")
    with pytest.raises(NameError, match="'posts' is not defined") as caught:
        load(root).render("page", post=[])
    assert "page.html:2" in str(caught.value)


def test_build_makes_all_and_removes_the_old(root: Path, compiles: list[str]) -> None:
    (root / "cache").mkdir(mode=0o700)
    (root / "cache" / "old.tpl").write_text("x")
    assert load(root).build() == []
    assert not (root / "cache" / "old.tpl").exists()
    compiles.clear()
    templates = load(root)
    for name in templates.names():
        templates.get(name)
    templates.render_in(None, "page", {"posts": []}, None)
    assert compiles == []
    (root / "views" / "wrong.html").write_text("{% if %}")
    assert [error.line for error in load(root).build()] == [1]


def test_what_is_compiled_does_not_depend_on_the_process(root: Path) -> None:
    """The same bytes for every seed of Python's hashes: two machines that build agree."""
    code = (
        "import sys, ast\nfrom pathlib import Path\nfrom spica.templates import codegen, engine\n"
        "t = engine.Templates(Path(sys.argv[1]) / 'views', globals={'link': str})\n"
        "for n in t.names():\n"
        "    g = codegen.generate_function(t._library.document(n), t._library)\n"
        "    print(n, ast.dump(g.tree, include_attributes=True), sorted(g.constants))"
    )
    dumps = {
        subprocess.run(
            [sys.executable, "-c", code, str(root)],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(dumps) == 1
