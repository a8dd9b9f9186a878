"""The HTML that templates write, as far as it is written out: elements and attributes, with a mark for each value.

Rules: a file is read from its first node to its last, all branches one after the other, so `id="{% if x %}a{% else
%}b{% end %}"` is read as `ab`. What helpers and includes write is not seen.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple

from spica.templates.nodes import Document, If, Node, Output, Text
from spica.templates.source import Place

_START, _END = "\ue000", "\ue001"
VALUE = "\ue002"
"""What stands for a value in the text of an attribute."""


class Attribute(NamedTuple):
    """One attribute: its element, name, text with a `VALUE` for each value, these, and its line in the template."""

    element: str
    name: str
    text: str
    values: list[ast.expr]
    line: int


def read_attributes(document: Document) -> list[Attribute]:
    """All attributes that a template's own text has."""
    skeleton = _Skeleton()
    skeleton.add(document.body)
    parser = _Parser(skeleton)
    parser.feed("".join(skeleton.pieces))
    parser.close()
    return parser.found


def expressions(nodes: list[Node]) -> Iterator[ast.expr]:
    """The expressions that a template writes."""
    for node in nodes:
        if isinstance(node, Output):
            yield node.expression
        for body in _bodies(node):
            yield from expressions(body)


class _Skeleton:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.values: list[ast.expr] = []
        self._offsets: list[int] = []
        self._places: list[Place] = []
        self._length = 0

    def add(self, nodes: list[Node]) -> None:
        for node in nodes:
            if isinstance(node, Text):
                self._write(node.value, node.place)
            elif isinstance(node, Output):
                self._write(f"{_START}{len(self.values)}{_END}", node.place)
                self.values.append(node.expression)
            for body in _bodies(node):
                self.add(body)

    def line(self, offset: int) -> int:
        """The template's line of an offset."""
        index = bisect_right(self._offsets, offset) - 1
        piece = self.pieces[index]
        return self._places[index].line + piece[: offset - self._offsets[index]].count("\n")

    def _write(self, text: str, place: Place) -> None:
        self.pieces.append(text)
        self._offsets.append(self._length)
        self._places.append(place)
        self._length += len(text)


class _Parser(HTMLParser):
    def __init__(self, skeleton: _Skeleton) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Attribute] = []
        self._skeleton = skeleton
        self._starts: list[int] = [0]
        for position, character in enumerate("".join(skeleton.pieces)):
            if character == "\n":
                self._starts.append(position + 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line, column = self.getpos()
        start = self._starts[line - 1] + column
        written = (self.get_starttag_text() or "").lower()
        for name, text in attrs:
            at = max(written.find(name), 0)
            values: list[ast.expr] = []
            plain = self._without_marks(text or "", values)
            self.found.append(Attribute(tag, name, plain, values, self._skeleton.line(start + at)))

    def _without_marks(self, text: str, values: list[ast.expr]) -> str:
        parts = text.split(_START)
        plain = parts[0]
        for part in parts[1:]:
            number, _, rest = part.partition(_END)
            values.append(self._skeleton.values[int(number)])
            plain += VALUE + rest
        return plain


def _bodies(node: Node) -> list[list[Node]]:
    if isinstance(node, If):
        return [*(body for _, body in node.branches), node.orelse]
    bodies = [getattr(node, name) for name in ("body", "orelse") if getattr(node, name, None)]
    fills = getattr(node, "fills", {})
    return [*bodies, *(fill.body for fill in fills.values())]
