"""The templates of a project as the checks read them: parsed, not compiled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from spica.checks.project import Project
from spica.templates.errors import TemplateError
from spica.templates.loader import Loader
from spica.templates.nodes import Document
from spica.templates.syntaxes.suffixes import parse_source


def parse_templates(project: Project) -> Iterator[tuple[str, Document]]:
    """Every template and component that can be parsed, with its file; the check of templates tells of the others."""
    loader = Loader(project.templates.roots, project.templates.components)
    for name in [*loader.names(), *loader.component_names()]:
        try:
            document = parse_source(loader.load(name))
        except TemplateError:
            continue
        yield project.relative(document.source.path), document


def list_expressions(value: object) -> Iterator[ast.expr]:
    """List every expression below a node of a template, or in a list of them."""
    if isinstance(value, ast.AST):
        yield from (node for node in ast.walk(value) if isinstance(node, ast.expr))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from list_expressions(part)
    elif isinstance(value, dict):
        yield from list_expressions(list(value.values()))
    elif is_dataclass(value):
        for field in fields(value):
            if field.name != "place":
                yield from list_expressions(getattr(value, field.name))
