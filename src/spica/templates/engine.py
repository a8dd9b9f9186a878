"""`Templates`: the public face, from directories of files to rendered text."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from os import PathLike
from pathlib import Path

from spica.templates.block_cache import BlockCache
from spica.templates.cache import Cache
from spica.templates.compiled_files import CompiledFiles
from spica.templates.compiler import compile_template, link_template
from spica.templates.errors import MisplacedContentError, TemplateError, UnsafeContextError
from spica.templates.formats import format_of
from spica.templates.fragments import loop_names, only_fragment
from spica.templates.inheritance import put_into, without_layout
from spica.templates.library import Library
from spica.templates.loader import Loader
from spica.templates.nodes import Document
from spica.templates.runtime import Template
from spica.templates.syntaxes.handlebars_paths import THIS
from spica.templates.uses import UseCheck

# Between a template and its layout, its fragment, or the names that it is given beside its context, and after one that
# is a generator, in the cache's names; no file's name has them.
_IN, _PART, _WITH, _STREAM = "\0", "\1", "\2", "\3"


COMPONENTS = "components"


class Templates:
    """All templates under some directories.

    Args: roots: directories, searched in order; globals: helpers and values that every template sees (functions
          decorated with `@uses_context` get the request's context first); filters: functions that can stand after `|`,
          besides Spica's own and the globals; checks: by name of a global, a function of an attribute's name and how
          it is called, which returns the error that this use deserves or None; of_request: names of values that belong
          to one request, which a cache shows only as part of its key; components: directories of components, default
          `components` beside each root; reload: compile again what has changed on disk, for development;
          cache: keeps what `{% cache %}` holds, default one of 16 MiB for these templates alone; compiled: a folder
          that keeps compiled templates from one process to the next, default none.

    Example:
        Templates("app/views").render("posts/index", posts=posts)
    """

    def __init__(
        self,
        *roots: str | PathLike[str],
        globals: Mapping[str, object] | None = None,
        filters: Mapping[str, Callable[..., object]] | None = None,
        checks: Mapping[str, UseCheck] | None = None,
        of_request: Collection[str] = (),
        components: Sequence[str | PathLike[str]] | None = None,
        reload: bool = False,
        cache: BlockCache | None = None,
        compiled: str | PathLike[str] | None = None,
    ) -> None:
        self.block_cache = BlockCache() if cache is None else cache
        places = [Path(root) for root in roots]
        beside = [root.parent / COMPONENTS for root in places] if components is None else components
        self._loader = Loader(places, [Path(place) for place in beside])
        self._library = Library(self._loader, globals, filters, checks, of_request=of_request, reload=reload)
        self.compiled_files = CompiledFiles(Path(compiled), self._library) if compiled is not None else None
        self._cache = Cache(self._compile, reload=reload)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The directories, in the order in which they are searched."""
        return self._loader.roots

    @property
    def globals(self) -> Mapping[str, object]:
        """The helpers and values that every template sees, Spica's own builtins among them."""
        return self._library.globals

    @property
    def components(self) -> tuple[Path, ...]:
        """The directories of components."""
        return self._loader.components

    def render(self, name: str, /, **locals: object) -> str:
        """Render a template.

        Args:    name: path below a root without suffix, such as "posts/index"; locals: the template's names.
        Returns: the whole text.
        Raises:  TemplateNotFound; TemplateError subclasses for mistakes in it; TemplateNameError for a name that is not
                 given; what its expressions raise, with the template's lines in the traceback.
        """
        return self._cache.get(name).render_with(locals)

    def render_with(self, name: str, locals: Mapping[str, object], ctx: object) -> str:
        """Render a template for a request.

        Args:    locals: the template's names; ctx: what `@uses_context` helpers get, also the template's `ctx`.
        Returns, Raises: as `render`.
        """
        return self._cache.get(name).render_with(locals, ctx)

    def render_in(self, layout: str | None, name: str, locals: Mapping[str, object], ctx: object) -> str:
        """Render a template for a request in another layout than it names.

        Args:    layout: for a template that extends nothing, whose text becomes the layout's block `content`; None
                 renders what the template itself has for its layout: its block `content`, else all of its blocks.
        Returns, Raises: as `render`.
        """
        return self._cache.get(f"{name}{_IN}{layout or ''}").render_with(locals, ctx)

    def stream(self, name: str, /, **locals: object) -> Iterator[str]:
        """Render a template in chunks, each when it is asked for: for long pages and files.

        Args:    as `render`.
        Returns: chunks of 16 Ki characters and more, what is left at the end; together the text of `render`.
        Raises:  as `render`, for what goes wrong before the first chunk is complete; later the iterator raises it.
        """
        return self.stream_with(name, locals, None)

    def stream_with(self, name: str, locals: Mapping[str, object], ctx: object) -> Iterator[str]:
        """Render a template for a request in chunks. Args, Returns, Raises: as `render_with` and `stream`."""
        chunks = self._cache.get(f"{name}{_STREAM}").stream_with(locals, ctx)
        first = next(chunks, "")
        return chain([first], chunks)

    def render_fragment(self, name: str, fragment: str, locals: Mapping[str, object], ctx: object = None) -> str:
        """Render one `{% fragment %}` of a template, without what is around it.

        Args:    fragment: its name; locals: what it uses, the variables of loops around it included.
        Returns: its text.
        Raises:  as `render`; UnknownFragmentError when the template has no such fragment.
        """
        return self._cache.get(f"{name}{_PART}{fragment}").render_with(locals, ctx)

    def has_fragment(self, name: str, fragment: str) -> bool:
        """Whether a template has a fragment that can be rendered with what the page gets: one outside of every loop.

        Raises: as `render`, for mistakes in the template.
        """
        document = self._library.document(name)
        return fragment in document.fragments and loop_names(only_fragment(document, fragment)) == {"loop"}

    def get(self, name: str) -> Template:
        """The compiled template, to render it often or to ask what it needs.

        Raises: as `render`, but nothing that depends on values.
        """
        return self._cache.get(name)

    def digest(self, name: str, *, required: bool = False) -> str:
        """A text that is another one when the template, or a file that it includes or extends, is.

        Args:    required: whether there must be one.
        Returns: "" for a name that no template has.
        Raises:  TemplateNotFound where one is required; TemplateError for one that can't be compiled.
        """
        return self._cache.get(name).digest if required or (name and self.has(name)) else ""

    def has(self, name: str) -> bool:
        """Whether a template of this name exists; it may still be wrong."""
        return self._loader.find(name) is not None

    def find(self, name: str) -> Path | None:
        """The file of a template; None when there is none."""
        return self._loader.find(name)

    def names(self) -> list[str]:
        """The names of all templates, sorted."""
        return self._loader.names()

    def check(self) -> list[TemplateError]:
        """Compile every template.

        Returns: one error for each mistake found, in the order of the templates' names; [] when all are right. A
                 mistake in a layout is reported once, not for every page that extends it.
        """
        errors: dict[str, TemplateError] = {}
        for name in [*self._loader.component_names(), *self.names()]:
            try:
                self._cache.get(name)
                for fragment in self._library.document(name).fragments:
                    self._cache.get(f"{name}{_PART}{fragment}")
            except TemplateError as error:
                errors.setdefault(str(error), error)
        return list(errors.values())

    def build(self) -> list[TemplateError]:
        """Compile every template into the folder `compiled`, so that a server finds them ready, and remove old entries.

        Returns: as `check`. Pages are built with their layout and without, and each of their fragments.
        """
        errors = self.check()
        wrong = {error.path for error in errors}
        for name in self.names():
            if str(self.find(name)) in wrong:
                continue
            with contextlib.suppress(TemplateError):  # of a file that it uses: told above
                if self._library.document(name).extends is not None:
                    self._cache.get(f"{name}{_IN}")
        if self.compiled_files is not None and not errors:
            self.compiled_files.prune()
        return errors

    def _compile(self, name: str) -> Template:
        files = self.compiled_files
        compiled = files.load(name) if files is not None else None
        if compiled is None:
            compiled = compile_template(self._document(name), self._library, streams=name.endswith(_STREAM))
            if files is not None:
                files.save(name, *compiled)
        return link_template(compiled, self._library, self._include, self.block_cache)

    def _document(self, name: str) -> Document:
        """The document that is compiled for a name of the cache."""
        name = name.removesuffix(_STREAM)
        name, part, fragment = name.partition(_PART)
        if part:
            return only_fragment(self._library.document(name), fragment)
        name, chosen, given = name.partition(_WITH)
        if chosen:
            document = self._library.document(self._library.partial(name))
            return replace(document, context=tuple(given.split(",")))
        name, chosen, layout = name.partition(_IN)
        document = self._library.document(name)
        if chosen:
            return put_into(document, layout) if layout else without_layout(document)
        return document

    def _include(
        self, format: str, name: object, arguments: Mapping[str, object], given: Mapping[str, object], ctx: object
    ) -> str:
        key = str(name)
        if format_of(key) != format:
            raise UnsafeContextError(
                f"{key!r} is included by a value into {format}",
                why="it is rendered on its own, and escaped for another format",
                fix="include it by a name in quotes: then it is escaped for the place where it stands",
            )
        if THIS in given:
            key += _WITH + ",".join(sorted(given))
        template = self._cache.get(key)
        if template.gives_contents:
            raise MisplacedContentError(
                f"{name!r} has a content_for, and is included by a value",
                where=str(template.path),
                why="it is rendered on its own, and does not know the places of the page's layout",
                fix="include it by a name in quotes, or move its content_for into the page",
            )
        return template.call(arguments, given, ctx)
