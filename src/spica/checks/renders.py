"""renders: `render("x")` in the code, against the templates: one that isn't there, names that it isn't given.

Rules: only what is written out can be compared; a name that is made while it runs, or `**values`, is left to the tests.
What an action's class assigns (`self.post = …`) is given as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spica.app.helpers import PAGE_VALUES
from spica.app.project import VIEWS
from spica.checks.finding import Found
from spica.checks.project import Project
from spica.checks.python_files import PythonFile, calls, last_name
from spica.errors.base import closest
from spica.templates.errors import TemplateError

_CONTROLLERS = "app/controllers/"
_SUFFIX = "_controller.py"
_PAGE_NAMES = {*PAGE_VALUES, "ctx"}
_OPTIONS = {"status", "layout", "fragment", "oob"}


def find(project: Project) -> Iterator[Found]:
    """Compare each `self.render` of the controllers with the template it names."""
    controllers = [file for file in project.python_files if file.name.startswith(_CONTROLLERS)]
    assigned = {name for file in controllers for name in _assigned(file.tree)}
    for file in controllers:
        for call in calls(file.tree):
            name = _rendered(call)
            if name is not None:
                yield from _compare(project, file, call, name, assigned)


def _rendered(call: ast.Call) -> str | None:
    function = call.func
    is_render = isinstance(function, ast.Attribute) and function.attr in ("render", "render_partial")
    if not is_render or last_name(function.value) != "self" or not call.args:  # type: ignore[attr-defined]  # an Attribute
        return None
    first = call.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _compare(project: Project, file: PythonFile, call: ast.Call, name: str, assigned: set[str]) -> Iterator[Found]:
    template = full_name(file, name, is_partial=is_partial(call))
    if not project.templates.has(template):
        near = closest(template, project.templates.names())
        what = f"render({name!r}) names a template that isn't there"
        fix = f"did you mean {near[0]!r}?" if near else f"create {VIEWS}/{template}.html"
        yield Found(file.name, call.lineno, what, f"{VIEWS}/{template}.html doesn't exist: the action answers 500", fix)
        return
    if any(keyword.arg is None for keyword in call.keywords) or len(call.args) > 1:
        return
    given = {keyword.arg or "" for keyword in call.keywords} - _OPTIONS
    try:
        needs = project.templates.get(template).needs
    except TemplateError:
        return  # the check of templates tells it
    lacks = [need for need in needs if need not in given | assigned | _PAGE_NAMES]
    if lacks:
        what = f"render({name!r}) does not give {', '.join(lacks)}, which the template uses"
        why = f"{VIEWS}/{template}.html, its layouts and its partials have no default for it: the action answers 500"
        near = closest(lacks[0], [*given, *project.templates.globals])
        fix = f"self.render({name!r}, {lacks[0]}=…)" + (f", or did you mean {near[0]!r}?" if near else "")
        yield Found(file.name, call.lineno, what, why, fix, "SPICA-T003")


def is_partial(call: ast.Call) -> bool:
    """Whether a render call is of a partial."""
    return last_name(call.func) == "render_partial"


def full_name(file: PythonFile, name: str, *, is_partial: bool) -> str:
    """The template's whole name for a name that a controller's file writes."""
    folder = file.name.removeprefix(_CONTROLLERS).removesuffix(_SUFFIX)
    full = name if "/" in name else f"{folder}/{name}"
    head, slash, last = full.rpartition("/")
    return f"{head}{slash}_{last}" if is_partial and not last.startswith("_") else full


def _assigned(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and last_name(node.value) == "self":
            yield node.attr
