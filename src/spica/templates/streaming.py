"""Rendering in pieces: the generated function as a generator, and its pieces joined to chunks of a useful size."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spica.templates.content import HELD
from spica.templates.traceback import show_template_lines
from spica.templates.writer import ADD, PARTS

CHUNK_CHARACTERS = 16_384


def make_generator(tree: ast.Module) -> None:
    """Turn a generated function, which collects its output and returns it, into one that yields it.

    One with contents (`content.py`) yields all at once: what comes first is only known at the end.
    """
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    is_held = any(isinstance(node, ast.Name) and node.id == HELD for node in ast.walk(function))
    function.body = [_Yields(is_held=is_held).visit(node) for node in function.body if is_held or not _is_list(node)]


class _Yields(ast.NodeTransformer):
    def __init__(self, *, is_held: bool) -> None:
        self._is_held = is_held

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        call = node.value
        is_add = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == ADD
        if self._is_held or not is_add:
            return node
        assert isinstance(call, ast.Call)
        return ast.copy_location(ast.Expr(ast.copy_location(ast.Yield(call.args[0]), call)), node)

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        assert node.value is not None
        if not self._is_held and isinstance(node.value, ast.Call):  # of the list that there is none of
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Expr(ast.copy_location(ast.Yield(node.value), node)), node)


def _is_list(node: ast.stmt) -> bool:
    """Whether a statement makes the list of output, or the function that appends to it."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return isinstance(target, ast.Name) and target.id in (PARTS, ADD)


def join_chunks(pieces: Iterator[str], size: int = CHUNK_CHARACTERS) -> Iterator[str]:
    """Join pieces to chunks of at least `size` characters, the last one being what is left."""
    waiting: list[str] = []
    length = 0
    try:
        for piece in pieces:
            waiting.append(piece)
            length += len(piece)
            if length >= size:
                yield "".join(waiting)
                waiting.clear()
                length = 0
    except Exception as error:
        show_template_lines(error)
        raise
    if waiting:
        yield "".join(waiting)
