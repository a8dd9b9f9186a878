"""Generates the Python function of a template: the template, its layouts and what it includes, in one.

    def posts_index(locals, context):
        posts = locals["posts"]                       # every argument that is used, before anything is written
        parts = []; add = parts.append
        for post in posts: add(f"<li>{escape(post.title) …}</li>")
        add("</ul>"); return "".join(parts)

Its parts: `generation.py` (state, places, names), `composition.py` (includes, components), `parts.py` (contents,
caches, macros); here the function itself, layouts and the other nodes.

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

from spica.templates import html_state as html
from spica.templates.composition import Composition
from spica.templates.content import build_contents, build_end
from spica.templates.errors import MarkupMismatchError, UnknownBlockError
from spica.templates.expressions import FILTER_MARK
from spica.templates.fragments import list_steps
from spica.templates.generation import Generated, Position
from spica.templates.html_context import describe
from spica.templates.inclusion import without_last_newline
from spica.templates.inheritance import list_own_blocks
from spica.templates.library import Library
from spica.templates.loops import build_loop
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
    Inline,
    Macro,
    Node,
    Output,
    Set,
    Slot,
    Text,
    Yield,
)
from spica.templates.parts import Parts
from spica.templates.prelude import build_prelude
from spica.templates.request_values import variables_of
from spica.templates.safe import raw
from spica.templates.scopes import CONTEXT, LOCALS, Loop, Scope
from spica.templates.source import Place
from spica.templates.streaming import make_generator
from spica.templates.syntaxes.handlebars_paths import ContextName
from spica.templates.trees import fill_places
from spica.templates.writer import body_of, located, merge_states


def generate_function(document: Document, library: Library, *, streams: bool = False) -> Generated:
    """Generate the function of one template.

    Args:    document: parsed; library: gives layouts, includes and helpers; streams: generate a generator of pieces;
             with contents it has one piece, as their places wait for the end.
    Raises:  TemplateError subclasses with the place of the first mistake.
    """
    generator = _Generator(document, library)
    generated = generator.generate()
    if generator.has_contents:  # now it is known where their places are
        generated = _Generator(document, library, generator.yields).generate()
    if streams:
        make_generator(generated.tree)
    return generated


class _Generator(Composition, Parts):
    """Generates one function: the template, its layouts and blocks, and each kind of node."""

    # the function

    def generate(self) -> Generated:
        chain = self._resolve_chain(self.document)
        segments = self._place_chain(chain, self.lines.page)
        scope = Scope(assigned=chain.assigned)
        self.at = Position(self.lines.page, scope, chain, segments, including=(self.document.source.name,))
        self._declare_parameters()
        self._declare_context()
        self._emit_chain()
        self._check_end()
        self._check_macros()
        contents = (build_contents(self.known_yields), [build_end()]) if self.known_yields else ([], [])
        for statement in [*contents[0], *contents[1]]:
            located(statement, self.lines.page, self._start)
        body = [*build_prelude(self.variables.inputs), *self.writer.finish(*contents)]
        arguments = [ast.arg(LOCALS), ast.arg(CONTEXT)]
        signature = ast.arguments(posonlyargs=[], args=arguments, kwonlyargs=[], kw_defaults=[], defaults=[])
        function = ast.FunctionDef(name=self.document.source.name, args=signature, body=body, decorator_list=[])
        if "type_params" in ast.FunctionDef._fields:  # Python 3.12 and later
            setattr(function, "type_params", [])  # noqa: B010  the stubs of 3.11 don't have it
        tree = fill_places(ast.Module([located(function, self.lines.page, self._start)], []))
        return Generated(
            tree,
            frozenset(self.resolver.constants),
            self.variables.inputs,
            self.lines,
            list(self.sources.values()),
            self.document.parameters,
            frozenset(self.missing),
            self.has_contents,
        )

    @property
    def _start(self) -> Place:
        return self.document.source.place(0)

    def _check_end(self) -> None:
        if self.writer.html != self.writer.start:
            source = self.document.source
            end = source.place(max(0, len(source.text.rstrip()) - 1))
            raise MarkupMismatchError(
                f"the template ends {describe(self.writer.html)}",
                place=self.writer.opening(end),
                why="it is opened here, and what follows would be read as part of it",
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
                self.resolver.request_values.note_input(value)

    def _declare_context(self) -> None:
        """The names that a template which is called with a context is always given."""
        for name in self.document.context or ():
            if name not in self.at.scope.variables:
                value = self.variables.own_input(name, self._start, 1)
                value.required = True
                self.at.scope.variables[name] = value.variable

    # layouts and blocks

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
                    self._emit([node for node in document.body if isinstance(node, Set | ContentFor)])

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
        if any(isinstance(node, Inline) for node in nodes):
            with self._moved(inlines=self._with_inlines(nodes)):
                self._emit_each(nodes)
        else:
            self._emit_each(nodes)

    def _emit_each(self, nodes: list[Node]) -> None:
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
                case ContentFor():
                    self._content_for(node)
                case Yield():
                    self._yield(node)
                case Cache():
                    self._cache(node)
                case Macro() | Inline():
                    pass
                case Set():
                    value = self._resolve(node.value)
                    target = self._targets(node.target, self._assigned_variable)
                    self._note_assigned(variables_of(target), value)
                    self._statement(ast.Assign([target], value), node.place)

    def _output(self, node: Output) -> None:
        call = node.expression
        if isinstance(call, ContextName) and not call.is_value and self._find_macro(call) is not None:
            call = ast.copy_location(ast.Call(call, [], []), call)
        name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
        if isinstance(call, ast.Call) and name in ("super", "raw") and self.at.scope.find(name) is None:
            if name == "super" and not call.args:
                self._super(node.place)
                return
            if len(call.args) == 1 and self.library.globals.get("raw") is raw:
                self.writer.raw(self._resolve(call.args[0]))
                return
        called = self._find_macro(call.func) if isinstance(call, ast.Call) else None
        if called is not None and isinstance(call, ast.Call):
            self._call_macro(called, call, node.place)
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
        scope = Scope(parent=self.at.scope, is_loop=True, variables={"loop": loop, node.loop: loop})
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
