"""Builds the statements of a `for`: the loop, a counter and a length where `loop` is used, and its `else`."""

from __future__ import annotations

import ast

from spica.templates.scopes import Loop, Variables

SIZED, LEN, ENUMERATE = "#sized", "#len", "#enumerate"


def build_loop(
    loop: Loop,
    target: ast.expr,
    iterable: ast.expr,
    bodies: tuple[list[ast.stmt], list[ast.stmt]],
    variables: Variables,
) -> list[ast.stmt]:
    """Build a loop that provides only what its body uses.

    Args:    loop: which parts of `loop` the body uses; target, iterable: resolved; bodies: of the rounds and of
             `else`; variables: gives names.
    Returns: statements, to be run one after the other; they have no places yet.
    """
    body, orelse = bodies
    before: list[ast.stmt] = []
    if loop.measured:
        items, sized = variables.new("#items"), _call(SIZED, iterable)
        before.append(_assign(items, sized))
        before.append(_assign(loop.length, _call(LEN, ast.Name(items, ast.Load()))))
        iterable = ast.copy_location(ast.Name(items, ast.Load()), iterable)
    if loop.counted:
        target = ast.Tuple([ast.Name(loop.counter, ast.Store()), target], ast.Store())
        iterable = _call(ENUMERATE, iterable)
    if not orelse:
        return [*before, ast.For(target, iterable, body or [ast.Pass()], [])]
    empty = variables.new("#empty")
    return [
        *before,
        _assign(empty, ast.Constant(True)),
        ast.For(target, iterable, [_assign(empty, ast.Constant(False)), *body], []),
        ast.If(ast.Name(empty, ast.Load()), orelse, []),
    ]


def _assign(variable: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(variable, ast.Store())], value)


def _call(function: str, argument: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.Name(function, ast.Load()), [argument], []), argument)
