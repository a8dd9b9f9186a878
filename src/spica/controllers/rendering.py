"""Rendering: from what a handler returned, or passed to `render`, to a Response.

Rules of this file:
- A Response goes out as it is; None is 204; text is text/plain; octets are octets; a generator is sent while it runs;
  anything else is JSON.
- `render` answers with HTML unless the client prefers JSON, which gets the values that were passed by name, no more.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterator, Mapping
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Protocol

from spica.controllers.errors import NoTemplatesError, UnsupportedResultError
from spica.http.request import Request
from spica.http.response import Response


class Renderer(Protocol):
    """What actions need of templates; `spica.templates.Templates` is one."""

    def render_with(self, name: str, locals: dict[str, Any], ctx: object) -> str:
        """Render a template with these names; `ctx` goes to functions that ask for it."""


class NoRenderer:
    """Stands in for templates in an application that has none."""

    def render_with(self, name: str, locals: dict[str, Any], ctx: object) -> str:
        """Refuse, and say how to get templates."""
        raise NoTemplatesError(
            f"the template {name!r} can't be rendered",
            why="this application has no templates",
            fix="App(root=Path(__file__).parent) reads those in app/views; App(templates=...) takes another folder",
        )


def build_response(value: object, status: int = 200) -> Response:
    """Make a response of a handler's return value.

    Args:    value: Response, str, bytes, None, or anything with a JSON form; status: of a successful response.
    Raises:  UnencodableValue when it has no JSON form, UnsupportedResultError for a coroutine.
    """
    if isinstance(value, Response):
        return value
    if isinstance(value, GeneratorType | AsyncGeneratorType):
        streamed: Response = Response.stream(value, status=status)
        return streamed
    if isinstance(value, CoroutineType):
        raise _unsupported(value)
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


def prefers_json(request: Request) -> bool:
    """Whether the client asked for JSON rather than HTML; "anything" means HTML."""
    return request.accepts("html", "json") == "json"


def build_rendered(
    renderer: Renderer, template: str, ctx: Any, passed: Mapping[str, Any], around: Mapping[str, Any], status: int
) -> Response:
    """Answer with a template or with JSON, by what the client asked for.

    Args:    template: its name; passed: what the action passed by name; around: names that only templates see.
    """
    if passed and prefers_json(ctx.request):
        response = Response.json(passed, status=status)
    else:
        response = Response.html(renderer.render_with(template, {**around, **passed}, ctx), status=status)
    if passed:
        response.add_header("vary", "Accept")
    return response


def _unsupported(value: CoroutineType[Any, Any, Any]) -> UnsupportedResultError:
    value.close()
    return UnsupportedResultError(
        "the handler returned a coroutine",
        where=f"{value.__qualname__}()",
        why="a response needs the value itself",
        fix="await it in an `async def` handler",
    )
