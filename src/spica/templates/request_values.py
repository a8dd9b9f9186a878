"""Which variables of a template hold what belongs to one request, so that no `{% cache %}` keeps it for the next one.

Rules of this file:
- A value belongs to the request when it comes from `ctx`, from a helper that is given it, or by a name that the
  application says is the request's (`current_user`), also by way of `set`, locals and props.
- The variables of a loop do not: the records of a user are records, and their cache has them in its key.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from spica.templates.scopes import CONTEXT, Input


class RequestValues:
    """The variables of one generated function that hold a request's values.

    Args: names: of arguments that do, besides `ctx`.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._names = {"ctx", *names}
        self._variables = {CONTEXT}
        self.of_key: frozenset[str] = frozenset()  # variables that the key of the cache around is made of

    def note_input(self, value: Input) -> None:
        """Remember an argument, if it is the request's."""
        if value.name in self._names:
            self._variables.add(value.variable)

    def note_assigned(self, variables: Iterable[str], value: ast.expr) -> None:
        """Remember variables that are assigned a resolved value, if that is the request's."""
        if variables_of(value) & self._variables:
            self._variables.update(variables)

    def may_be_kept(self, variable: str) -> bool:
        """Whether a cache may show a variable: it is not the request's, or is part of the cache's key."""
        return variable not in self._variables or variable in self.of_key


def variables_of(value: ast.expr) -> frozenset[str]:
    """The variables that a resolved expression is made of."""
    return frozenset(node.id for node in ast.walk(value) if isinstance(node, ast.Name))
