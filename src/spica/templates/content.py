"""`content_for` and `yield`: what pages give the places of their layouts.

A layout is written before the page has said everything: `{% yield head %}` comes first, a `content_for head` deep
inside of the page later. So a yield keeps a place in the list of output, contents collect in lists of their own, and
what they hold is put into the places at the end. A function without any `content_for` has none of this.

Rules of this file:
- A content is escaped for the place where its yield stands. That is known when the layout was generated once, so a
  function with contents is generated twice.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from spica.templates.html_state import HtmlState
from spica.templates.writer import PARTS

HELD = "#held"
HOLD, FILL = "#hold", "#fill"

_Held = list[tuple[int, list[str]]]


def content_list(name: str) -> str:
    """The variable that collects what is given for a name."""
    return f"#content {name}"


def content_add(name: str) -> str:
    """The variable that appends to it."""
    return f"#add {name}"


def start_of(state: HtmlState) -> HtmlState:
    """Where a content begins: as the yield, but an attribute's value may have begun, by another content."""
    return state._replace(value=None) if state.mode == "value" else state


def build_contents(names: Iterable[str]) -> list[ast.stmt]:
    """The statements that begin a function which has contents."""
    statements: list[ast.stmt] = [_assign(HELD, ast.List([], ast.Load()))]
    for name in names:
        collected = ast.Name(content_list(name), ast.Load())
        statements.append(_assign(content_list(name), ast.List([], ast.Load())))
        statements.append(_assign(content_add(name), ast.Attribute(collected, "append", ast.Load())))
    return statements


def build_place(name: str) -> ast.stmt:
    """The statement of a yield: keep a place for what is given."""
    return _call(HOLD, PARTS, HELD, content_list(name))


def build_end() -> ast.stmt:
    """The statement before the end of such a function."""
    return _call(FILL, PARTS, HELD)


def hold(parts: list[str], held: _Held, content: list[str]) -> None:
    """Keep a place in the output for what a list will hold."""
    held.append((len(parts), content))
    parts.append("")


def fill(parts: list[str], held: _Held) -> None:
    """Put what the lists hold into their places."""
    for index, content in held:
        parts[index] = "".join(content)


def _assign(variable: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(variable, ast.Store())], value)


def _call(function: str, *arguments: str) -> ast.stmt:
    names: list[ast.expr] = [ast.Name(name, ast.Load()) for name in arguments]
    return ast.Expr(ast.Call(ast.Name(function, ast.Load()), names, []))
