"""Generates contents for layouts, parts that are kept, and macros."""

from __future__ import annotations

import ast

from spica.errors import closest
from spica.templates import html_state as html
from spica.templates.caching import Kept, build_kept
from spica.templates.content import build_place, content_add, start_of
from spica.templates.errors import CacheError, MacroError, MarkupMismatchError, UnknownBlockError
from spica.templates.generation import MAX_NODES, Generation
from spica.templates.html_context import describe
from spica.templates.inclusion import without_last_newline
from spica.templates.macros import Called, bind_values, find_macro
from spica.templates.nodes import Cache, ContentFor, Document, Macro, Yield
from spica.templates.request_values import variables_of
from spica.templates.scopes import Scope
from spica.templates.source import Place
from spica.templates.writer import body_of, merge_states


class Parts(Generation):
    """The nodes whose output goes elsewhere, or comes from elsewhere."""

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
        was_kept, was_of_key = self.resolver.is_kept, self.resolver.request_values.of_key
        self.resolver.is_kept = True
        self.resolver.request_values.of_key = frozenset().union(*map(variables_of, keys))
        with self._moved(scope=Scope(parent=self.at.scope, is_kept=True)), self.writer.part(kept.add) as part:
            self._emit(node.body)
        self.resolver.is_kept, self.resolver.request_values.of_key = was_kept, was_of_key
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
        if mark in self.at.including or self.nodes > MAX_NODES:
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


def _mark(document: Document, macro: Macro) -> str:
    return f"macro {document.source.name}:{macro.name}"


def _macro_scope(macro: Macro) -> Scope:
    every = [*macro.parameters.posonlyargs, *macro.parameters.args, *macro.parameters.kwonlyargs]
    return Scope(sees_arguments=False, names=frozenset(argument.arg for argument in every))
