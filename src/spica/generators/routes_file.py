"""Put a line into config/routes.py without touching the rest of it.

Rules of this file:
- The file is read with `ast`, so comments and layout around the new line stay as they are.
- The line goes to the end of `draw`; the order of routes does not matter to the router.
- A resource that is drawn already, with whatever options, is left alone.
- What is taken out is a call by itself; a block (`with r.resources("posts"):`) may hold more than it, and stays.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from spica.generators.errors import RoutesNotRecognised
from spica.generators.import_lines import add_import, remove_import, remove_lines
from spica.generators.plan import Action, Insert, Keep

ROUTES = "config/routes.py"


class Imported(NamedTuple):
    """An argument that is a name of one of the project's modules."""

    module: str
    name: str


Call = tuple[str | Imported, ...]  # method of Routes, then its arguments


def insert_calls(root: Path, calls: Sequence[Call]) -> Action:
    """Plan calls of the routes object at the end of `draw` in config/routes.py.

    Args:    root: the project; calls: such as ("get", "/pages/about", "pages#about").
    Returns: the action; Keep when each has a call with the same method and first argument already. Its `without` is the
             file without the calls that it has.
    Raises:  RoutesNotRecognised when there is no `def draw(r)` to put them in.
    """
    path = root / ROUTES
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    text, added = insert_into(source, calls)
    without: str | None = remove_from(source, calls)
    without = without if without != source else None
    if not added:
        return Keep(PurePosixPath(ROUTES), without)
    return Insert(PurePosixPath(ROUTES), text, "\n".join(added), without)


def insert_into(source: str, calls: Sequence[Call]) -> tuple[str, list[str]]:
    """Put calls into the text of a routes file: the new text, and the lines that were added. See `insert_calls`."""
    draw = _find_draw(source)
    last = draw.body[-1]
    if last.lineno == draw.lineno:
        raise _not_recognised("the body of draw is on the line of its def")
    routes = draw.args.args[0].arg
    missing = [call for call in calls if not _is_drawn(draw, call)]
    if not missing:
        return source, []
    added = [f"{routes}.{_render(call)}" for call in missing]
    lines = source.splitlines()
    end = last.end_lineno or last.lineno
    kept = lines[: last.lineno - 1] if _is_placeholder(last) else lines[:end]
    new = [" " * last.col_offset + line for line in added]
    text = "\n".join([*kept, *new, *lines[end:]]) + "\n"
    for name in _imported(missing):
        text = add_import(text, *name)
    return text, added


def remove_from(source: str, calls: Sequence[Call]) -> str:
    """Take calls out of the text of a routes file, with the imports that only they needed."""
    for call in calls:
        draw = _find_draw(source)
        node = next((node for node in draw.body if isinstance(node, ast.Expr) and _is_call(node.value, call)), None)
        if node is None:
            continue
        if len(draw.body) == 1:
            lines = source.splitlines()
            lines[node.lineno - 1 : node.end_lineno] = [" " * node.col_offset + "pass"]
            source = "\n".join(lines) + "\n"
        else:
            source = remove_lines(source, node.lineno, node.end_lineno or node.lineno)
    for name in _imported(calls):
        source = remove_import(source, *name)
    return source


def _imported(calls: Sequence[Call]) -> list[Imported]:
    return [argument for call in calls for argument in call if isinstance(argument, Imported)]


def _render(call: Call) -> str:
    method, *arguments = call
    written = [one.name if isinstance(one, Imported) else f'"{one}"' for one in arguments]
    return f"{method}({', '.join(written)})"


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
    calls: list[ast.expr] = []
    for node in draw.body:
        if isinstance(node, ast.Expr):
            calls.append(node.value)
        elif isinstance(node, ast.With):
            calls += [item.context_expr for item in node.items]
    return any(_is_call(call, wanted) for call in calls)


def _is_call(call: ast.expr, wanted: Call) -> bool:
    method, name = wanted[:2]
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == method):
        return False
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and first.value == name


def _is_placeholder(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and statement.value.value is ...
    )
