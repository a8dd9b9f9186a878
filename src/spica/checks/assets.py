"""assets: names of assets in templates and code, against the files of app/assets.

Rules: only names that are written out can be compared; an address (`/logo.png`, `https://…`) is none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from spica.app.asset_tags import is_address
from spica.assets.sources import FOLDER, list_sources
from spica.checks.finding import Found
from spica.checks.project import Project
from spica.checks.python_files import calls, last_name
from spica.checks.template_files import list_expressions, parse_templates
from spica.errors.base import closest

_HELPERS = frozenset(["asset_path", "stylesheet_tag", "script_tag", "image_tag"])


def find(project: Project) -> Iterator[Found]:
    """Compare each name that a helper is given with the sources."""
    known = frozenset(list_sources(project.root / FOLDER))
    for file, document in parse_templates(project):
        nodes = (node for node in list_expressions(document.body) if isinstance(node, ast.Call))
        yield from _compare(file, nodes, known)
    for source in project.python_files:
        yield from _compare(source.name, calls(source.tree), known)


def _compare(file: str, nodes: Iterable[ast.Call], known: frozenset[str]) -> Iterator[Found]:
    for node in nodes:
        helper, name = last_name(node.func), _name_of(node)
        if helper not in _HELPERS or name is None or name in known:
            continue
        if is_address(name) and helper != "asset_path":
            continue
        near = closest(name, known)
        fix = f"did you mean {near[0]!r}?" if near else f"put it at {FOLDER.as_posix()}/{name.lstrip('/')}"
        why = f"{FOLDER.as_posix()} has no such file: the page answers 500"
        yield Found(file, node.lineno, f"{helper}({name!r}) names an asset that isn't there", why, fix, "SPICA-A030")


def _name_of(node: ast.Call) -> str | None:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
