"""templates: every template is compiled: syntax, layouts, partials, filters, names, escaping."""

from __future__ import annotations

from collections.abc import Iterator

from spica.checks.finding import Found
from spica.checks.project import Project


def find(project: Project) -> Iterator[Found]:
    """Compile every template of app/views."""
    for error in project.templates.check():
        yield Found(
            project.relative(error.path) if error.path else "app/views",
            error.line,
            error.what,
            error.why,
            error.fix,
            error.code,
        )
