"""Path helpers are checked before serving: in templates and in modules, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica import App
from spica.app.errors import BootError
from spica.app.helper_check import check_helpers
from spica.app.project import load_templates
from spica.routing.errors import PathArgumentsError
from spica.templates.errors import HelperUseError

ROUTES = """
def show_post(id: str) -> str:
    return id

def draw(r):
    r.get("/posts/{id}", show_post, name="post")
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Make a project with further files."""
    monkeypatch.setattr("sys.path", [str(tmp_path)])

    def make(**files: str) -> Path:
        (tmp_path / "config").mkdir()
        (tmp_path / "config/routes.py").write_text(ROUTES)
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_html", ".html").replace("_py", ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path

    return make


def problems(root: Path) -> list[str]:
    app = App(root=root, env="development", secret_key="x" * 32)
    return [f"{type(one).__name__} {one.where.splitlines()[0]}" for one in check_helpers(root, app.paths)]


def test_templates(write) -> None:
    root = write(
        app__views__a_html="<p>\n<a href='{{ paths.psot(7) }}'>x</a>",
        app__views__b_html="{% for id in ids %}{{ link_to('x', urls.post()) }}{% end %}",
        app__views__c_html="{{ paths.post(*ids) }}{{ paths.post(**ids) }}{{ paths.post(7) }}{{ paths.post | upper }}",
        app__views__d_html="{% set paths = 1 %}{{ paths.real }}{{ [urls.real for urls in x] }}",
        app__views__e_html="{{ paths.psot(7) ",  # what else is wrong is told when it is rendered
    )
    views = root / "app/views"
    assert problems(root) == [f"HelperUseError {views}/a.html:2:13", f"HelperUseError {views}/b.html:1:36"]


def test_a_layout_is_told_once(write) -> None:
    root = write(
        app__views__layout_html="{{ paths.nothing() }}{% block content %}{% end %}",
        app__views__a_html='{% extends "layout" %}{% block content %}{{ paths.post(1) }}{% end %}',
        app__views__b_html='{% extends "layout" %}{% block content %}{{ paths.post(1) }}{% end %}',
    )
    assert problems(root) == [f"HelperUseError {root}/app/views/layout.html:1:4"]


def test_modules(write) -> None:
    root = write(
        app__a_py="from spica import paths\n\ndef go():\n    return paths.psot(7)\n",
        app__deep__b_py="from spica import urls as u\ngo = lambda: u.post()\n",
        app__c_py="from app.paths import paths\ndef go():\n    return paths.post(1, 2)\n",
    )
    app = root / "app"
    assert problems(root) == [
        f"UnknownPathError {app}/a.py:4",
        f"PathArgumentsError {app}/c.py:3",
        f"PathArgumentsError {app}/deep/b.py:2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "from spica import paths\ndef go(paths):\n    paths.anything()\n",
        "from spica import paths\nfor paths in []:\n    paths.anything()\n",
        "from spica import paths\nfrom os import path as paths\npaths.anything()\n",
        "paths = object()\npaths.anything()\n",
        "from .spica import paths\npaths.anything()\n",
        "from spica import paths\npaths.post(*x)\npaths.post(**x)\nf = paths.post\npaths.for_request(1)\n",
        "from spica import paths\npaths.psot(\n",
        "from spica import paths\n\0",
        "# -*- coding: latin-1 -*-\nfrom spica import paths\n\xe9 = 1\n",
    ],
)
def test_what_may_work_is_left_alone(write, text: str) -> None:
    root = write(app__a_py=text)
    assert problems(root) == []


async def test_development_does_not_start_with_a_mistake(write) -> None:
    root = write(
        app__views__a_html="{{ paths.psot(7) }}",
        app__a_py="from spica import paths\ngo = lambda: paths.post()\n",
    )
    with pytest.raises(BootError) as caught:
        await App(root=root, env="development", secret_key="x" * 32).startup()
    assert [type(one) for one in caught.value.mistakes] == [HelperUseError, PathArgumentsError]
    assert "did you mean post?" in str(caught.value)
    assert "go = lambda: paths.post()" in str(caught.value)


async def test_elsewhere_a_template_tells_when_it_is_compiled(write) -> None:
    root = write(
        app__views__a_html="{{ paths.psot(7) }}", app__a_py="from spica import paths\nx = lambda: paths.psot()\n"
    )
    app = App(root=root, env="test", secret_key="x" * 32)
    await app.startup()
    await app.shutdown()
    with pytest.raises(HelperUseError, match="did you mean post"):
        load_templates(root).get("a")
