"""mass-assignment: what a visitor sent, given to a model without naming what may pass.

Rules: raw is `self.params`, `ctx.params`, `request.form`, a group of them (`.require("post")`), and a variable of the
same function that was assigned one. `permit` and `expect` make it harmless.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spica.checks.finding import Found
from spica.checks.project import Project
from spica.checks.python_files import PythonFile, calls, functions, last_name

_TAKES = {"create", "insert_all", "upsert", "update", "assign", "changeset", "build", "update_all"}
_GROUPS = {"require", "get"}
_BASES = {"Model"}


def find(project: Project) -> Iterator[Found]:
    """Look for raw parameters among the arguments of models and of what changes them."""
    models = _find_models(project.python_files)
    for file in project.python_files:
        seen: set[int] = set()
        for function in functions(file.tree):
            raw = _raw_names(function)
            awaited = {id(node.value) for node in ast.walk(function) if isinstance(node, ast.Await)}
            for call in calls(function):
                if id(call) in seen or not _reaches_model(call, models, is_awaited=id(call) in awaited):
                    continue
                values = [*call.args, *(word.value for word in call.keywords if word.arg is None)]
                if any(_is_raw(value, raw) for value in values):
                    seen.add(id(call))
                    yield _describe(file, call)


def _describe(file: PythonFile, call: ast.Call) -> Found:
    return Found(
        file.name,
        call.lineno,
        f"{ast.unparse(call.func)}(…) is given raw parameters",
        "a visitor may add any key to them, such as admin (mass assignment); the model refuses them when it runs",
        'name what may pass: self.params.require("post").permit("title", "body")',
    )


def _find_models(files: list[PythonFile]) -> set[str]:
    """The names of all classes that derive from Model, by the names of their bases."""
    bases = {
        node.name: {last_name(base) for base in node.bases}
        for file in files
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ClassDef)
    }
    models = set(_BASES)
    while more := {name for name, names in bases.items() if names & models} - models:
        models |= more
    return models


def _reaches_model(call: ast.Call, models: set[str], *, is_awaited: bool) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in models
    if isinstance(function, ast.Attribute) and function.attr in _TAKES:
        return last_name(function.value) in models or is_awaited
    return False


def _is_raw(node: ast.expr, raw: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in raw
    if isinstance(node, ast.Attribute):
        return node.attr == "params"
    if isinstance(node, ast.Subscript):
        return _is_raw(node.value, raw)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GROUPS:
        return _is_raw(node.func.value, raw)
    return False


def _raw_names(function: ast.AST) -> set[str]:
    """The variables of a function that hold raw parameters, by its assignments in order."""
    raw: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            raw = raw | {name} if _is_raw(node.value, raw) else raw - {name}
    return raw
