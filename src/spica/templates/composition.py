"""Generates what templates are put together of: includes, partials, components with their slots, fragments.

Rules of this file:
- What is known when it is compiled becomes part of the function; what is not, or contains itself, is called.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from spica.templates.errors import CacheError, CircularExtendsError, MarkupMismatchError, TemplateSyntaxError
from spica.templates.generation import INCLUDE, MAX_DEPTH, MAX_NODES, Generation, Position
from spica.templates.html_context import describe
from spica.templates.inclusion import check_given, given_slots
from spica.templates.inheritance import Chain, load_target
from spica.templates.lines import Segment
from spica.templates.loader import COMPONENT
from spica.templates.nodes import Component, Fragment, Include, Node, Slot
from spica.templates.scopes import CONTEXT, LOCALS, Scope
from spica.templates.source import Place
from spica.templates.syntaxes.handlebars import PARTIAL_BLOCK


class Composition(Generation):
    """The nodes that bring in other templates."""

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
        if name in self.at.including or len(self.at.including) > MAX_DEPTH or self.nodes > MAX_NODES:
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
        if mark in self.at.including or self.nodes > MAX_NODES:
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
        self.at = Position(
            segment, scope, chain, segments, slots=slots, giver=self.at, including=including, inlines=self.at.inlines
        )
        self._emit_chain(included=True)
        assert self.at.giver is not None
        self.at = self.at.giver

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
        if document.source.name in self.at.including or self.nodes > MAX_NODES:
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


def located_expression(expression: ast.expr, segment: Segment, place: Place) -> ast.expr:
    """Give an expression the place of its tag."""
    expression.lineno = expression.end_lineno = segment.base + place.line
    expression.col_offset = expression.end_col_offset = place.byte_column
    return expression
