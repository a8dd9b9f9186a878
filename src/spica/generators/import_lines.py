"""Put an import into a module's text, or take it out, without touching the rest of it.

Rules of this file:
- The text is read with `ast`, so comments and layout around the line stay as they are.
- The new line stands where isort has it when the imports are sorted: with the project's own, by module.
"""

from __future__ import annotations

import ast

from spica.generators.source import import_group

_OWN = 2  # the group of the project's own modules, below the standard library and what is installed


def add_import(source: str, module: str, name: str) -> str:
    """Add `from module import name` to a module of the project; the same text when it is there."""
    tree = ast.parse(source)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    if any(_imports(node, module, name) for node in imports):
        return source
    lines = source.splitlines()
    line = f"from {module} import {name}"
    own = [node for node in imports if isinstance(node, ast.ImportFrom) and import_group(node.module or "") == _OWN]
    later = next((node for node in own if (node.module or "") > module), None)
    if later is not None:
        lines.insert(later.lineno - 1, line)
    elif own:
        lines.insert(_end(own[-1]), line)
    elif imports:
        lines[_end(imports[-1]) : _end(imports[-1])] = ["", line]
    else:
        start = _end(tree.body[0]) if ast.get_docstring(tree) is not None else 0
        lines[start:start] = ["", line] if start else [line, "", ""]
    return "\n".join(lines) + "\n"


def remove_import(source: str, module: str, name: str) -> str:
    """Take `from module import name` out, unless the name is still used, or other names come with it."""
    tree = ast.parse(source)
    if any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree)):
        return source
    for node in tree.body:
        if _imports(node, module, name) and isinstance(node, ast.ImportFrom) and len(node.names) == 1:
            return remove_lines(source, node.lineno, _end(node))
    return source


def remove_lines(source: str, first: int, last: int) -> str:
    """Take lines out (counted from 1, the last included), and the blank line above them when there is one below."""
    lines = source.splitlines()
    start = first - 1
    above, below = lines[start - 1 : start], lines[last : last + 1]
    if start and above == [""] and below in ([""], []):
        start -= 1
    return "\n".join([*lines[:start], *lines[last:]]) + "\n"


def _imports(node: ast.stmt, module: str, name: str) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == module and any(one.name == name for one in node.names)


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno
