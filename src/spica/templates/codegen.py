"""Generates the Python function of a template: the template, its layouts and what it includes, in one.

    def posts_index(locals, context):
        posts = locals["posts"]                       # every argument that is used, before anything is written
        parts = []; add = parts.append
        for post in posts: add(f"<li>{escape(post.title) …}</li>")
        add("</ul>"); return "".join(parts)

Rules of this file:
- It makes an `ast`, never source text, so every expression keeps its place in its file.
- An include whose name is known becomes part of the function, unless it would contain itself; then it is called.
- A component is an include that sees only its props. What its slots are given is generated where the slots stand, with
  the names and files of the place that gives it.
- Values of `include` are computed before the output that waits is written; they get variables of their own, so the only
  difference is which of two errors comes first.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from spica.templates import html_state as html
from spica.templates.errors import CircularExtendsError, MarkupMismatchError, TemplateSyntaxError, UnknownBlockError
from spica.templates.expressions import FILTER_MARK
from spica.templates.fragments import list_steps, loop_names
from spica.templates.html_context import describe
from spica.templates.inclusion import check_given, given_slots, without_last_newline
from spica.templates.inheritance import Chain, list_own_blocks, load_target, resolve_chain
from spica.templates.library import Library
from spica.templates.lines import LineMap, Segment
from spica.templates.loader import COMPONENT
from spica.templates.loops import build_loop
from spica.templates.nodes import Block, Component, Document, For, Fragment, If, Include, Node, Output, Set, Slot, Text
from spica.templates.prelude import build_prelude
from spica.templates.resolver import Resolver
from spica.templates.safe import raw
from spica.templates.scopes import CONTEXT, LOCALS, Input, Loop, Scope, Variables
from spica.templates.source import Place, Source
from spica.templates.writer import Writer, body_of, located, merge_states

INCLUDE = "#include"

_MAX_DEPTH = 12  # includes inside includes; deeper ones are called
_MAX_NODES = 20_000  # of one function; beyond it includes are called


@dataclass(frozen=True, slots=True)
class Generated:
    """A function as a tree, with what it needs.

    Args: tree: a module with one function; constants: names of its globals; inputs: its arguments; lines: its files;
          sources: the files it was made of.
    """

    tree: ast.Module
    constants: Mapping[str, object]
    inputs: list[Input]
    lines: LineMap
    sources: list[Source]


@dataclass(frozen=True, slots=True)
class _Position:
    """Where generation is: which file, names, and block of which chain (the number says how far up `super` went).

    Args: slots: what the component was given, by slot, with the place that gave it; including: what is included there.
    """

    segment: Segment
    scope: Scope
    chain: Chain
    segments: Mapping[str, Segment]
    block: tuple[str, int] | None = None
    slots: Mapping[str, list[Node]] = field(default_factory=dict)
    giver: _Position | None = None
    including: tuple[str, ...] = ()


def generate_function(document: Document, library: Library) -> Generated:
    """Generate the function of one template.

    Args:    document: parsed; library: gives layouts, includes and helpers.
    Raises:  TemplateError subclasses with the place of the first mistake.
    """
    return _Generator(document, library).generate()


class _Generator:
    def __init__(self, document: Document, library: Library) -> None:
        self.library = library
        self.document = document
        self.variables = Variables()
        self.resolver = Resolver(library, self.variables)
        self.writer = Writer()
        self.lines = LineMap(document.source)
        self.sources: dict[str, Source] = {}
        self.nodes = 0
        self.at: _Position

    # the function

    def generate(self) -> Generated:
        chain = self._resolve_chain(self.document)
        segments = self._place_chain(chain, self.lines.page)
        scope = Scope(assigned=chain.assigned)
        self.at = _Position(self.lines.page, scope, chain, segments, including=(self.document.source.name,))
        self._declare_parameters()
        self._emit_chain()
        self._check_end()
        body = [*build_prelude(self.variables.inputs), *self.writer.finish()]
        arguments = [ast.arg(LOCALS), ast.arg(CONTEXT)]
        signature = ast.arguments(posonlyargs=[], args=arguments, kwonlyargs=[], kw_defaults=[], defaults=[])
        function = ast.FunctionDef(name=self.document.source.name, args=signature, body=body, decorator_list=[])
        if "type_params" in ast.FunctionDef._fields:  # Python 3.12 and later
            setattr(function, "type_params", [])  # noqa: B010  the stubs of 3.11 don't have it
        tree = ast.fix_missing_locations(ast.Module([located(function, self.lines.page, self._start)], []))
        return Generated(tree, self.resolver.constants, self.variables.inputs, self.lines, list(self.sources.values()))

    @property
    def _start(self) -> Place:
        return self.document.source.place(0)

    def _check_end(self) -> None:
        if self.writer.html != html.START:
            source = self.document.source
            raise MarkupMismatchError(
                f"the template ends {describe(self.writer.html)}",
                place=source.place(max(0, len(source.text.rstrip()) - 1)),
                why="what follows would be read as part of it",
                fix="close the quote, tag or element before the end",
            )

    def _declare_parameters(self) -> None:
        scope = self.at.scope
        for document in self.at.chain.documents:
            segment = self.at.segments[document.source.name]
            for parameter in document.parameters or ():
                if parameter.name in scope.variables:
                    continue  # a template's own declaration counts before its layout's
                if self.document.only is not None and parameter.default is None:
                    continue  # a fragment needs what it uses
                default = parameter.default and self.resolver.resolve(parameter.default, scope, segment)
                line = segment.base + parameter.place.line
                value = self.variables.shared_input(parameter.name, parameter.place, line)
                value.declared, value.required, value.fallback = True, default is None, default
                if parameter.name in scope.assigned:  # includes go on seeing the argument
                    shared = ast.Name(value.variable, ast.Load())
                    value = self.variables.own_input(parameter.name, parameter.place, line)
                    value.fallback = shared
                scope.variables[parameter.name] = value.variable

    # layouts and blocks

    def _resolve_chain(self, document: Document) -> Chain:
        chain = resolve_chain(document, self.library)
        for member in chain.documents:
            self.sources[member.source.name] = member.source
            if member.parameters is not None or member.source.name.startswith(COMPONENT):
                around = loop_names(document) if document.only is not None else frozenset()
                self.resolver.declared[member.source.name] = frozenset(chain.parameters | around)
        return chain

    def _place_chain(self, chain: Chain, first: Segment) -> dict[str, Segment]:
        segments = {chain.documents[0].source.name: first}
        for child, parent in zip(chain.documents, chain.documents[1:], strict=False):
            assert child.extends_place is not None
            line = segments[child.source.name].base + child.extends_place.line
            segments[parent.source.name] = self.lines.add(parent.source, line)
        return segments

    def _emit_chain(self, *, included: bool = False) -> None:
        """Write the layout; before it, run what the templates that extend it `set`."""
        page, layout = self.at.chain.documents[0], self.at.chain.layout
        for document in self.at.chain.documents:
            with self._moved(segment=self.at.segments[document.source.name]):
                if page.only is not None:
                    self._emit(list_steps(document) if document is page else [])
                elif document is layout and page.alone:
                    self._emit(list(list_own_blocks(page)))
                elif document is layout:
                    self._emit(without_last_newline(document.body) if included else document.body)
                else:
                    self._emit([node for node in document.body if isinstance(node, Set)])

    def _emit_block(self, place: Place, name: str, level: int) -> None:
        contents = self.at.chain.blocks[name]
        if level >= len(contents):
            raise UnknownBlockError(
                f"block {name!r} has nothing to call super() on",
                place=place,
                why="no layout above has content for it",
                fix="remove super()",
            )
        block, document = contents[level]
        segment = self.at.segments[document.source.name]
        with self._moved(segment=segment, scope=Scope(parent=self.at.scope), block=(name, level)):
            self._emit(block.body)

    def _super(self, place: Place) -> None:
        if self.at.block is None:
            raise UnknownBlockError("super() is outside a block", place=place, fix="put it into a {% block … %}")
        name, level = self.at.block
        self._emit_block(place, name, level + 1)

    # one method a node

    def _emit(self, nodes: list[Node]) -> None:
        self.nodes += len(nodes)
        for node in nodes:
            match node:
                case Text():
                    self.writer.text(node.place, node.value)
                case Output():
                    self._output(node)
                case If():
                    self._if(node)
                case For():
                    self._for(node)
                case Include():
                    self._include(node)
                case Block():
                    self._emit_block(node.place, node.name, 0)
                case Fragment():
                    self._fragment(node)
                case Component():
                    self._component(node)
                case Slot():
                    self._slot(node)
                case Set():
                    value = self._resolve(node.value)
                    target = self._targets(node.target, self._assigned_variable)
                    self._statement(ast.Assign([target], value), node.place)

    def _output(self, node: Output) -> None:
        call = node.expression
        name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
        if isinstance(call, ast.Call) and name in ("super", "raw") and self.at.scope.find(name) is None:
            if name == "super" and not call.args:
                self._super(node.place)
                return
            if len(call.args) == 1 and self.library.globals.get("raw") is raw:
                self.writer.raw(self._resolve(call.args[0]))
                return
        self.writer.value(node.place, self._resolve(call), is_json=name == f"{FILTER_MARK}json")

    def _if(self, node: If) -> None:
        before, ends, choices = self.writer.html, [], []
        for test, body in node.branches:
            resolved = self._resolve(test)
            self.writer.html = before
            with self.writer.part() as part:
                self._emit(body)
            choices.append((resolved, part))
            ends.append(self.writer.html)
        self.writer.html = before
        with self.writer.part() as otherwise:
            self._emit(node.orelse)
        self.writer.html = merge_states([*ends, self.writer.html], node.place, "the branches of this if")
        self.writer.choose(choices, otherwise, self.at.segment, node.place)

    def _for(self, node: For) -> None:
        iterable = self._resolve(node.iterable)
        loop = Loop(self.variables.new("#index"), self.variables.new("#length"))
        scope = Scope(parent=self.at.scope, is_loop=True, variables={"loop": loop})
        target = self._targets(node.target, lambda name: self._new_variable(scope, name))
        start = self.writer.html
        if start.mode == "value" and not html.is_settled(start):
            start = start._replace(value=None)  # in a second round the value has begun
        self.writer.html = start
        with self._moved(scope=scope), self.writer.part() as body:
            self._emit(node.body)
        end, self.writer.html = self.writer.html, start
        with self.writer.part() as orelse:
            self._emit(node.orelse)
        self.writer.html = merge_states([start, end, self.writer.html], node.place, "the rounds of this for")
        for statement in build_loop(loop, target, iterable, (body_of(body), body_of(orelse)), self.variables):
            self._statement(statement, node.place)

    # includes

    def _include(self, node: Include) -> None:
        name = node.name.value if isinstance(node.name, ast.Constant) else None
        values = {key: self._resolve(value) for key, value in node.locals.items()}
        if not isinstance(name, str):
            self._call_include(node, self._resolve(node.name), values)
            return
        document = load_target(name, node.place, self.library)
        chain = self._resolve_chain(document)
        check_given(chain, values, node.place)
        if name in self.at.including or len(self.at.including) > _MAX_DEPTH or self.nodes > _MAX_NODES:
            self._call_include(node, node.name, values)
        else:
            scope = Scope(assigned=chain.assigned, sees_arguments=not chain.declares)
            self._inline(node, chain, scope, values, {})

    def _inline(
        self,
        node: Include | Component,
        chain: Chain,
        scope: Scope,
        values: dict[str, ast.expr],
        slots: Mapping[str, list[Node]],
    ) -> None:
        for name, value in values.items():
            if isinstance(value, ast.Name) and name not in chain.assigned:
                scope.variables[name] = value.id
            else:
                self._assign(scope, name, value, node.place)
        segment = self.lines.add(chain.documents[0].source, self.at.segment.base + node.place.line)
        segments = self._place_chain(chain, segment)
        for document in chain.documents:
            for parameter in document.parameters or ():
                if parameter.name not in scope.variables and parameter.default is not None:
                    place = segments[document.source.name]
                    value = self.resolver.resolve(parameter.default, scope, place)
                    self._assign(scope, parameter.name, value, node.place)
        including = (*self.at.including, chain.documents[0].source.name)
        self.at = _Position(segment, scope, chain, segments, slots=slots, giver=self.at, including=including)
        self._emit_chain(included=True)
        assert self.at.giver is not None
        self.at = self.at.giver

    def _assign(self, scope: Scope, name: str, value: ast.expr, place: Place) -> None:
        variable = self.variables.new(name)
        scope.variables[name] = variable
        assignment = ast.Assign([ast.Name(variable, ast.Store())], value)
        self.writer.statement(assignment, self.at.segment, place, after_output=False)

    def _call_include(self, node: Include, name: ast.expr, values: dict[str, ast.expr]) -> None:
        defaults = [value for value in self.variables.inputs if value.declared]
        arguments: ast.expr = ast.Name(LOCALS, ast.Load())
        if defaults:
            keys: list[ast.expr | None] = [ast.Constant(value.name) for value in defaults]
            known: list[ast.expr] = [ast.Name(value.variable, ast.Load()) for value in defaults]
            arguments = ast.Dict([*keys, None], [*known, arguments])
        given = ast.Dict([ast.Constant(key) for key in values], list(values.values()))
        call = ast.Call(ast.Name(INCLUDE, ast.Load()), [name, arguments, given, ast.Name(CONTEXT, ast.Load())], [])
        self.writer.call(node.place, located_expression(call, self.at.segment, node.place))

    # components and fragments

    def _component(self, node: Component) -> None:
        values = {key: self._resolve(value) for key, value in node.props.items()}
        document = load_target(f"{COMPONENT}{node.name}", node.place, self.library)
        chain = self._resolve_chain(document)
        check_given(chain, node.props, node.place)
        slots = given_slots(node, chain)
        if document.source.name in self.at.including or self.nodes > _MAX_NODES:
            raise CircularExtendsError(
                f"component {node.name!r} contains itself",
                place=node.place,
                why=" in ".join(repr(name.removeprefix(COMPONENT)) for name in reversed(self.at.including)),
                fix="a component becomes part of the page, without end: include a template, which is called instead",
            )
        self._inline(node, chain, Scope(assigned=chain.assigned, sees_arguments=False), values, slots)

    def _slot(self, node: Slot) -> None:
        if not self.at.segment.source.name.startswith(COMPONENT):
            raise TemplateSyntaxError(
                "slot stands outside of a component",
                place=node.place,
                why="it is the place for what a component is given, and this file is none",
                fix="move the file to the components' folder, or write {% block … %}",
            )
        given, giver = self.at.slots.get(node.name), self.at.giver
        if given is None or giver is None:
            self._emit(node.body)
            return
        before = self.at
        self.at = replace(giver, scope=Scope(parent=giver.scope))
        self._emit(given)
        self.at = before

    def _fragment(self, node: Fragment) -> None:
        start = self.writer.html
        self._emit(node.body)
        if start != html.START or self.writer.html != html.START:
            wrong = "starts" if start != html.START else "ends"
            raise MarkupMismatchError(
                f"fragment {node.name!r} {wrong} {describe(start if wrong == 'starts' else self.writer.html)}",
                place=node.place,
                why="it is rendered alone too, as a piece of text with its tags complete",
                fix="put the fragment around the whole element",
            )

    # names and places

    def _resolve(self, expression: ast.expr) -> ast.expr:
        return self.resolver.resolve(expression, self.at.scope, self.at.segment)

    def _targets(self, target: ast.expr, variable: Callable[[str], str]) -> ast.expr:
        target = copy.deepcopy(target)
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                node.id = variable(node.id)
            if isinstance(node, ast.expr):
                node.lineno += self.at.segment.base
                node.end_lineno = (node.end_lineno or 0) + self.at.segment.base
        return target

    def _new_variable(self, scope: Scope, name: str) -> str:
        variable = scope.variables[name] = self.variables.new(name)
        return variable

    def _assigned_variable(self, name: str) -> str:
        found = self.at.scope.find(name)
        if isinstance(found, str):
            return found
        scope = self.at.scope.target
        if scope.parent is None and scope.sees_arguments:
            # it may be read before it is set, or set in one branch only: then it is the argument of that name
            place = self.at.segment.source.place(0)
            scope.variables[name] = self.variables.own_input(name, place, self.at.segment.base + 1).variable
            return str(scope.variables[name])
        return self._new_variable(scope, name)

    def _statement(self, statement: ast.stmt, place: Place) -> None:
        self.writer.statement(statement, self.at.segment, place)

    @contextmanager
    def _moved(self, **changes: object) -> Iterator[None]:
        before = self.at
        self.at = replace(before, **changes)  # type: ignore[arg-type]  # names and types are those of _Position
        try:
            yield
        finally:
            self.at = before


def located_expression(expression: ast.expr, segment: Segment, place: Place) -> ast.expr:
    """Give an expression the place of its tag."""
    expression.lineno = expression.end_lineno = segment.base + place.line
    expression.col_offset = expression.end_col_offset = place.byte_column
    return expression
