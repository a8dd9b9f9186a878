"""Path helpers checked before the first request: every use in a project's templates and modules, without running it.

    app/views/**/*.html    by compiling those that name a helper
    app/**/*.py            by reading those that import `paths` or `urls`, from `spica` or `app.paths`

Rules of this file:
- Only what would fail when it runs is a mistake. A module that binds the name anew is left alone.
- A template's other mistakes are left to its compilation, a module's to Python.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from spica.app.project import load_templates
from spica.errors import SpicaError
from spica.routing.urls import Paths
from spica.routing.usage import Call, find_mistake
from spica.templates.errors import HelperUseError, TemplateError
from spica.templates.uses import call_of

_CODE = "app"
_HELPERS = ("paths", "urls")
_SOURCES = ("spica", "spica.routing.urls", "app.paths")
_IN_TEMPLATE = re.compile(r"\b(?:paths|urls)\s*\.")
_IN_CODE = re.compile(rb"\b(?:paths|urls)\b")


def check_helpers(root: Path, paths: Paths) -> list[SpicaError]:
    """Find every use of a path helper in a project that can't work.

    Args:    root: the project's folder; paths: its helpers, the ones compiled last in this process.
    Returns: one error for each, with its file and line; near names in `fix`.
    """
    return [*_check_templates(root), *_check_modules(root, paths)]


def _check_templates(root: Path) -> Iterator[SpicaError]:
    templates = load_templates(root)
    told: set[str] = set()  # a layout's mistake is met in every page that extends it
    for name in templates.names():
        path = templates.find(name)
        if path is None or not _IN_TEMPLATE.search(path.read_text(encoding="utf-8", errors="replace")):
            continue
        try:
            templates.get(name)
        except HelperUseError as error:
            if error.where not in told:
                told.add(error.where)
                yield error
        except TemplateError:
            continue  # told when the template is rendered, with its page


def _check_modules(root: Path, paths: Paths) -> Iterator[SpicaError]:
    for path in sorted((root / _CODE).rglob("*.py")):
        content = path.read_bytes()
        if not _IN_CODE.search(content):
            continue
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError):
            continue  # told when it is imported
        for node, call, with_host in _uses(tree):
            mistake = find_mistake(paths, node.attr, call, with_host=with_host)
            if mistake is not None:
                line = content.decode(errors="replace").splitlines()[node.lineno - 1].strip()
                mistake.where = f"{path}:{node.lineno}\n  {line}"
                yield mistake


def _uses(tree: ast.Module) -> Iterator[tuple[ast.Attribute, Call | None, bool]]:
    """The uses of helpers in a module: the attribute, how it is called, whether it is one of `urls`."""
    nodes = list(ast.walk(tree))
    imported = _imported(nodes)
    names = {name: helper for name, helper in imported.items() if name not in _bound(nodes)}
    calls = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            call = calls.get(id(node))
            yield node, None if call is None else call_of(call), names[node.value.id] == "urls"


def _imported(nodes: list[ast.AST]) -> dict[str, str]:
    """The names under which a module has `paths` and `urls`."""
    return {
        alias.asname or alias.name: alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module in _SOURCES and not node.level
        for alias in node.names
        if alias.name in _HELPERS
    }


def _bound(nodes: list[ast.AST]) -> set[str]:
    """The names that a module binds otherwise than by an import from Spica, anywhere in it."""
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    bound |= {node.name for node in nodes if isinstance(node, ast.MatchAs | ast.ExceptHandler) and node.name}
    for node in nodes:
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module not in _SOURCES):
            bound |= {alias.asname or alias.name for alias in node.names}
    return bound
