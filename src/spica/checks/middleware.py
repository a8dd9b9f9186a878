"""unused-middleware: pipelines that no route names, and classes of app/middleware that nothing uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spica.app.application import App
from spica.app.project import MIDDLEWARE
from spica.checks.finding import Found
from spica.checks.project import Project
from spica.checks.python_files import calls, last_name
from spica.errors.base import closest
from spica.middleware.declare import DEFAULT

_FOLDER = "app/middleware/"


def find(project: Project) -> Iterator[Found]:
    """Compare what is declared with what the routes name."""
    yield from _pipelines(project)
    yield from _classes(project)


def _pipelines(project: Project) -> Iterator[Found]:
    app = project.loaded
    if not isinstance(app, App):
        return
    used: set[str] = set()
    for route in app.routes:
        used.update([DEFAULT] if route.pipe is None else [route.pipe] if isinstance(route.pipe, str) else route.pipe)
    for file in project.python_files:
        for call in calls(file.tree) if file.name == MIDDLEWARE else ():
            first = call.args[0] if call.args and last_name(call.func) == "pipeline" else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value not in used:
                yield Found(
                    file.name,
                    call.lineno,
                    f"no route goes through the pipeline {first.value!r}",
                    "what it was meant to protect is not protected by it",
                    _how_to_use(first.value),
                )


def _how_to_use(name: str) -> str:
    if closest(name, [DEFAULT]):
        return f"did you mean {DEFAULT!r}? Routes that name no pipe go through it"
    return f'name it: r.scope("/…", pipe="{name}"), or remove it'


def _classes(project: Project) -> Iterator[Found]:
    named = {name for file in project.python_files for node in ast.walk(file.tree) for name in _names(node)}
    for file in project.python_files:
        for node in file.tree.body if file.name.startswith(_FOLDER) else ():
            if isinstance(node, ast.ClassDef) and node.bases and node.name not in named:
                what = f"{node.name} is declared and never used"
                yield Found(file.name, node.lineno, what, "no request passes through it", f"p.use({node.name})")


def _names(node: ast.AST) -> Iterator[str]:
    """The names that a node uses; an import alone uses nothing."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
