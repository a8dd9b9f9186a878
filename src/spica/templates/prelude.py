"""The first statements of a generated function: arguments of `render` become its locals."""

from __future__ import annotations

import ast

from spica.templates.scopes import LOCALS, Input

MISSING = "#missing"


def build_prelude(inputs: list[Input]) -> list[ast.stmt]:
    """Assign every input, in order.

    Args:    inputs: a default stands after what it uses.
    Returns: statements with places, so that a missing name is reported where it is first used.
    """
    return [_at(_assignment(value), value) for value in inputs]


def _assignment(value: Input) -> ast.stmt:
    given = ast.Subscript(ast.Name(LOCALS, ast.Load()), ast.Constant(value.name), ast.Load())
    test = ast.Compare(ast.Constant(value.name), [ast.In()], [ast.Name(LOCALS, ast.Load())])
    target: list[ast.expr] = [ast.Name(value.variable, ast.Store())]
    if value.fallback is not None:
        return ast.Assign(target, ast.IfExp(test, given, value.fallback))
    if not value.required:
        return ast.If(test, [ast.Assign(target, given)], [])
    names: list[ast.expr] = [ast.Constant(value.name), ast.Name(LOCALS, ast.Load())]
    error = ast.Call(ast.Name(MISSING, ast.Load()), names, [])
    handler = ast.ExceptHandler(ast.Name("#KeyError", ast.Load()), None, [ast.Raise(error, ast.Constant(None))])
    return ast.Try([ast.Assign(target, given)], [handler], [], [])


def _at(statement: ast.stmt, value: Input) -> ast.stmt:
    statement.lineno = statement.end_lineno = value.line
    statement.col_offset = value.place.byte_column
    statement.end_col_offset = value.place.byte_column + len(value.name.encode())
    return statement
