"""Fragments: the document of a page that renders one of its parts alone.

Rules of this file:
- A fragment sees the arguments of `render`, and what `set` gave a name before it, on the way to it. A variable of a
  `for` around it is an argument when it is rendered alone.
"""

from __future__ import annotations

import ast
from dataclasses import replace

from spica.errors import closest
from spica.templates.errors import UnknownFragmentError
from spica.templates.nodes import (
    Block,
    Cache,
    Component,
    ContentFor,
    Document,
    For,
    Fragment,
    If,
    Include,
    Node,
    Set,
    Slot,
)


def only_fragment(document: Document, name: str) -> Document:
    """The document, to be rendered as one of its fragments.

    Raises: UnknownFragmentError with near matches.
    """
    if name not in document.fragments:
        near = closest(name, document.fragments)
        known = ", ".join(sorted(document.fragments)) or "none"
        raise UnknownFragmentError(
            f"{document.source.name!r} has no fragment {name!r}",
            where=str(document.source.path),
            why=f"its own fragments are: {known}; those of its layouts and includes don't count",
            fix=f"did you mean {near[0]!r}?" if near else f"write {{% fragment {name} %}} … {{% end %}} there",
        )
    return replace(document, only=name)


def list_steps(document: Document) -> list[Node]:
    """What is run to render the one fragment of a document: each `set` before it, then the fragment."""
    assert document.only is not None
    found = _find(document.body, document.fragments[document.only])
    assert found is not None
    return found


def loop_names(document: Document) -> frozenset[str]:
    """The names that loops around the one fragment of a document give it in the page; alone they are arguments."""
    fragment = document.fragments[document.only or ""]
    names: set[str] = {"loop"}
    _collect_loops(document.body, fragment, names)
    return frozenset(names)


def _collect_loops(nodes: list[Node], fragment: Fragment, names: set[str]) -> bool:
    for node in nodes:
        if node is fragment:
            return True
        if any(_collect_loops(body, fragment, names) for body in _bodies(node)):
            if isinstance(node, For):
                names.update(item.id for item in ast.walk(node.target) if isinstance(item, ast.Name))
            return True
    return False


def _find(nodes: list[Node], fragment: Fragment) -> list[Node] | None:
    before: list[Node] = []
    for node in nodes:
        if node is fragment:
            return [*before, node]
        for body in _bodies(node):
            inside = _find(body, fragment)
            if inside is not None:
                return [*before, *inside]
        if isinstance(node, Set):
            before.append(node)
    return None


def _bodies(node: Node) -> list[list[Node]]:
    match node:
        case If():
            return [*(body for _, body in node.branches), node.orelse]
        case For():
            return [node.body, node.orelse]
        case Component():
            return [node.body, *(fill.body for fill in node.fills.values())]
        case Include():
            return [node.body or []]
        case Block() | Fragment() | Slot() | ContentFor() | Cache():
            return [node.body]
        case _:
            return []
