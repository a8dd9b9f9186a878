"""Builds the statements of a `{% cache %}`: look the part up by its key, render it when it is not there."""

from __future__ import annotations

import ast

from spica.templates.scopes import Variables

CACHE = "#cache"


class Kept:
    """One part that is kept, and the variables of its statements.

    Args: number: of the part in its function; keys, expires_s: resolved.
    """

    def __init__(self, number: int, keys: list[ast.expr], expires_s: ast.expr | None, variables: Variables) -> None:
        self.number = number
        self.keys = keys
        self.expires_s = expires_s
        self.key = variables.new("#key")
        self.text = variables.new("#kept")
        self.parts = variables.new("#parts of")
        self.add = variables.new("#add of")


def build_kept(kept: Kept, body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements after which `kept.text` has the part.

    Args: body: writes to `kept.add`.
    """
    key, parts = ast.Name(kept.key, ast.Load()), ast.Name(kept.parts, ast.Load())
    put = [key, parts, *([kept.expires_s] if kept.expires_s else [])]
    return [
        _assign(kept.key, _call("key", [ast.Constant(kept.number), *kept.keys])),
        _assign(kept.text, _call("get", [key])),
        ast.If(
            ast.Compare(ast.Name(kept.text, ast.Load()), [ast.Is()], [ast.Constant(None)]),
            [
                _assign(kept.parts, ast.List([], ast.Load())),
                _assign(kept.add, ast.Attribute(parts, "append", ast.Load())),
                *body,
                _assign(kept.text, _call("put", put)),
            ],
            [],
        ),
    ]


def _call(method: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name(CACHE, ast.Load()), method, ast.Load()), arguments, [])


def _assign(variable: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(variable, ast.Store())], value)
