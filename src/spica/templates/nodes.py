"""The tree that every template syntax is read into.

Expressions are Python's own `ast.expr` with template positions; filters and `loop` are resolved later (`scopes.py`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from spica.templates.source import Place, Source

CONTENT = "content"
"""The block of a layout that a page fills."""


@dataclass(slots=True)
class Text:
    """Literal text, as it goes out."""

    place: Place
    value: str


@dataclass(slots=True)
class Output:
    """A value that is escaped for where it stands."""

    place: Place
    expression: ast.expr


@dataclass(slots=True)
class If:
    """Tests with their bodies, the first true one wins; `orelse` when none is."""

    place: Place
    branches: list[tuple[ast.expr, list[Node]]]
    orelse: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class For:
    """A loop; `orelse` is rendered when there was nothing to go through."""

    place: Place
    target: ast.expr
    iterable: ast.expr
    body: list[Node] = field(default_factory=list)
    orelse: list[Node] = field(default_factory=list)
    loop: str = "loop"  # what its `loop` is called


@dataclass(slots=True)
class Include:
    """Another template with locals; `name` is an expression, a constant where the target is known.

    `implied`: what it is given besides, as far as it takes it; `is_partial`: it may be an inline one, or a file whose
    name starts with `_`; `body`: its content, and what is rendered when there is no such template.
    """

    place: Place
    name: ast.expr
    locals: dict[str, ast.expr]
    implied: dict[str, ast.expr] = field(default_factory=dict)
    is_partial: bool = False
    body: list[Node] | None = None


@dataclass(slots=True)
class Block:
    """A named part that a template which extends this one may replace."""

    place: Place
    name: str
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Set:
    """An assignment to one or more names."""

    place: Place
    target: ast.expr
    value: ast.expr


@dataclass(slots=True)
class Fragment:
    """A named part of a page that can be rendered alone."""

    place: Place
    name: str
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Fill:
    """What a component is given for one of its slots; "" names the slot without a name."""

    place: Place
    name: str
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Component:
    """A component with its props; `body` is for its slot without a name, `fills` for the others."""

    place: Place
    name: str
    props: dict[str, ast.expr]
    body: list[Node] = field(default_factory=list)
    fills: dict[str, Fill] = field(default_factory=dict)


@dataclass(slots=True)
class Slot:
    """The place in a component's file for what it is given; `body` is rendered when it is given nothing."""

    place: Place
    name: str
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class ContentFor:
    """What a page gives a place of its layout; several for one place follow one another."""

    place: Place
    name: str
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Yield:
    """The place in a layout for what `content_for` of that name gives."""

    place: Place
    name: str


@dataclass(slots=True)
class Inline:
    """A partial that this file has in itself; it renders nothing where it stands."""

    place: Place
    name: str
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Cache:
    """A part that is kept under the versions of some values, at most `expires_s` seconds when that is given."""

    place: Place
    keys: list[ast.expr]
    expires_s: ast.expr | None
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Macro:
    """A part with parameters that becomes part of every place that calls it; it renders nothing where it stands."""

    place: Place
    name: str
    parameters: ast.arguments
    body: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Import:
    """The macros of another file, under a name of this one."""

    place: Place
    name: str
    template: str


Node = (
    Text | Output | If | For | Include | Block | Set | Fragment | Component | Slot | ContentFor | Yield | Inline
    | Cache | Macro
)  # fmt: skip
Container = If | For | Include | Block | Fragment | Fill | Component | Slot | ContentFor | Inline | Cache | Macro


@dataclass(frozen=True, slots=True)
class Parameter:
    """One name of `params`: its type as written ("" without one) and its default (None when it must be given)."""

    place: Place
    name: str
    type: str
    default: ast.expr | None


@dataclass(slots=True)
class Document:
    """One parsed template file."""

    source: Source
    body: list[Node] = field(default_factory=list)
    extends: str | None = None
    extends_place: Place | None = None
    parameters: list[Parameter] | None = None
    blocks: dict[str, Block] = field(default_factory=dict)
    fragments: dict[str, Fragment] = field(default_factory=dict)
    slots: set[str] = field(default_factory=set)
    macros: dict[str, Macro] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    assigned: set[str] = field(default_factory=set)  # names that `set` assigns to, anywhere in the file
    alone: bool = False  # rendered without what it extends
    context: tuple[str, ...] | None = None  # called with a context, `this`: the names that it is given besides
    only: str | None = None  # the fragment that is rendered, None for all of the page
