"""Keeps compiled templates in memory, and drops one when a file it was made of has changed."""

from __future__ import annotations

from collections.abc import Callable

from spica.templates.loader import stamp
from spica.templates.runtime import Template


class Cache:
    """Compiled templates by name.

    Args: build: compiles a template; reload: look at the files' times before each use. Two threads that need the same
          template at once may both compile it; one result stays.
    """

    def __init__(self, build: Callable[[str], Template], *, reload: bool) -> None:
        self._build = build
        self._reload = reload
        self.templates: dict[str, Template] = {}

    def get(self, name: str) -> Template:
        """The compiled template, compiled now if it is new or changed.

        Raises: what `build` raises; an error is not kept.
        """
        template = self.templates.get(name)
        if template is None or (self._reload and has_changed(template)):
            template = self.templates[name] = self._build(name)
        return template


def has_changed(template: Template) -> bool:
    """Whether any file of a template is not what was compiled: its own, its layouts', its includes'."""
    return any(stamp(source.path) != source.stamp for source in template.sources)
