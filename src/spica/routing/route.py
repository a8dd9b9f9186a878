"""One route: a method and a pattern, what answers them, and what `spica routes` and path helpers need to know."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, TypedDict, cast

from spica.errors import closest
from spica.http.events import KEEP_ALIVE_S
from spica.routing.errors import InvalidRouteOptionError, InvalidTargetError
from spica.routing.location import Location
from spica.routing.operation_docs import NO_DOCS, DocsOptions, OperationDocs, build_docs
from spica.routing.pattern import Pattern, join_patterns, parse_pattern

Handler: TypeAlias = Callable[..., object]

# What a browser sends as Origin, or "*" for any.
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/\s]+", re.IGNORECASE)


class RouteOptions(DocsOptions, total=False):
    """What every verb accepts besides its pattern.

    `name` (of the path helper), `pipe` (names of pipelines, default the surrounding scope's), `status` (of a successful
    response, default 200), `summary` and `tags` (for `spica routes` and API documents), `vital` (answered even when so
    many requests wait that others get a 503: health checks); and what `DocsOptions` has.
    """

    name: str | None
    pipe: str | list[str] | tuple[str, ...] | None
    status: int
    summary: str
    tags: list[str] | tuple[str, ...]
    vital: bool


class SocketOptions(TypedDict, total=False):
    """What a WebSocket's route accepts besides its pattern.

    `name`, `pipe`, `summary` and `tags` as in `RouteOptions`; `origins` (of the pages that may connect, such as
    `https://app.example`, or `*`; default those of [server.websocket], else the application's own).
    """

    name: str | None
    pipe: str | list[str] | tuple[str, ...] | None
    summary: str
    tags: list[str] | tuple[str, ...]
    origins: str | list[str] | tuple[str, ...]


class EventsOptions(RouteOptions, total=False):
    """What `sse` accepts besides its pattern.

    As `RouteOptions`; `keep_alive_s`: seconds of silence after which a comment is sent, default 15, 0 for never.
    """

    keep_alive_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the route table.

    `target` is a function or `"folder/controller#action"`. `pipe` None means: the application's default pipeline.
    `is_socket`: it is a WebSocket, asked for with GET; `origins` of the pages that may connect, None for the default.
    `keep_alive_s`: of a stream of server-sent events, None where the route answers with something else.
    `name_given` tells a name that the user chose from one taken from the function or the pattern.
    """

    method: str
    pattern: Pattern
    target: Handler | str
    where: Location
    name: str | None = None
    name_given: bool = False
    pipe: tuple[str, ...] | None = None
    status: int = 200
    summary: str = ""
    tags: tuple[str, ...] = ()
    vital: bool = False
    is_socket: bool = False
    origins: tuple[str, ...] | None = None
    keep_alive_s: float | None = None
    docs: OperationDocs = NO_DOCS

    @property
    def is_events(self) -> bool:
        """Whether it answers with a stream of server-sent events."""
        return self.keep_alive_s is not None

    @property
    def verb(self) -> str:
        """The method for people: "WS" for a WebSocket, "SSE" for a stream of events."""
        return "WS" if self.is_socket else "SSE" if self.is_events else self.method

    @property
    def target_name(self) -> str:
        """What answers, as text: `posts#show`, or the function's qualified name."""
        if isinstance(self.target, str):
            return self.target
        return str(getattr(self.target, "__qualname__", None) or type(self.target).__qualname__)

    @property
    def origin(self) -> str:
        """What answers and where that was declared; the core puts method and pattern behind it."""
        return f"{self.target_name}  {self.where}"

    @property
    def label(self) -> str:
        """One line that names the route in messages: target, method, pattern, place."""
        return f"{self.target_name}  {self.verb} {self.pattern}  {self.where}"

    def under(self, prefix: str, pipe: tuple[str, ...] | None = None) -> Route:
        """The same route below a prefix, as mounting makes it; its own `pipe` wins over the given one."""
        pattern = parse_pattern(join_patterns(prefix, self.pattern.text), self.where)
        return replace(self, pattern=pattern, pipe=self.pipe if self.pipe is not None else pipe)


def build_route(
    method: str, pattern: str, target: Handler | str, where: Location, options: RouteOptions, *, name: str | None = None
) -> Route:
    """Make a route from what a verb got; `name` is used where the options give none."""
    _check_options(options, RouteOptions, where)
    given = options.get("name")
    return Route(
        method=method,
        pattern=parse_pattern(pattern, where),
        target=target,
        where=where,
        name=given or name,
        name_given=given is not None,
        pipe=build_pipe(options.get("pipe")),
        status=options.get("status", 200),
        summary=options.get("summary", ""),
        tags=tuple(options.get("tags", ())),
        vital=options.get("vital", False),
        docs=build_docs(options, where),
    )


def build_events_route(
    pattern: str, target: Handler | str, where: Location, options: EventsOptions, *, name: str | None = None
) -> Route:
    """Make the route of a stream of events from what `sse` got."""
    _check_options(options, EventsOptions, where)
    keep_alive_s: object = options.get("keep_alive_s", KEEP_ALIVE_S)
    if isinstance(keep_alive_s, bool) or not isinstance(keep_alive_s, int | float) or not 0 <= keep_alive_s < math.inf:
        raise InvalidRouteOptionError(
            f"keep_alive_s is {keep_alive_s!r}",
            where=str(where),
            why="it is the seconds of silence after which a comment is sent",
            fix="give a number such as 15, or 0 to send none",
        )
    given = {key: value for key, value in options.items() if key != "keep_alive_s"}
    route = build_route("GET", pattern, target, where, cast(RouteOptions, given), name=name)
    return replace(route, keep_alive_s=float(keep_alive_s))


def build_socket_route(
    pattern: str, target: Handler | str, where: Location, options: SocketOptions, *, name: str | None = None
) -> Route:
    """Make a WebSocket's route from what `ws` got."""
    _check_options(options, SocketOptions, where)
    given = options.get("name")
    origins = options.get("origins")
    origins = (origins,) if isinstance(origins, str) else origins
    for origin in origins or ():
        if not _ORIGIN.fullmatch(origin):
            raise InvalidRouteOptionError(
                f"{origin!r} is no origin",
                where=str(where),
                why="a browser names the page's scheme and host, and nothing else",
                fix=f"write {_guess_origin(origin)}",
            )
    return Route(
        method="GET",
        pattern=parse_pattern(pattern, where),
        target=target,
        where=where,
        name=given or name,
        name_given=given is not None,
        pipe=build_pipe(options.get("pipe")),
        summary=options.get("summary", ""),
        tags=tuple(options.get("tags", ())),
        is_socket=True,
        origins=None if origins is None else tuple(origins),
    )


def build_pipe(pipe: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Read a `pipe=` option: one name, several, or None for "as around"."""
    if pipe is None:
        return None
    return (pipe,) if isinstance(pipe, str) else tuple(pipe)


def _check_options(options: Mapping[str, object], kind: type, where: Location) -> None:
    """Refuse misspelt options, which `**options` would take."""
    for name in options:
        if name not in kind.__annotations__:  # of a TypedDict: its bases' too
            known = sorted(kind.__annotations__)
            near = closest(name, known)
            raise InvalidRouteOptionError(
                f"a route has no option {name!r}",
                where=str(where),
                fix=f"did you mean {near[0]}?" if near else f"it may be {', '.join(known)}",
            )


def check_target(target: object, where: Location) -> Handler | str:
    """Refuse what can't answer a request.

    Raises: InvalidTargetError when it is neither callable nor `"controller#action"`.
    """
    if isinstance(target, str):
        controller, _, action = target.partition("#")
        if controller and action.isidentifier():
            return target
        raise InvalidTargetError(
            f"the route points at {target!r}",
            where=str(where),
            why="a target is written controller#action",
            fix=f"write {_guess_target(target)}",
        )
    if callable(target):
        return target
    raise InvalidTargetError(
        f"the route points at {target!r}, which can't be called",
        where=str(where),
        fix='give a function, or "controller#action"',
    )


def _guess_origin(text: str) -> str:
    """`app.example` and `https://app.example/` were meant to be https://app.example."""
    scheme, _, rest = text.rpartition("://")
    return f"{scheme or 'https'}://{rest.partition('/')[0] or 'app.example'}"


def _guess_target(target: str) -> str:
    """`posts.index` and `posts` were meant to be posts#index."""
    controller, _, action = target.replace(".", "#", 1).partition("#")
    return f"{controller or 'home'}#{action if action.isidentifier() else 'index'}"
