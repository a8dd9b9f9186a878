"""Put a line into config/routes.py without touching the rest of it.

Rules of this file:
- The file is read with `ast`, so comments and layout around the new line stay as they are.
- The line goes to the end of `draw`; the order of routes does not matter to the router.
- A resource that is drawn already, with whatever options, is left alone.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from spica.generators.errors import RoutesNotRecognised
from spica.generators.plan import Action, Insert, Keep

ROUTES = "config/routes.py"


Call = tuple[str, ...]  # method of Routes, then its text arguments


def insert_calls(root: Path, calls: Sequence[Call]) -> Action:
    """Plan calls of the routes object at the end of `draw` in config/routes.py.

    Args:    root: the project; calls: such as ("get", "/pages/about", "pages#about").
    Returns: the action; Keep when each has a call with the same method and first argument already.
    Raises:  RoutesNotRecognised when there is no `def draw(r)` to put them in.
    """
    path = root / ROUTES
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    text, added = insert_into(source, calls)
    return Insert(PurePosixPath(ROUTES), text, "\n".join(added)) if added else Keep(PurePosixPath(ROUTES))


def insert_into(source: str, calls: Sequence[Call]) -> tuple[str, list[str]]:
    """Put calls into the text of a routes file: the new text, and the lines that were added. See `insert_calls`."""
    draw = _find_draw(source)
    last = draw.body[-1]
    if last.lineno == draw.lineno:
        raise _not_recognised("the body of draw is on the line of its def")
    routes = draw.args.args[0].arg
    added = [f"{routes}.{_render(call)}" for call in calls if not _is_drawn(draw, call)]
    if not added:
        return source, []
    lines = source.splitlines()
    end = last.end_lineno or last.lineno
    kept = lines[: last.lineno - 1] if _is_placeholder(last) else lines[:end]
    new = [" " * last.col_offset + line for line in added]
    return "\n".join([*kept, *new, *lines[end:]]) + "\n", added


def _render(call: Call) -> str:
    method, *arguments = call
    return f"{method}({', '.join(f'{chr(34)}{argument}{chr(34)}' for argument in arguments)})"


def _find_draw(source: str) -> ast.FunctionDef:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise RoutesNotRecognised(
            f"{ROUTES} has a syntax error: {error.msg}",
            where=f"{ROUTES}:{error.lineno}",
            fix="correct it and try again",
        ) from None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "draw" and node.args.args:
            return node
    raise _not_recognised("no function draw takes the routes")


def _not_recognised(why: str) -> RoutesNotRecognised:
    return RoutesNotRecognised(
        f"{ROUTES} leaves no place for a new route",
        where=ROUTES,
        why=why,
        fix='write "def draw(r):" and below it, indented, r.root("home#index")',
    )


def _is_drawn(draw: ast.FunctionDef, wanted: Call) -> bool:
    method, name = wanted[:2]
    for node in draw.body:
        calls = [node.value] if isinstance(node, ast.Expr) else []
        if isinstance(node, ast.With):
            calls = [item.context_expr for item in node.items]
        for call in calls:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == method:
                first = call.args[0] if call.args else None
                if isinstance(first, ast.Constant) and first.value == name:
                    return True
    return False


def _is_placeholder(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and statement.value.value is ...
    )
