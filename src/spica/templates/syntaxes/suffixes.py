"""Which syntax reads a file: its suffix says it."""

from __future__ import annotations

from spica.templates.nodes import Document
from spica.templates.source import ERB, HANDLEBARS, Source
from spica.templates.syntaxes.erb import parse_erb
from spica.templates.syntaxes.handlebars import parse_handlebars
from spica.templates.syntaxes.spica import parse_template


def parse_source(source: Source) -> Document:
    """Read a template in the syntax of its file.

    Raises: TemplateError subclasses with the place of the first mistake.
    """
    if source.path.name.endswith(HANDLEBARS):
        return parse_handlebars(source)
    return parse_erb(source) if source.path.name.endswith(ERB) else parse_template(source)
