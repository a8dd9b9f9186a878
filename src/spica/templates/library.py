"""What the compiler may ask for: other templates, parsed, and what names and filters mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from spica.templates.filters import FILTERS
from spica.templates.functions import BUILTINS
from spica.templates.loader import Loader, stamp
from spica.templates.nodes import Document
from spica.templates.syntaxes.suffixes import parse_source
from spica.templates.uses import UseCheck


class Library:
    """The surroundings of every compilation of one `Templates`.

    Args: loader: finds files; globals: helpers and values for every template, which win over the builtins;
          filters: what can stand after `|` besides Spica's own; checks: by name of a global, what judges the uses of
          its attributes; reload: read a file again when it has changed.
    """

    def __init__(
        self,
        loader: Loader,
        globals: Mapping[str, object] | None = None,
        filters: Mapping[str, Callable[..., object]] | None = None,
        checks: Mapping[str, UseCheck] | None = None,
        *,
        reload: bool = False,
    ) -> None:
        self.loader = loader
        self.globals: Mapping[str, object] = {**BUILTINS, **(globals or {})}
        self.filters: Mapping[str, Callable[..., object]] = {**FILTERS, **(filters or {})}
        self.checks: Mapping[str, UseCheck] = checks or {}
        self.reload = reload
        self.missing: set[str] = set()  # names that were asked for and are not there, on purpose
        self._documents: dict[str, tuple[Path, tuple[int, int], Document]] = {}

    def has(self, name: str) -> bool:
        """Whether there is a template of this name."""
        return self.loader.find(name) is not None

    def partial(self, name: str) -> str:
        """The template that a partial's name means: `posts/post` may be the file `posts/_post`."""
        head, slash, last = name.rpartition("/")
        hidden = f"{head}{slash}_{last}"
        return hidden if not self.has(name) and self.has(hidden) else name

    def document(self, name: str) -> Document:
        """Load and parse a template, or take it from an earlier time.

        Raises: TemplateNotFound, and TemplateError subclasses for mistakes in it.
        """
        known = self._documents.get(name)
        if known and not (self.reload and (self.loader.find(name) != known[0] or stamp(known[0]) != known[1])):
            return known[2]
        source = self.loader.load(name)
        document = parse_source(source)
        self._documents[name] = (source.path, source.stamp, document)
        return document
