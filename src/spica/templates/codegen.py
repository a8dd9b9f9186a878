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

from spica.errors import closest
from spica.templates import html_state as html
from spica.templates.caching import Kept, build_kept
from spica.templates.content import build_contents, build_end, build_place, content_add, start_of
from spica.templates.errors import (
    CacheError,
    CircularExtendsError,
    MacroError,
    MarkupMismatchError,
    TemplateSyntaxError,
    UnknownBlockError,
)
from spica.templates.expressions import FILTER_MARK
from spica.templates.formats import format_of
from spica.templates.fragments import list_steps, loop_names
from spica.templates.html_context import describe
from spica.templates.inclusion import check_given, given_slots, without_last_newline
from spica.templates.inheritance import Chain, list_own_blocks, load_target, resolve_chain
from spica.templates.library import Library
from spica.templates.lines import LineMap, Segment
from spica.templates.loader import COMPONENT
from spica.templates.loops import build_loop
from spica.templates.macros import Called, bind_values, find_macro
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
    Parameter,
    Set,
    Slot,
    Text,
    Yield,
)
from spica.templates.prelude import build_prelude
from spica.templates.resolver import Resolver
from spica.templates.safe import raw
from spica.templates.scopes import CONTEXT, LOCALS, Input, Loop, Scope, Variables
from spica.templates.source import Place, Source
from spica.templates.streaming import make_generator
from spica.templates.syntaxes.handlebars import PARTIAL_BLOCK
from spica.templates.syntaxes.handlebars_paths import ContextName
from spica.templates.writer import Writer, body_of, located, merge_states

INCLUDE = "#include"

_MAX_DEPTH = 12  # includes inside includes; deeper ones are called
_MAX_NODES = 20_000  # of one function; beyond it includes are called


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
class _Position:
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
    giver: _Position | None = None
    including: tuple[str, ...] = ()
    is_content: bool = False
    inlines: Mapping[str, tuple[Inline, _Position]] = field(default_factory=dict)


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


