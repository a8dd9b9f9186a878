"""Uses of a helper's attributes, `paths.post(7)`: checked when the template is compiled by whoever gave the helper."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from typing import TypeAlias

from spica.errors import SpicaError

# How many values a call has, and the names of its keywords; None where it isn't called, or `*` or `**` hides them.
Call: TypeAlias = tuple[int, Collection[str]]
# Says what is wrong with an attribute's use; None when nothing is.
UseCheck: TypeAlias = Callable[[str, Call | None], SpicaError | None]


def call_of(node: ast.Call) -> Call | None:
    """How a call calls."""
    names = [keyword.arg for keyword in node.keywords]
    if any(isinstance(argument, ast.Starred) for argument in node.args) or None in names:
        return None
    return len(node.args), [name for name in names if name is not None]
