"""What the compiler may ask for: other templates, parsed, and what names and filters mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from spica.templates.filters import FILTERS, PLAIN
from spica.templates.formats import HTML, XML
from spica.templates.functions import BUILTINS
from spica.templates.loader import Loader, stamp
from spica.templates.nodes import Document
from spica.templates.source import Source
from spica.templates.syntaxes.suffixes import parse_source
from spica.templates.uses import UseCheck

GLOBAL, FILTER = "#global", "#filter"


class Library:
    """The surroundings of every compilation of one `Templates`.

    Args: loader: finds files; globals: helpers and values for every template, which win over the builtins;
          filters: what can stand after `|` besides Spica's own; checks: by name of a global, what judges the uses of
          its attributes; of_request: names of values that belong to one request; reload: read a file again when
          it has changed.
    """

    def __init__(
        self,
        loader: Loader,
        globals: Mapping[str, object] | None = None,
        filters: Mapping[str, Callable[..., object]] | None = None,
        checks: Mapping[str, UseCheck] | None = None,
        *,
        of_request: Collection[str] = (),
        reload: bool = False,
    ) -> None:
        self.loader = loader
        self.globals: Mapping[str, object] = {**BUILTINS, **(globals or {})}
        self.filters: Mapping[str, Callable[..., object]] = {**FILTERS, **(filters or {})}
        self.checks: Mapping[str, UseCheck] = checks or {}
        self.of_request = frozenset(of_request)
        self.reload = reload
        self._documents: dict[str, Document] = {}
        self._sources: dict[str, Source] = {}

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
        source = self.source(name)
        known = self._documents.get(name)
        if known is None or known.source is not source:
            known = self._documents[name] = parse_source(source)
        return known

    def source(self, name: str) -> Source:
        """Read a template's file, or take it from an earlier time.

        Raises: TemplateNotFound; TemplateSyntaxError when it can't be read.
        """
        known = self._sources.get(name)
        if known is None or (
            self.reload and (self.loader.find(name) != known.path or stamp(known.path) != known.stamp)
        ):
            known = self._sources[name] = self.loader.load(name)
        return known

    def constant(self, name: str, format: str) -> object:
        """What a name of the generated code stands for: "#global link_to", "#filter upper".

        Args: format: of the template's text, which decides what filters make.
        """
        kind, _, word = name.partition(" ")
        if kind == GLOBAL:
            return self.globals[word]
        function = self.filters.get(word) or self.globals.get(word)
        if format not in (HTML, XML) and word in PLAIN and function is FILTERS[word]:
            return PLAIN[word]
        return function
