"""What names mean in a `.hbs` template: contexts of `each` and `with`, block parameters, `this`, `../`, `@index`.

Rules of this file:
- A name is, in this order: a block parameter; in a context that was opened without block parameters, a part of it; at
  the top, a name of the template, as in the other syntaxes. A helper of the project comes before a part or a name that
  is spelt the same; `this.name` is always the part.
- `each` and `with` with block parameters (`as |post|`) leave names what they were; `../` and `this` count them all the
  same.
- A part of a dict is its item, of anything else its attribute: `member` in the generated code.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from spica.errors import closest
from spica.templates.errors import TemplateNameError
from spica.templates.nodes import For
from spica.templates.source import Place

THIS = "this"
PAIRS = "#pairs"
VALUES = "#values"
_LOOP_FIELDS = {"index": "index0", "first": "first", "last": "last"}
_DATA = (*_LOOP_FIELDS, "key", "root")


class ContextName(ast.Name):
    """A name whose meaning depends on the template's helpers, found when it is compiled.

    `context`: the variable that it is a part of otherwise, "" at the top; `is_value`: never a helper (`this.name`).
    """

    context: str = ""
    is_value: bool = False


class Member(ast.Attribute):
    """A part of a value: the item of a dict, the attribute of anything else."""


@dataclass(slots=True)
class Context:
    """What `each` or `with` opened, or the top of a file.

    Args: variable: what `this` is; names: its block parameters; loop: what its loop is called, "" without one;
          node: the loop, whose target `@key` changes; keyed: the variable of its key, "" before `@key` is used.
    """

    variable: str = THIS
    names: tuple[str, ...] = ()
    loop: str = ""
    node: For | None = None
    keyed: str = ""

    @property
    def opens(self) -> bool:
        """Whether plain names are parts of it."""
        return not self.names


class Contexts:
    """The contexts that are open where a file is read; the last is the innermost."""

    def __init__(self) -> None:
        self._open = [Context()]
        self._count = 0

    @property
    def opened(self) -> str:
        """The variable of the innermost context that plain names are parts of."""
        return next(context.variable for context in reversed(self._open) if context.opens)

    @property
    def names(self) -> list[str]:
        """All block parameters that are visible."""
        return list(dict.fromkeys(name for context in self._open for name in context.names))

    def number(self) -> int:
        """A number that no other context of this file has."""
        self._count += 1
        return self._count

    def push(self, context: Context) -> None:
        """Open a context."""
        self._open.append(context)

    def pop(self) -> None:
        """Close the innermost."""
        self._open.pop()

    def fresh(self) -> list[Context]:
        """Begin anew at the top, for an inline partial. Returns: what was open, for `restore`."""
        before, self._open = self._open, [Context()]
        return before

    def restore(self, before: list[Context]) -> None:
        """Go back to what was open before `fresh`."""
        self._open = before

    def name(self, name: str, up: int, place: Place, *, is_value: bool = False) -> ast.expr:
        """A plain name, or with `../` in front of it, `up` times."""
        if not up and not is_value and name in self.names:
            return ast.Name(name, ast.Load())
        context = self._above(up, place)
        if not up and not is_value:
            context = next(one for one in reversed(self._open) if one.opens)
        found = ContextName(name, ast.Load())
        found.context = "" if context is self._open[0] else context.variable
        found.is_value = is_value or bool(up)
        return found

    def whole(self, up: int, place: Place) -> ast.expr:
        """`this`, or with `../` that of a context around."""
        return ast.Name(self._above(up, place).variable, ast.Load())

    def data(self, name: str, up: int, place: Place) -> ast.expr:
        """`@index`, `@key`, `@first`, `@last` of the innermost loop, or of one around it."""
        loops = [one for one in self._open if one.loop]
        if name not in _DATA:
            near = closest(name, _DATA)
            raise TemplateNameError(
                f"there is no @{name}",
                place=place,
                fix=f"did you mean @{near[0]}?" if near else "there are: " + ", ".join(f"@{one}" for one in _DATA),
            )
        if len(loops) <= up:
            raise TemplateNameError(
                f"@{name} stands outside of a loop", place=place, why="no {{#each}} is open", fix=f"remove @{name}"
            )
        loop = loops[-1 - up]
        if name == "key":
            return ast.Name(_keyed(loop), ast.Load())
        return ast.Attribute(ast.Name(loop.loop, ast.Load()), _LOOP_FIELDS[name], ast.Load())

    def _above(self, up: int, place: Place) -> Context:
        if up >= len(self._open):
            raise TemplateNameError(
                f"{'../' * up} leads out of the template",
                place=place,
                why=f"{len(self._open) - 1} contexts are open here: each and with open one, if does not",
                fix="leave out ../",
            )
        return self._open[-1 - up]


def _keyed(loop: Context) -> str:
    """The variable of a loop's key; the loop goes through pairs from now on."""
    node = loop.node
    assert node is not None
    if not loop.keyed:
        target = node.target
        if isinstance(target, ast.Tuple):  # `as |post key|` has it already
            key = target.elts[0]
            assert isinstance(key, ast.Name)
            loop.keyed = key.id
        else:
            loop.keyed = f"{loop.loop} key"
            key = ast.copy_location(ast.Name(loop.keyed, ast.Store()), target)
            node.target = ast.copy_location(ast.Tuple([key, target], ast.Store()), target)
            assert isinstance(node.iterable, ast.Call)
            node.iterable.func = ast.copy_location(ast.Name(PAIRS, ast.Load()), node.iterable.func)
    return loop.keyed
