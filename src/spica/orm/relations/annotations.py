"""Reading a relation's annotation: `User`, `User | None`, `list["Comment"]`, also as text.

Text is parsed, never evaluated: its names may be of classes that don't exist yet.
"""

from __future__ import annotations

import ast
import types
from typing import Any, ForwardRef, NamedTuple, Union, get_args, get_origin


class Target(NamedTuple):
    """What an annotation says: the target's class, or its name; whether it is a list; whether None is allowed."""

    model: Any
    many: bool = False
    nullable: bool = False


def parse_target(annotation: Any) -> Target:
    """Read an annotation. Raises TypeError, whose text says what is wrong."""
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        try:
            return _from_tree(ast.parse(annotation.strip(), mode="eval").body)
        except SyntaxError:
            raise TypeError(f"{annotation!r} is not an annotation") from None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list and len(arguments) == 1:
        return parse_target(arguments[0])._replace(many=True)
    if origin in (Union, types.UnionType):
        members = [member for member in arguments if member is not types.NoneType]
        if len(members) == 1:
            return parse_target(members[0])._replace(nullable=True)
    elif isinstance(annotation, type):
        return Target(annotation)
    raise TypeError(f"{annotation!r} names no model")


def _from_tree(tree: ast.expr) -> Target:
    match tree:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return Target(name)
        case ast.Constant(value=str(text)):
            return parse_target(text)
        case ast.Subscript(value=ast.Name(id="list" | "List"), slice=inner):
            return _from_tree(inner)._replace(many=True)
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inner):
            return _from_tree(inner)._replace(nullable=True)
        case ast.BinOp(left=ast.Constant(value=None), op=ast.BitOr(), right=inner):
            return _from_tree(inner)._replace(nullable=True)
        case ast.BinOp(left=inner, op=ast.BitOr(), right=ast.Constant(value=None)):
            return _from_tree(inner)._replace(nullable=True)
    raise TypeError(f"{ast.unparse(tree)!r} names no model")