class _Generator:
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
        self.at: _Position

    # the function

    def generate(self) -> Generated:
        chain = self._resolve_chain(self.document)
        segments = self._place_chain(chain, self.lines.page)
        scope = Scope(assigned=chain.assigned)
        self.at = _Position(self.lines.page, scope, chain, segments, including=(self.document.source.name,))
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
        tree = ast.fix_missing_locations(ast.Module([located(function, self.lines.page, self._start)], []))
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

    def _declare_context(self) -> None:
        """The names that a template which is called with a context is always given."""
        for name in self.document.context or ():
            if name not in self.at.scope.variables:
                value = self.variables.own_input(name, self._start, 1)
                value.required = True
                self.at.scope.variables[name] = value.variable

    # layouts and blocks

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

    def _with_inlines(self, nodes: list[Node]) -> dict[str, tuple[Inline, _Position]]:
        """The inline partials that are known where these nodes stand, their own among them."""
        own = {node.name: (node, self.at) for node in nodes if isinstance(node, Inline)}
        return {**self.at.inlines, **own}

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

    # includes

    def _include(self, node: Include) -> None:
        name = node.name.value if isinstance(node.name, ast.Constant) else None
        values = {key: self._resolve(value) for key, value in {**self._implied(node), **node.locals}.items()}
        if not isinstance(name, str):
            self._call_include(node, self._resolve(node.name), values)
            return
        if node.is_partial and name in self.at.inlines:
            self._inline_partial(node, name, values)
            return
        if node.is_partial and self.library.partial(name) != name:
            self.missing.add(name)
            name = self.library.partial(name)
        if node.body is not None and not self.library.has(name):
            self.missing.add(name)
            self._emit(node.body)
            return
        document = load_target(name, node.place, self.library)
        chain = self._resolve_chain(document)
        if chain.declares:
            values = {key: value for key, value in values.items() if key in node.locals or key in chain.parameters}
        check_given(chain, values, node.place)
        if name in self.at.including or len(self.at.including) > _MAX_DEPTH or self.nodes > _MAX_NODES:
            self._call_include(node, ast.copy_location(ast.Constant(name), node.name), values)
            return
        scope = Scope(assigned=chain.assigned, sees_arguments=not chain.declares)
        slots = {PARTIAL_BLOCK: node.body} if node.body is not None else {}
        with self._moved(inlines=self._with_inlines(node.body or [])):
            self._inline(node, chain, scope, values, slots)

    def _implied(self, node: Include) -> dict[str, ast.expr]:
        """The context and the block parameters around a partial, as far as there are any."""
        found: dict[str, ast.expr] = {}
        for key, value in node.implied.items():
            assert isinstance(value, ast.Name)
            if key not in node.locals and self.at.scope.find(value.id) is not None:
                found[key] = value
        return found

    def _inline_partial(self, node: Include, name: str, values: dict[str, ast.expr]) -> None:
        partial, where = self.at.inlines[name]
        mark = f"inline {where.segment.source.name}:{name}"
        if mark in self.at.including or self.nodes > _MAX_NODES:
            raise CircularExtendsError(
                f"inline partial {name!r} contains itself",
                place=node.place,
                why="it becomes part of the page, without end",
                fix="put it into a file, which is called instead",
            )
        scope = Scope(assigned=frozenset(self.documents[where.segment.source.name].assigned))
        for key, value in values.items():
            self._give(scope, key, value, node.place, copies=key in scope.assigned)
        self.at = replace(
            where,
            segment=self.lines.add(where.segment.source, self.at.segment.base + node.place.line),
            scope=scope,
            slots={PARTIAL_BLOCK: node.body} if node.body is not None else {},
            giver=self.at,
            including=(*self.at.including, mark),
            inlines=self.at.inlines,
        )
        self._emit(partial.body)
        assert self.at.giver is not None
        self.at = self.at.giver

    def _give(self, scope: Scope, name: str, value: ast.expr, place: Place, *, copies: bool) -> None:
        """Let a scope see a value; a variable is the includer's own, unless `set` changes it there."""
        if isinstance(value, ast.Name) and not copies:
            scope.variables[name] = value.id
        else:
            self._assign(scope, name, value, place)

    def _inline(
        self,
        node: Include | Component,
        chain: Chain,
        scope: Scope,
        values: dict[str, ast.expr],
        slots: Mapping[str, list[Node]],
    ) -> None:
        for name, value in values.items():
            self._give(scope, name, value, node.place, copies=name in chain.assigned)
        segment = self.lines.add(chain.documents[0].source, self.at.segment.base + node.place.line)
        segments = self._place_chain(chain, segment)
        for document in chain.documents:
            for parameter in document.parameters or ():
                if parameter.name not in scope.variables and parameter.default is not None:
                    place = segments[document.source.name]
                    value = self.resolver.resolve(parameter.default, scope, place)
                    self._assign(scope, parameter.name, value, node.place)
        including = (*self.at.including, chain.documents[0].source.name)
        self.at = _Position(
            segment, scope, chain, segments, slots=slots, giver=self.at, including=including, inlines=self.at.inlines
        )
        self._emit_chain(included=True)
        assert self.at.giver is not None
        self.at = self.at.giver

    def _assign(self, scope: Scope, name: str, value: ast.expr, place: Place) -> None:
        variable = self.variables.new(name)
        scope.variables[name] = variable
        assignment = ast.Assign([ast.Name(variable, ast.Store())], value)
        self.writer.statement(assignment, self.at.segment, place, after_output=False)

    def _call_include(self, node: Include, name: ast.expr, values: dict[str, ast.expr]) -> None:
        if self.resolver.is_kept:
            raise CacheError(
                "an include that is called stands inside a cache",
                place=node.place,
                why="it is compiled on its own, and may write what belongs to one request",
                fix="include a template whose name is known, or end the cache before it",
            )
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
        if node.name != PARTIAL_BLOCK and not self.at.segment.source.name.startswith(COMPONENT):
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
        if start != self.writer.start or self.writer.html != self.writer.start:
            wrong = "starts" if start != self.writer.start else "ends"
            raise MarkupMismatchError(
                f"fragment {node.name!r} {wrong} {describe(start if wrong == 'starts' else self.writer.html)}",
                place=node.place,
                why="it is rendered alone too, as a piece of text with its tags complete",
                fix="put the fragment around the whole element",
            )

    # contents, caches and macros

    def _content_for(self, node: ContentFor) -> None:
        self.has_contents = True
        if self.known_yields is None:
            return
        if self.resolver.is_kept or self.at.is_content:
            raise CacheError(
                f"content_for {node.name!r} stands inside a {'cache' if self.resolver.is_kept else 'content_for'}",
                place=node.place,
                why="what is kept is only what stands there, and this goes elsewhere" if self.resolver.is_kept else "",
                fix="move it out",
            )
        page = self.at.chain.documents[0]
        if node.name not in self.known_yields:
            if self.document.extends is not None and not (page.alone or page.only):
                self._check_taken(node)
            return
        before, start = self.writer.html, start_of(self.known_yields[node.name])
        self.writer.html = start
        scope = Scope(parent=self.at.scope)
        with self._moved(scope=scope, is_content=True), self.writer.part(content_add(node.name)) as part:
            self._emit(node.body)
        merge_states([start, self.writer.html], node.place, f"the place of {node.name!r} and this content")
        self.writer.html = before
        self.writer.run(body_of(part))

    def _check_taken(self, node: ContentFor) -> None:
        if node.place.source.name not in {member.source.name for member in self.at.chain.documents}:
            return  # an include serves pages of several layouts
        near = closest(node.name, self.known_yields or ())
        layout = self.at.chain.layout.source.name
        raise UnknownBlockError(
            f"content_for {node.name!r} has no place in the layout",
            place=node.place,
            why=f"{layout!r} has no {{% yield {node.name} %}}, so this would never be rendered",
            fix=f"did you mean {near[0]!r}?"
            if near
            else f"its places are: {', '.join(self.known_yields or ()) or 'none'}",
        )

    def _yield(self, node: Yield) -> None:
        if self.resolver.is_kept or self.at.is_content:
            raise CacheError(
                f"yield {node.name!r} stands inside a {'cache' if self.resolver.is_kept else 'content_for'}",
                place=node.place,
                why="what comes there is only known at the end of the page",
                fix="move it out",
            )
        state = self.yields.setdefault(node.name, self.writer.html)
        merge_states([state, self.writer.html], node.place, f"the places of {node.name!r}")
        if state != self.writer.html:
            raise MarkupMismatchError(
                f"yield {node.name!r} stands in two different places",
                place=node.place,
                why=f"one is {describe(state)}, another {describe(self.writer.html)}, and a content is escaped for one",
                fix="give them different names",
            )
        if self.known_yields is not None:
            self._statement(build_place(node.name), node.place)
        self.writer.html = html.after_output(self.writer.html)

    def _cache(self, node: Cache) -> None:
        keys = [self._resolve(key) for key in node.keys]
        expires_s = node.expires_s and self._resolve(node.expires_s)
        self.parts_kept += 1
        kept = Kept(self.parts_kept, keys, expires_s, self.variables)
        was_kept, self.resolver.is_kept = self.resolver.is_kept, True
        with self._moved(scope=Scope(parent=self.at.scope, is_kept=True)), self.writer.part(kept.add) as part:
            self._emit(node.body)
        self.resolver.is_kept = was_kept
        for statement in build_kept(kept, body_of(part)):
            self._statement(statement, node.place)
        self.writer.result(ast.Name(kept.text, ast.Load()))

    def _find_macro(self, function: ast.expr) -> Called | None:
        owner = function.value if isinstance(function, ast.Attribute) else function
        if not isinstance(owner, ast.Name) or self.at.scope.find(owner.id) is not None:
            return None
        return find_macro(function, self.documents[self.at.segment.source.name], self.library)

    def _call_macro(self, called: Called, call: ast.Call, place: Place) -> None:
        given, defaults = bind_values(called, call, place)
        values = {name: self._resolve(value) for name, value in given.items()}
        mark = _mark(called.document, called.macro)
        if mark in self.at.including or self.nodes > _MAX_NODES:
            raise MacroError(
                f"macro {called.name!r} contains itself",
                place=place,
                why="a macro becomes part of the page, without end",
                fix="include a template, which is called instead",
            )
        self.called.add(mark)
        self._note(called.document)
        scope = _macro_scope(called.macro)
        segment = self.lines.add(called.document.source, self.at.segment.base + place.line)
        for name, value in values.items():
            self._give(scope, name, value, place, copies=name in called.document.assigned)
        for name, default in defaults.items():
            self._assign(scope, name, self.resolver.resolve(default, scope, segment), place)
        including = (*self.at.including, mark)
        with self._moved(segment=segment, scope=scope, block=None, including=including):
            self._emit(without_last_newline(called.macro.body))

    def _check_macros(self) -> None:
        """Generate the macros that nothing called, for their mistakes."""
        for document in self.at.chain.documents:
            for macro in document.macros.values():
                if _mark(document, macro) in self.called:
                    continue
                scope = _macro_scope(macro)
                scope.variables |= {name: self.variables.new(name) for name in scope.names or ()}
                segment = self.at.segments[document.source.name]
                before, self.writer.html = self.writer.html, self.writer.start
                with self._moved(scope=scope, segment=segment, including=(_mark(document, macro),)), self.writer.part():
                    self._emit(macro.body)
                self.writer.html = before

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


def _mark(document: Document, macro: Macro) -> str:
    return f"macro {document.source.name}:{macro.name}"


def _macro_scope(macro: Macro) -> Scope:
    every = [*macro.parameters.posonlyargs, *macro.parameters.args, *macro.parameters.kwonlyargs]
    return Scope(sees_arguments=False, names=frozenset(argument.arg for argument in every))
