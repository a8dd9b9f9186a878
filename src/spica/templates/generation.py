"""What every part of the generator has: its state, where it is, and how names and places are resolved there."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from spica.templates import html_state as html
from spica.templates.errors import CacheError
from spica.templates.formats import format_of
from spica.templates.fragments import loop_names
from spica.templates.inheritance import Chain, resolve_chain
from spica.templates.library import Library
from spica.templates.lines import LineMap, Segment
from spica.templates.loader import COMPONENT
from spica.templates.nodes import Document, Inline, Node, Parameter
from spica.templates.resolver import Resolver
from spica.templates.scopes import Input, Scope, Variables
from spica.templates.source import Place, Source
from spica.templates.trees import copy_tree
from spica.templates.writer import Writer

INCLUDE = "#include"

MAX_DEPTH = 12  # includes inside includes; deeper ones are called
MAX_NODES = 20_000  # of one function; beyond it includes are called


@dataclass(frozen=True, slots=True)
class Generated:
    """A function as a tree, with what it needs.

    Args: tree: a module with one function; constants: names of its globals; inputs: its arguments; lines: its files;
          sources: the files it was made of, its own first; parameters: what it declares; missing: names of
          templates that would make it another if they were there; gives_contents: whether it has a `content_for`.
    """

    tree: ast.Module
    constants: frozenset[str]
    inputs: list[Input]
    lines: LineMap
    sources: list[Source]
    parameters: list[Parameter] | None = None
    missing: frozenset[str] = frozenset()
    gives_contents: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Where generation is: which file, names, and block of which chain (the number says how far up `super` went).

    Args: slots: what the component was given, by slot, with the place that gave it; including: what is included there;
          is_content: whether this is what a `content_for` gives; inlines: partials of files that are open, with where
          they stand.
    """

    segment: Segment
    scope: Scope
    chain: Chain
    segments: Mapping[str, Segment]
    block: tuple[str, int] | None = None
    slots: Mapping[str, list[Node]] = field(default_factory=dict)
    giver: Position | None = None
    including: tuple[str, ...] = ()
    is_content: bool = False
    inlines: Mapping[str, tuple[Inline, Position]] = field(default_factory=dict)


class Generation(ABC):
    """Generates one function.

    Args: yields: the state at each place for contents, None where that is not known yet.
    """

    def __init__(
        self, document: Document, library: Library, yields: Mapping[str, html.HtmlState] | None = None
    ) -> None:
        self.known_yields = yields
        self.yields: dict[str, html.HtmlState] = {}
        self.has_contents = False
        self.parts_kept = 0
        self.documents: dict[str, Document] = {}
        self.missing: set[str] = set()
        self.called: set[str] = set()  # macros, as `including` has them
        self.library = library
        self.document = document
        self.variables = Variables()
        self.resolver = Resolver(library, self.variables)
        self.writer = Writer(format_of(document.source.name))
        self.lines = LineMap(document.source)
        self.sources: dict[str, Source] = {}
        self.nodes = 0
        self.at: Position

    @abstractmethod
    def _emit(self, nodes: list[Node]) -> None:
        """Generate nodes where generation is."""

    @abstractmethod
    def _emit_chain(self, *, included: bool = False) -> None:
        """Generate a template with its layouts where generation is."""

    def _resolve_chain(self, document: Document) -> Chain:
        chain = resolve_chain(document, self.library)
        for member in chain.documents:
            self._note(member)
            if member.parameters is not None or member.source.name.startswith(COMPONENT):
                around = loop_names(document) if document.only is not None else frozenset()
                self.resolver.declared[member.source.name] = frozenset(chain.parameters | around)
        return chain

    def _note(self, document: Document) -> None:
        name = document.source.name
        self.sources[name], self.documents[name] = document.source, document
        self.resolver.macros[name] = frozenset([*document.macros, *document.imports])

    def _place_chain(self, chain: Chain, first: Segment) -> dict[str, Segment]:
        segments = {chain.documents[0].source.name: first}
        for child, parent in zip(chain.documents, chain.documents[1:], strict=False):
            assert child.extends_place is not None
            line = segments[child.source.name].base + child.extends_place.line
            segments[parent.source.name] = self.lines.add(parent.source, line)
        return segments

    def _with_inlines(self, nodes: list[Node]) -> dict[str, tuple[Inline, Position]]:
        """The inline partials that are known where these nodes stand, their own among them."""
        own = {node.name: (node, self.at) for node in nodes if isinstance(node, Inline)}
        return {**self.at.inlines, **own}

    def _give(self, scope: Scope, name: str, value: ast.expr, place: Place, *, copies: bool) -> None:
        """Let a scope see a value; a variable is the includer's own, unless `set` changes it there."""
        if isinstance(value, ast.Name) and not copies:
            scope.variables[name] = value.id
        else:
            self._assign(scope, name, value, place)

    def _assign(self, scope: Scope, name: str, value: ast.expr, place: Place) -> None:
        variable = self.variables.new(name)
        scope.variables[name] = variable
        self._note_assigned([variable], value)
        assignment = ast.Assign([ast.Name(variable, ast.Store())], value)
        self.writer.statement(assignment, self.at.segment, place, after_output=False)

    def _note_assigned(self, variables: Iterable[str], value: ast.expr) -> None:
        if not self.resolver.is_kept:  # inside of a cache it was refused, or is part of the key
            self.resolver.request_values.note_assigned(variables, value)

    # names and places

    def _resolve(self, expression: ast.expr) -> ast.expr:
        return self.resolver.resolve(expression, self.at.scope, self.at.segment)

    def _targets(self, target: ast.expr, variable: Callable[[str], str]) -> ast.expr:
        target = copy_tree(target, self.at.segment.base)
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                node.id = variable(node.id)
        return target

    def _new_variable(self, scope: Scope, name: str) -> str:
        variable = scope.variables[name] = self.variables.new(name)
        return variable

    def _assigned_variable(self, name: str) -> str:
        found = self.at.scope.find(name)
        if isinstance(found, str):
            if self.resolver.is_kept and not self._is_kept(name):
                raise CacheError(
                    f"set changes {name!r} inside a cache",
                    place=self.at.segment.source.place(0),
                    why="the variable is from outside, and is not set when the part is taken from the cache",
                    fix="set another name inside, or move this set out of the cache",
                )
            return found
        scope = self.at.scope.target
        if scope.parent is None and scope.sees_arguments:
            # it may be read before it is set, or set in one branch only: then it is the argument of that name
            place = self.at.segment.source.place(0)
            scope.variables[name] = self.variables.own_input(name, place, self.at.segment.base + 1).variable
            return str(scope.variables[name])
        return self._new_variable(scope, name)

    def _is_kept(self, name: str) -> bool:
        scope: Scope | None = self.at.scope
        while scope is not None and not scope.is_kept:
            if name in scope.variables:
                return True
            scope = scope.parent
        return scope is None or name in scope.variables

    def _statement(self, statement: ast.stmt, place: Place) -> None:
        self.writer.statement(statement, self.at.segment, place)

    @contextmanager
    def _moved(self, **changes: object) -> Iterator[None]:
        before = self.at
        self.at = replace(before, **changes)  # type: ignore[arg-type]  # names and types are those of Position
        try:
            yield
        finally:
            self.at = before
