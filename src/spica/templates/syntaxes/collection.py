"""`{% include "posts/_post" for post in posts spacer="rule" %}`: a template for each item, as the loop it stands for.

Rules of this file:
- Each round gives the template the loop's variables and the locals of the tag, which may use `loop`: `n=loop.index`.
- `spacer` names a template that is rendered between two rounds; it is given nothing.
"""

from __future__ import annotations

import ast

from spica.templates.nodes import For, If, Include
from spica.templates.source import Place

SPACER = "spacer"


def build_collection(place: Place, name: ast.expr, loop: For, values: dict[str, ast.expr]) -> For:
    """Build the loop of an include with `for`.

    Args:    name: of the template; loop: its target and what it goes through; values: the tag's locals.
    Returns: the loop, its body being the include, and before it the spacer unless it is the first round.
    """
    given = {item.id: _load(item) for item in ast.walk(loop.target) if isinstance(item, ast.Name)}
    spacer = values.pop(SPACER, None)
    if spacer is not None:
        first = ast.Attribute(ast.Name("loop", ast.Load()), "first", ast.Load())
        test = ast.fix_missing_locations(ast.copy_location(ast.UnaryOp(ast.Not(), first), spacer))
        loop.body.append(If(place, [(test, [Include(place, spacer, {})])]))
    loop.body.append(Include(place, name, {**given, **values}))
    return loop


def _load(name: ast.Name) -> ast.expr:
    return ast.copy_location(ast.Name(name.id, ast.Load()), name)
