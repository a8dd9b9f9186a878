"""`Templates`: the public face, from directories of files to rendered text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

from spica.templates.block_cache import BlockCache
from spica.templates.cache import Cache
from spica.templates.compiler import compile_template
from spica.templates.errors import MisplacedContentError, TemplateError, UnsafeContextError
from spica.templates.formats import format_of
from spica.templates.fragments import loop_names, only_fragment
from spica.templates.inheritance import put_into, without_layout
from spica.templates.library import Library
from spica.templates.loader import Loader
from spica.templates.runtime import Template
from spica.templates.syntaxes.handlebars_paths import THIS
from spica.templates.uses import UseCheck

# Between a template and its layout, its fragment, or the names that it is given beside its context, in the cache's
# names; no file's name has them.
_IN, _PART, _WITH = "\0", "\1", "\2"


COMPONENTS = "components"


class Templates:
    """All templates under some directories.

    Args: roots: directories, searched in order; globals: helpers and values that every template sees (functions
          decorated with `@uses_context` get the request's context first); filters: functions that can stand after `|`,
          besides Spica's own and the globals; checks: by name of a global, a function of an attribute's name and how
          it is called, which returns the error that this use deserves or None; components: directories of components,
          default `components` beside each root; reload: compile again what has changed on disk, for development;
          cache: keeps what `{% cache %}` holds, default one of 16 MiB for these templates alone.

    Example:
        Templates("app/views").render("posts/index", posts=posts)
    """

    def __init__(
        self,
        *roots: str | PathLike[str],
        globals: Mapping[str, object] | None = None,
        filters: Mapping[str, Callable[..., object]] | None = None,
        checks: Mapping[str, UseCheck] | None = None,
        components: Sequence[str | PathLike[str]] | None = None,
        reload: bool = False,
        cache: BlockCache | None = None,
    ) -> None:
        self.block_cache = BlockCache() if cache is None else cache
        places = [Path(root) for root in roots]
        beside = [root.parent / COMPONENTS for root in places] if components is None else components
        self._loader = Loader(places, [Path(place) for place in beside])
        self._library = Library(self._loader, globals, filters, checks, reload=reload)
        self._cache = Cache(self._compile, reload=reload)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The directories, in the order in which they are searched."""
        return self._loader.roots

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

    def _compile(self, name: str) -> Template:
        name, part, fragment = name.partition(_PART)
        if part:
            document = only_fragment(self._library.document(name), fragment)
            return compile_template(document, self._library, self._include, self.block_cache)
        name, chosen, given = name.partition(_WITH)
        if chosen:
            document = replace(self._library.document(self._library.partial(name)), context=tuple(given.split(",")))
            return compile_template(document, self._library, self._include, self.block_cache)
        name, chosen, layout = name.partition(_IN)
        document = self._library.document(name)
        if chosen:
            document = put_into(document, layout) if layout else without_layout(document)
        return compile_template(document, self._library, self._include, self.block_cache)

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
