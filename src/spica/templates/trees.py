"""Copies and places of `ast` nodes: what the standard library does in several walks, in one.

Rules of this file:
- A node that says nothing of its place gets that of what it stands in; one that does keeps it, and says all of it.
- Contexts and operators (`ast.Load`, `ast.Add`) are shared, as Python's own parser shares them: nothing changes them.
"""

from __future__ import annotations

import ast
from typing import TypeVar

T = TypeVar("T", bound=ast.AST)

_WITHOUT_NODES = frozenset(["id", "ctx", "attr", "arg", "op", "ops", "name", "kind", "conversion", "type_comment"])


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        names = () if kind is ast.Constant else kind._fields
        found = self[kind] = tuple(name for name in names if name not in _WITHOUT_NODES)
        return found


FIELDS = _Fields()
"""By kind of node: the fields that may hold nodes with places."""


def copy_tree(node: T, lines: int) -> T:
    """A deep copy whose nodes stand `lines` further down; a node that has no place has none in the copy."""
    kind = type(node)
    copy = kind.__new__(kind)
    values = copy.__dict__
    values.update(node.__dict__)
    for name in FIELDS[kind]:
        value = values.get(name)
        if isinstance(value, ast.AST):
            values[name] = copy_tree(value, lines)
        elif isinstance(value, list):
            values[name] = [copy_tree(item, lines) if isinstance(item, ast.AST) else item for item in value]
    if lines and "lineno" in values:
        values["lineno"] += lines
        values["end_lineno"] += lines
    return copy


def move_tree(node: ast.AST, lines: int, columns: int) -> None:
    """Move what Python's parser read by some lines, and what stands on its first line by some columns as well."""
    values = node.__dict__
    if "lineno" in values:
        if values["lineno"] == 1:
            values["col_offset"] += columns
        if values["end_lineno"] == 1:
            values["end_col_offset"] += columns
        values["lineno"] += lines
        values["end_lineno"] += lines
    for name in FIELDS[type(node)]:
        value = values.get(name)
        if isinstance(value, ast.AST):
            move_tree(value, lines, columns)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, ast.AST):
                    move_tree(item, lines, columns)


def fill_places(tree: ast.Module) -> ast.Module:
    """Give every node without a place that of the node around it. Returns: the tree itself."""
    _fill(tree, {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0})
    return tree


def _fill(node: ast.AST, place: dict[str, int]) -> None:
    kind, values = type(node), node.__dict__
    fields = FIELDS[kind]
    if "lineno" not in values:
        if kind._attributes:
            values.update(place)
    elif fields:
        place = {
            "lineno": values["lineno"],
            "col_offset": values["col_offset"],
            "end_lineno": values["end_lineno"],
            "end_col_offset": values["end_col_offset"],
        }
    for name in fields:
        value = values.get(name)
        for part in value if isinstance(value, list) else (value,):
            if not isinstance(part, ast.AST):
                continue
            if FIELDS[type(part)]:
                _fill(part, place)
            elif "lineno" not in part.__dict__:  # a name or a constant, as most nodes are
                part.__dict__.update(place)
