"""Decides what each name of a template means, once, when it is compiled.

Rules of this file:
- A name is, in this order: bound in its own expression (comprehension, lambda); a variable of a `for`, `set` or
  `include` around it; an argument of `render`; a default of `params`; a helper; a builtin.
- Every variable becomes a local of the generated function under a name of its own: the second `post` is `post#2`, which
  no template can write. So a loop's variable ends with its loop, and an included template can't touch its includer's.
- An included template sees what it is given and the arguments of `render`; one with `params` only what it is given.
- Generated names start with `#`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from spica.templates.source import Place

LOCALS, CONTEXT = "#locals", "#context"


@dataclass(slots=True)
class Loop:
    """What `loop` is inside a `for`; the flags say what the loop's head must provide."""

    counter: str
    length: str
    counted: bool = False
    measured: bool = False


@dataclass(slots=True)
class Input:
    """A variable that is filled from the arguments of `render` before anything is written.

    Args: place: where it is first used; line: that line in the function; declared: `params` lists it; required: its
          absence is an error; fallback: its value when it was not given; neither of the two: it stays unassigned.
    """

    name: str
    variable: str
    place: Place
    line: int
    declared: bool = False
    required: bool = False
    fallback: ast.expr | None = None


@dataclass(slots=True)
class Scope:
    """The variables of one template, block or loop.

    Args: parent: the scope around it, None for a template; is_loop: whether it only holds a loop's targets;
          assigned: names that `set` assigns to in this template; sees_arguments: whether the arguments of `render` are
          visible, which they are not in an included template that has `params`; names: of a macro's parameters, the
          only ones that it may use besides helpers; is_kept: whether it is that of a `cache`.
    """

    parent: Scope | None = None
    is_loop: bool = False
    assigned: frozenset[str] = frozenset()
    sees_arguments: bool = True
    names: frozenset[str] | None = None
    is_kept: bool = False
    variables: dict[str, str | Loop] = field(default_factory=dict)

    def find(self, name: str) -> str | Loop | None:
        """The variable of that name here or around; None when there is none yet."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.variables:
                return scope.variables[name]
            scope = scope.parent
        return None

    @property
    def template(self) -> Scope:
        """The scope of the template that this one is part of."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    @property
    def target(self) -> Scope:
        """Where a new name of `set` goes: a loop has no names of its own but its targets."""
        scope = self
        while scope.is_loop and scope.parent is not None:
            scope = scope.parent
        return scope


class Variables:
    """The locals of one generated function, and which of them come from outside."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self._shared: dict[str, Input] = {}
        self._counts: dict[str, int] = {}

    def new(self, name: str) -> str:
        """A local name that nothing else has."""
        count = self._counts[name] = self._counts.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def shared_input(self, name: str, place: Place, line: int) -> Input:
        """The variable for an argument that no `set` changes: one for the whole function."""
        if name not in self._shared:
            self._shared[name] = self.own_input(name, place, line)
        return self._shared[name]

    def own_input(self, name: str, place: Place, line: int) -> Input:
        """A variable of its own for an argument, because a `set` changes it."""
        value = Input(name, self.new(name), place, line)
        self.inputs.append(value)
        return value


def written_name(variable: str) -> str:
    """The name as the template has it; "" for a generated one."""
    return variable.partition("#")[0]
