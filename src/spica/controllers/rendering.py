"""Rendering: from what a handler returned, or passed to `render`, to a Response.

Rules of this file:
- A Response goes out as it is; None is 204; text is text/plain; octets are octets; a generator is sent while it runs;
  anything else is JSON.
- A template that is no HTML (`feed.xml`, `mail.txt`) is answered as what it is, with no other form to choose.
- `render` answers with HTML unless the client or the route's format asks for JSON: that gets the values that were
  passed by name, no more, and a model's hidden fields never.
- htmx, where it swaps a part of a page, gets the fragment that is named like its target, else the page without layout.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterator, Mapping, Sequence
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, NamedTuple, Protocol

from spica.controllers.errors import NoTemplatesError, UnsupportedResultError
from spica.errors.http import NotAcceptable
from spica.http.htmx import VARY
from spica.http.negotiation import choose, type_of
from spica.http.problem import build_problem, respond_with
from spica.http.response import Response
from spica.templates.formats import HTML, MEDIA_TYPES, format_of
from spica.validation import Errors

_PAGE = ("html",)
_PAGE_OR_JSON = ("html", "json")
_VARY_TO_HTMX = ", ".join(VARY)
_VARY = VARY[0]
# What runs when it is asked for; nothing derives from these.
_RUNNING = frozenset([GeneratorType, AsyncGeneratorType, CoroutineType])


class Renderer(Protocol):
    """What actions need of templates; `spica.templates.Templates` is one."""

    def render_with(self, name: str, locals: dict[str, Any], ctx: object) -> str:
        """Render a template with these names; `ctx` goes to functions that ask for it."""

    def render_in(self, layout: str | None, name: str, locals: dict[str, Any], ctx: object) -> str:
        """Render a template that names no layout in this one; None: any template without its layout."""

    def render_fragment(self, name: str, fragment: str, locals: dict[str, Any], ctx: object) -> str:
        """Render one `{% fragment %}` of a template alone."""

    def has(self, name: str) -> bool:
        """Whether there is a template of this name, in any syntax."""

    def has_fragment(self, name: str, fragment: str) -> bool:
        """Whether a template has a `{% fragment %}` of this name that needs nothing but what the page needs."""

    def digest(self, name: str, *, required: bool = False) -> str:
        """A text that is another one when a template or what it includes or extends is; "" where there is none.

        Raises: TemplateNotFound, where one is required.
        """


class NoRenderer:
    """Stands in for templates in an application that has none."""

    def has(self, name: str) -> bool:
        """There is none."""
        return False

    def has_fragment(self, name: str, fragment: str) -> bool:
        """There is none."""
        return False

    def digest(self, name: str, *, required: bool = False) -> str:
        """There is none."""
        return self.render_with(name, {}, None) if required else ""

    def render_fragment(self, name: str, fragment: str, locals: dict[str, Any], ctx: object) -> str:
        """Refuse, as `render_with`."""
        return self.render_with(name, locals, ctx)

    def render_in(self, layout: str | None, name: str, locals: dict[str, Any], ctx: object) -> str:
        """Refuse, as `render_with`."""
        return self.render_with(name, locals, ctx)

    def render_with(self, name: str, locals: dict[str, Any], ctx: object) -> str:
        """Refuse, and say how to get templates."""
        raise NoTemplatesError(
            f"the template {name!r} can't be rendered",
            why="this application has no templates",
            fix="App(root=Path(__file__).parent) reads those in app/views; App(templates=...) takes another folder",
        )


class View(NamedTuple):
    """A template to render.

    Args:    renderer: the application's templates; template: its full name; around: what it sees besides what it is
             passed; layout: for a template that names none, None for no layout at all, "" for what the template says;
             fragment: the one part of the template that is rendered, None for all of it; oob: fragments that htmx puts
             into the elements of these ids besides.
    """

    renderer: Renderer
    template: str
    around: Mapping[str, Any]
    layout: str | None
    fragment: str | None = None
    oob: Sequence[str] = ()

    def render_plain(self, ctx: Any, values: dict[str, Any]) -> str:
        """The text of a template that is no HTML: in the layout that it names itself, for htmx too."""
        if self.fragment is not None:
            return self.renderer.render_fragment(self.template, self.fragment, values, ctx)
        return self.renderer.render_with(self.template, values, ctx)

    def render(self, ctx: Any, values: dict[str, Any]) -> str:
        """The text: for htmx, which swaps a part of a page, that part."""
        if ctx.request.native.field("hx-request") != "true" or not ctx.htmx.wants_fragment:
            return self._render_page(ctx, values, self.fragment, self.layout)
        fragment = self.fragment
        if fragment is None:
            target = ctx.htmx.target
            fragment = target if target is not None and self.renderer.has_fragment(self.template, target) else None
        parts = [self._render_page(ctx, values, fragment, None)]
        for name in self.oob:
            parts.append(ctx.htmx.render_oob(name, self.renderer.render_fragment(self.template, name, values, ctx)))
        return "".join(parts)

    def _render_page(self, ctx: Any, values: dict[str, Any], fragment: str | None, layout: str | None) -> str:
        if fragment is not None:
            return self.renderer.render_fragment(self.template, fragment, values, ctx)
        if layout == "":
            return self.renderer.render_with(self.template, values, ctx)
        return self.renderer.render_in(layout, self.template, values, ctx)


def media_type(template: str) -> str:
    """What the text of a template is, by its name: "feed.xml" is XML. What is no HTML is not escaped as HTML."""
    return MEDIA_TYPES[format_of(template)]


def build_response(value: object, status: int = 200) -> Response:
    """Make a response of a handler's return value.

    Args:    value: Response, str, bytes, None, or anything with a JSON form; status: of a successful response.
    Raises:  UnencodableValue when it has no JSON form, UnsupportedResultError for a coroutine.
    """
    if isinstance(value, Response):
        return value
    if type(value) in _RUNNING:
        if isinstance(value, CoroutineType):
            raise _unsupported(value)
        streamed: Response = Response.stream(value, status=status)
        return streamed
    return Response.ok(value, status=status)


def build_events(value: object, keep_alive_s: float) -> Response:
    """Make a response of what the handler of an event stream returned: a Response, or an iterable of events.

    Raises:  UnsupportedResultError for anything else.
    """
    if isinstance(value, Response):
        return value
    if isinstance(value, CoroutineType):
        raise _unsupported(value)
    if isinstance(value, AsyncIterable | Iterator):
        return Response.events(value, keep_alive_s=keep_alive_s)
    raise UnsupportedResultError(
        f"the handler of an event stream returned {type(value).__name__}",
        why="what it yields are the events",
        fix='write async def, and yield Event({"n": 1}, event="tick"); a Response refuses the stream',
    )


def build_rendered(view: View, ctx: Any, passed: Mapping[str, Any], status: int) -> Response:
    """Answer with a page, the part of it that htmx swaps, or JSON, by what the client asked for.

    Args:    view: the template and what it is rendered with; passed: what the action passed by name, and JSON shows.
    Raises:  NotAcceptable (a 406) when the client wants none of them; an error is sent as a page all the same.
    """
    offers = _PAGE_OR_JSON if passed else _PAGE
    if format_of(view.template) != HTML:
        return Response(view.render_plain(ctx, {**view.around, **passed}), status, None, media_type(view.template))
    format = ctx.path_params.get("format")
    chosen = choose(format, ctx.request.native.field("accept"), offers)
    if chosen is None and status < 400:
        raise NotAcceptable(f"this address answers with {' and '.join(type_of(name) for name in offers)}")
    if chosen == "json":
        response = _build_json(passed, status)
    else:
        response = Response.html(view.render(ctx, {**view.around, **passed}), status=status)
    vary = _VARY_TO_HTMX if ctx.request.native.field("hx-request") == "true" else _VARY
    response.fields.append(("vary", f"Accept, {vary}" if passed else vary))
    return response


def _build_json(passed: Mapping[str, Any], status: int) -> Response:
    """The values as JSON; those that are not valid as problem details, where the action says that it failed."""
    if status >= 400:
        errors = [error for value in passed.values() for error in _errors_of(value)]
        if errors:
            return respond_with(build_problem(status, "some values were refused", errors=errors))
    return Response.json(passed, status=status)


def _errors_of(value: object) -> list[dict[str, str]]:
    errors = getattr(value, "errors", None)
    if not isinstance(errors, Errors):
        return []
    return [{"source": "body", "name": name, "message": message} for name, message in errors]


def _unsupported(value: CoroutineType[Any, Any, Any]) -> UnsupportedResultError:
    value.close()
    return UnsupportedResultError(
        "the handler returned a coroutine",
        where=f"{value.__qualname__}()",
        why="a response needs the value itself",
        fix="await it in an `async def` handler",
    )
