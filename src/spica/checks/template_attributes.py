"""template-attributes: `{{ post.titel }}` where `post` is a record whose model has no such part.

Rules: what a name is comes from `template_types.py`; an included template is looked at with what it is given, one that
declares `params` with those. Names of parts that start with `_` are left alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from spica.app.application import App
from spica.checks.finding import Found
from spica.checks.project import Project
from spica.checks.renders import full_name, is_partial
from spica.checks.template_types import (
    Known,
    Names,
    item_types,
    models_by_name,
    read_annotation,
    rendered_types,
    type_of,
)
from spica.errors.base import closest
from spica.templates.errors import TemplateError
from spica.templates.inheritance import resolve_chain
from spica.templates.library import Library
from spica.templates.loader import COMPONENT, Loader
from spica.templates.nodes import Cache, Component, Document, For, If, Include, Node, Output, Set
from spica.templates.syntaxes.handlebars_paths import ContextName

_CONTROLLERS = "app/controllers/"
_MAX_DEPTH = 8


def find(project: Project) -> Iterator[Found]:
    """Look at every template with the types that it declares, or is rendered with."""
    if not isinstance(project.loaded, App):
        return
    models = models_by_name()
    templates = project.templates
    look = _Look(project, Library(Loader(templates.roots, templates.components)), models)
    given = _given_by_calls(project, models)
    for name in [*templates.names(), *(f"{COMPONENT}{one}" for one in _components(look.library.loader))]:
        yield from look.template(name, given.get(name, {}))


def _components(loader: Loader) -> list[str]:
    return [name.removeprefix(COMPONENT) for name in loader.component_names()]


def _given_by_calls(project: Project, models: Mapping[str, Any]) -> dict[str, dict[str, Known | None]]:
    found: dict[str, dict[str, Known | None]] = {}
    for file in project.python_files:
        if not file.name.startswith(_CONTROLLERS):
            continue
        for one in rendered_types(file, models):
            first = one.call.args[0] if one.call.args else None
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                continue
            names = found.setdefault(full_name(file, first.value, is_partial=is_partial(one.call)), {})
            for name, known in one.given.items():
                names[name] = known if names.get(name, known) == known else None
    return found


class _Look:
    def __init__(self, project: Project, library: Library, models: Mapping[str, Any]) -> None:
        self.project = project
        self.library = library
        self._models = models
        self._seen: set[tuple[str, str]] = set()

    def template(self, name: str, given: Names, depth: int = 0) -> Iterator[Found]:
        """Look at a template and its layouts."""
        key = (name, repr(sorted(given.items(), key=lambda item: item[0])))
        if key in self._seen or depth > _MAX_DEPTH:
            return
        self._seen.add(key)
        try:
            documents = resolve_chain(self.library.document(name), self.library).documents
        except TemplateError:
            return  # the check of templates tells it
        names = dict(given)
        for document in reversed(documents):
            for one in document.parameters or ():
                if one.type:
                    names[one.name] = read_annotation(one.type, self._models)
        for document in documents:
            yield from self._nodes(document.body, names, document, depth)

    def _nodes(
        self, nodes: list[Node], names: dict[str, Known | None], document: Document, depth: int
    ) -> Iterator[Found]:
        for node in nodes:
            yield from self._node(node, names, document, depth)

    def _node(self, node: Node, names: dict[str, Known | None], document: Document, depth: int) -> Iterator[Found]:
        match node:
            case Output():
                yield from self._expression(node.expression, names, document)
            case If():
                for test, body in node.branches:
                    yield from self._expression(test, names, document)
                    yield from self._nodes(body, names, document, depth)
                yield from self._nodes(node.orelse, names, document, depth)
            case For():
                yield from self._expression(node.iterable, names, document)
                inner = {**names, **item_types(node.target, node.iterable, names), "loop": None}
                yield from self._nodes(node.body, inner, document, depth)
                yield from self._nodes(node.orelse, names, document, depth)
            case Set():
                yield from self._expression(node.value, names, document)
                for part in ast.walk(node.target):
                    if isinstance(part, ast.Name):
                        names[part.id] = type_of(node.value, names) if part is node.target else None
            case Include():
                yield from self._include(node, names, document, depth)
            case Component():
                for value in node.props.values():
                    yield from self._expression(value, names, document)
                for body in (node.body, *(fill.body for fill in node.fills.values())):
                    yield from self._nodes(body, names, document, depth)
            case Cache():
                for value in node.keys:
                    yield from self._expression(value, names, document)
                yield from self._nodes(node.body, names, document, depth)
            case _:
                # Block, Fragment, Slot, ContentFor have a body and nothing else to look at; macros have own names.
                if hasattr(node, "body") and not hasattr(node, "parameters"):
                    yield from self._nodes(node.body, dict(names), document, depth)

    def _include(
        self, node: Include, names: dict[str, Known | None], document: Document, depth: int
    ) -> Iterator[Found]:
        for value in node.locals.values():
            yield from self._expression(value, names, document)
        if not (isinstance(node.name, ast.Constant) and isinstance(node.name.value, str)):
            return
        target = self.library.partial(node.name.value) if node.is_partial else node.name.value
        given = {key: type_of(value, names) for key, value in {**node.implied, **node.locals}.items()}
        yield from self.template(target, {key: known for key, known in given.items() if known is not None}, depth + 1)
        yield from self._nodes(node.body or [], dict(names), document, depth)

    def _expression(self, expression: ast.expr, names: Names, document: Document) -> Iterator[Found]:
        bound = {
            part.id
            for node in ast.walk(expression)
            if isinstance(node, ast.comprehension)
            for part in ast.walk(node.target)
            if isinstance(part, ast.Name)
        }
        bound |= {node.arg for node in ast.walk(expression) if isinstance(node, ast.arg)}
        known_names = {name: known for name, known in names.items() if name not in bound}
        for node in ast.walk(expression):
            if isinstance(node, ast.Attribute):
                owner, part = type_of(node.value, known_names), node.attr
            elif isinstance(node, ContextName) and node.context:
                owner, part = known_names.get(node.context), node.id
                if part in self.project.templates.globals:
                    continue
            else:
                continue
            if owner is not None and not owner.is_many and not _has(owner.model, part):
                yield self._describe(owner.model, part, ast.unparse(node), node.lineno, document)

    def _describe(self, model: Any, part: str, written: str, line: int, document: Document) -> Found:
        near = closest(part, _parts(model))
        fix = f"did you mean {' or '.join(near)}?" if near else f"its fields are: {', '.join(model.__schema__.by_name)}"
        return Found(
            self.project.relative(document.source.path),
            line,
            f"{written}: {model.__name__} has no {part!r}",
            "the page would raise an AttributeError; params or the render call say what the record is",
            fix,
        )


def _has(model: Any, part: str) -> bool:
    return part.startswith("_") or part in _parts(model)


def _parts(model: Any) -> set[str]:
    schema = model.__schema__
    return {*schema.by_name, *schema.relations, *schema.passwords, *(name for name in dir(model) if name[0] != "_")}
