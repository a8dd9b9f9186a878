"""boot: what stops the application from starting. It is compiled as a server would, and its own errors are told.

What starts is searched for path helpers that can't work: `paths.psot(7)`, which development refuses to start with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from spica.app.errors import BootError, ProjectFileError
from spica.app.helper_check import check_helpers
from spica.checks.finding import Found
from spica.checks.project import Project, first_line
from spica.config.errors import ConfigurationError
from spica.errors.base import SpicaError, closest
from spica.templates.errors import TemplateError

_PLACE = re.compile(r"([^\s:\"']+\.(?:py|html|toml)):(\d+)")


def find(project: Project) -> Iterator[Found]:
    """Compile the application: its routes, handlers, signatures, pipelines; then look at its path helpers' uses."""
    error = project.loaded
    if not isinstance(error, Exception):
        uses = check_helpers(project.root, error.paths) if project.is_project else []
        yield from (_describe(use, project) for use in uses)
        return
    # Those two have checks of their own, which see every environment and every template.
    if isinstance(error, ConfigurationError) and project.is_project:
        return
    for mistake in error.mistakes if isinstance(error, BootError) else [error]:
        if not (isinstance(mistake, TemplateError) and mistake.path.startswith(str(project.root))):
            yield _describe(mistake, project)


def _describe(mistake: Exception, project: Project) -> Found:
    if isinstance(mistake, ProjectFileError) and isinstance(mistake.__cause__, Exception):
        mistake = mistake.__cause__  # what the file's own code raised, and where
    if not isinstance(mistake, SpicaError):
        file, line = project.last_line(mistake)
        why = "the application can't be imported, so nothing serves it"
        return Found(file, line, first_line(mistake), why, _near_name(mistake))
    place = _PLACE.search(mistake.where)
    file, line = (project.relative(place[1]), int(place[2])) if place else project.last_line(mistake)
    others = [text for text in mistake.where.splitlines() if text.strip() and not (place and place[0] == text.strip())]
    why = "\n".join(part for part in (mistake.why, *(others if len(others) > 1 else ())) if part)
    return Found(file, line, mistake.what, why, mistake.fix, mistake.code)


def _near_name(mistake: Exception) -> str:
    """The attribute that was meant, where one is near: m.Sesion, r.reources."""
    if not isinstance(mistake, AttributeError) or not mistake.name or mistake.obj is None:
        return ""
    # `__all__` too: names that a module imports late are not in its `dir`.
    names = {*dir(mistake.obj), *getattr(mistake.obj, "__all__", ())}
    near = closest(mistake.name, sorted(name for name in names if not name.startswith("_")))
    return f"did you mean {' or '.join(near)}?" if near else ""
