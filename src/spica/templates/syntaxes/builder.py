"""Builds the tree of one file from the events of a syntax, and matches every end with what it closes.

Rules of this file:
- It knows no delimiters; a syntax calls it with nodes and places.
- A plain end closes whatever is open last; an end that names its kind (or its block) must name that one.
- What only counts once a file (`extends`, `params`, a block's name) is checked here.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from spica.errors import closest
from spica.templates.errors import (
    MisplacedContentError,
    TemplateSyntaxError,
    UnclosedBlockError,
    UnexpectedEndError,
    UnknownBlockError,
)
from spica.templates.nodes import (
    Block,
    Cache,
    Component,
    Container,
    ContentFor,
    Document,
    Fill,
    For,
    Fragment,
    If,
    Import,
    Include,
    Inline,
    Macro,
    Node,
    Parameter,
    Set,
    Slot,
    Text,
)
from spica.templates.source import Place, Source


@dataclass(slots=True)
class _Open:
    kind: str
    node: Container
    body: list[Node]
    place: Place
    has_else: bool = False


class TreeBuilder:
    """Collects the nodes of one file.

    Args: source: the file.
    """

    def __init__(self, source: Source) -> None:
        self.document = Document(source)
        self._body = self.document.body
        self._open: list[_Open] = []

    def add(self, node: Node) -> None:
        """Append a node that has no body."""
        if isinstance(node, Set):
            self.document.assigned.update(item.id for item in ast.walk(node.target) if isinstance(item, ast.Name))
        self._body.append(node)

    def open_if(self, place: Place, test: ast.expr) -> None:
        """Start an `if`."""
        body: list[Node] = []
        self._enter("if", If(place, [(test, body)]), body, place)

    def open_for(self, place: Place, target: ast.expr, iterable: ast.expr, loop: str = "loop") -> For:
        """Start a `for`; `loop`: what its state is called inside."""
        node = For(place, target, iterable, loop=loop)
        self._enter("for", node, node.body, place)
        return node

    def open_partial(self, node: Include) -> None:
        """Start what a partial is given."""
        node.body = []
        self._enter("partial", node, node.body, node.place)

    def open_inline(self, node: Inline) -> None:
        """Start a partial of this file's own."""
        self._check_no_macro("inline", node.place)
        self._enter("inline", node, node.body, node.place)

    def open_block(self, place: Place, name: str) -> None:
        """Start a block; its name must be new in this file."""
        self._check_no_macro("block", place)
        node = Block(place, name)
        if name in self.document.blocks:
            raise UnknownBlockError(
                f"block {name!r} is there twice",
                place=place,
                why=f"the first is on line {self.document.blocks[name].place.line}, and one name has one content",
                fix="rename one of them",
            )
        self.document.blocks[name] = node
        self._enter("block", node, node.body, place)

    def open_fragment(self, place: Place, name: str) -> None:
        """Start a fragment; its name must be new in this file."""
        self._check_no_macro("fragment", place)
        node = Fragment(place, name)
        if name in self.document.fragments:
            raise TemplateSyntaxError(
                f"fragment {name!r} is there twice",
                place=place,
                why=f"the first is on line {self.document.fragments[name].place.line}, and a name says which to render",
                fix="rename one of them",
            )
        self.document.fragments[name] = node
        self._enter("fragment", node, node.body, place)

    def open_component(self, place: Place, name: str, props: dict[str, ast.expr]) -> None:
        """Start what a component is given."""
        node = Component(place, name, props)
        self._enter("component", node, node.body, place)

    def open_slot(self, place: Place, name: str) -> None:
        """Start a slot, "" without a name; what is inside is rendered when it is given nothing."""
        self._check_no_macro("slot", place)
        node = Slot(place, name)
        self.document.slots.add(name)
        self._enter("slot", node, node.body, place)

    def open_content(self, place: Place, name: str) -> None:
        """Start what this page gives a place of its layout."""
        node = ContentFor(place, name)
        self._enter("content_for", node, node.body, place)

    def open_cache(self, place: Place, keys: list[ast.expr], expires_s: ast.expr | None) -> None:
        """Start a part that is kept under the versions of some values."""
        node = Cache(place, keys, expires_s)
        self._enter("cache", node, node.body, place)

    def open_macro(self, place: Place, name: str, parameters: ast.arguments) -> None:
        """Start a macro; only outside every other tag, and its name must be new in this file."""
        self._check_top_level("macro", place)
        self._check_new_name(name, place)
        node = self.document.macros[name] = Macro(place, name, parameters)
        self._enter("macro", node, node.body, place)

    def add_import(self, place: Place, name: str, template: str) -> None:
        """Note whose macros this file calls, by which name; only outside every other tag."""
        self._check_top_level("import", place)
        self._check_new_name(name, place)
        self.document.imports[name] = Import(place, name, template)

    def open_fill(self, place: Place, name: str) -> None:
        """Start what the open component is given for a slot.

        Raises: UnexpectedEndError outside of a component; UnknownBlockError for a slot that is filled already.
        """
        top = self._open[-1] if self._open else None
        if top is None or not isinstance(top.node, Component):
            inside = f"the last open tag is the {top.kind} on line {top.place.line}" if top else "nothing is open"
            raise UnexpectedEndError(
                "fill is not directly inside a component",
                place=place,
                why=inside,
                fix='write it inside {% component "name" %} … {% end %}; {% if %} goes inside of fill',
            )
        if name in top.node.fills:
            raise UnknownBlockError(
                f"slot {name!r} is filled twice",
                place=place,
                why=f"the first is on line {top.node.fills[name].place.line}",
                fix="remove one of them",
            )
        node = top.node.fills[name] = Fill(place, name)
        self._open.append(_Open("fill", node, node.body, place))
        self._body = node.body

    def add_elif(self, place: Place, test: ast.expr) -> None:
        """Go on with the next test of the open `if`."""
        top = self._top_for("elif", place, ("if",))
        assert isinstance(top.node, If)
        body: list[Node] = []
        top.node.branches.append((test, body))
        self._body = top.body = body

    def add_else(self, place: Place) -> None:
        """Go on with the `else` of the open `if` or `for`."""
        top = self._top_for("else", place, ("if", "for"))
        assert isinstance(top.node, If | For)
        top.has_else = True
        self._body = top.body = top.node.orelse

    def close(self, place: Place, kind: str = "", name: str = "") -> None:
        """End what is open last.

        Args:   kind: "if", "for", "block" … when the end says it, else ""; name: the block's name when the end says it.
        Raises: UnexpectedEndError when nothing is open or the end names something else.
        """
        if not self._open:
            raise UnexpectedEndError(
                f"end{kind} closes nothing", place=place, why="every tag above is closed already", fix="remove it"
            )
        top = self._open[-1]
        opened = f"{top.kind} on line {top.place.line}"
        if kind and kind != top.kind:
            raise UnexpectedEndError(
                f"end{kind} stands where {top.kind} is open",
                place=place,
                why=f"the last open tag is the {opened}",
                fix=f"write {{% end{top.kind} %}} or {{% end %}} first",
            )
        if name and not isinstance(top.node, If | For | Cache | Include) and name != top.node.name:
            raise UnexpectedEndError(
                f"the end of {top.kind} {name!r} stands where {top.kind} {top.node.name!r} is open",
                place=place,
                why=f"the last open tag is the {opened}",
                fix=f"write {{% end{top.kind} {top.node.name} %}} or {{% end %}}",
            )
        self._open.pop()
        self._body = self._open[-1].body if self._open else self.document.body

    def extend(self, place: Place, name: str) -> None:
        """Note which template this one extends; only once, outside every other tag."""
        self._check_top_level("extends", place)
        if self.document.extends is not None:
            raise TemplateSyntaxError("extends is there twice", place=place, fix="remove one of them")
        self.document.extends, self.document.extends_place = name, place

    def declare(self, place: Place, parameters: list[Parameter]) -> None:
        """Note the file's declaration of names; only once, outside every other tag."""
        self._check_top_level("params", place)
        if self.document.parameters is not None:
            raise TemplateSyntaxError("params is there twice", place=place, fix="list all names in one params")
        self.document.parameters = parameters

    def finish(self) -> Document:
        """The finished tree.

        Raises: UnclosedBlockError; MisplacedContentError for output outside the blocks of a file that extends another.
        """
        if self._open:
            top = self._open[-1]
            raise UnclosedBlockError(
                f"{top.kind} is never closed", place=top.place, why="the file ends first", fix="add {% end %}"
            )
        if self.document.extends is not None:
            self._check_only_blocks()
        return self.document

    def _check_no_macro(self, word: str, place: Place) -> None:
        if self._open and self._open[0].kind == "macro":
            raise TemplateSyntaxError(
                f"{word} is inside a macro",
                place=place,
                why="a macro is part of every place that calls it, and this can be in a file only once",
                fix=f"move {word} out of the macro; a part with content of its own is a component",
            )

    def _check_new_name(self, name: str, place: Place) -> None:
        first = self.document.macros.get(name) or self.document.imports.get(name)
        if first is not None:
            raise TemplateSyntaxError(
                f"macro {name!r} is there twice",
                place=place,
                why=f"the first is on line {first.place.line}, and a name says which is called",
                fix="rename one of them",
            )

    def _enter(
        self,
        kind: str,
        node: If | For | Include | Block | Fragment | Component | Slot | ContentFor | Inline | Cache | Macro,
        body: list[Node],
        place: Place,
    ) -> None:
        self._body.append(node)
        self._open.append(_Open(kind, node, body, place))
        self._body = body

    def _top_for(self, word: str, place: Place, kinds: tuple[str, ...]) -> _Open:
        top = self._open[-1] if self._open else None
        if top is None or top.kind not in kinds:
            inside = f"the last open tag is the {top.kind} on line {top.place.line}" if top else "nothing is open"
            raise UnexpectedEndError(
                f"{word} belongs to no {' or '.join(kinds)}", place=place, why=inside, fix=f"move {word} or remove it"
            )
        if top.has_else:
            raise UnexpectedEndError(
                f"{word} comes after else",
                place=place,
                why=f"the {top.kind} on line {top.place.line} has its else already",
                fix="put else last and only once",
            )
        return top

    def _check_top_level(self, word: str, place: Place) -> None:
        if self._open:
            top = self._open[-1]
            raise TemplateSyntaxError(
                f"{word} is inside a {top.kind}",
                place=place,
                why=f"it holds for the whole file; the {top.kind} starts on line {top.place.line}",
                fix=f"move {word} to the top of the file",
            )

    def _check_only_blocks(self) -> None:
        for node in self.document.body:
            if isinstance(node, Block | Set | ContentFor | Macro | Inline) or (
                isinstance(node, Text) and not node.value.strip()
            ):
                continue
            place = node.place
            if isinstance(node, Text):
                place = place.source.place(_first_visible(place.source.text, node))
            raise MisplacedContentError(
                "this would never be rendered",
                place=place,
                why=f"the file extends {self.document.extends!r}, so only its blocks are rendered (and set is run)",
                fix="move it into a {% block … %}",
            )


def unknown_tag(place: Place, word: str, known: list[str]) -> TemplateSyntaxError:
    """The error for a tag that no syntax knows."""
    near = closest(word, known)
    return TemplateSyntaxError(
        f"there is no tag {word!r}",
        place=place,
        fix=f"did you mean {near[0]!r}?" if near else f"the tags are: {', '.join(known)}",
    )


def _first_visible(text: str, node: Text) -> int:
    first_word = node.value.split()[0]
    start = node.place.source.line_starts[node.place.line - 1] + node.place.column - 1
    return max(text.find(first_word, start), start)
