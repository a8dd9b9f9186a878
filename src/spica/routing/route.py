"""One route: a method and a pattern, what answers them, and what `spica routes` and path helpers need to know."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, TypedDict, cast

from spica.errors import closest
from spica.http.events import KEEP_ALIVE_S
from spica.routing.errors import InvalidRouteOptionError, InvalidTargetError
from spica.routing.location import Location
from spica.routing.operation_docs import NO_DOCS, DocsOptions, OperationDocs, build_docs
from spica.routing.pattern import Constraints, Pattern, join_patterns, parse_pattern

Handler: TypeAlias = Callable[..., object]

# What a mounted application is asked with: RFC 9110, RFC 5789, WebDAV (RFC 4918, 3253, 3744, 5323) and QUERY.
MOUNTED_METHODS = (
    *("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "PROPPATCH", "MKCOL", "COPY"),
    *("MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "ACL", "MKCALENDAR"),
)
# What clients of channels put behind the address of a socket, for the transport.
WEBSOCKET = "websocket"
ANY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What a browser sends as Origin, or "*" for any.
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/\s]+", re.IGNORECASE)


Predicate: TypeAlias = Callable[[Any], object]
Origins: TypeAlias = str | list[str] | tuple[str, ...] | None
Kind: TypeAlias = Literal["http", "ws", "socket", "fallback", "mount"]
Names: TypeAlias = "str | list[str] | tuple[str, ...] | None"


class DemandOptions(TypedDict, total=False):
    """What a route, or all routes of a scope, may demand of a request besides method and path.

    `host` (`"admin.example.com"`, `"{tenant}.example.com"`), `subdomain` (of the application's own domain), `where`
    (regular expressions, or lists of texts, by parameters' names), `when` (a function of the `Request` that says
    whether the route takes it; the content is not here yet), `format` (the formats it answers in: at `{format}`, or
    at the end of the path, behind a dot, where the pattern has no `{format}`).
    """

    host: str | None
    subdomain: str | None
    where: Constraints
    when: Predicate | None
    format: str | list[str] | tuple[str, ...]


class RouteOptions(DemandOptions, DocsOptions, total=False):
    """What every verb accepts besides its pattern.

    `name` (of the path helper), `pipe` (names of pipelines, default the surrounding scope's), `status` (of a successful
    response, default 200), `summary` and `tags` (for `spica routes` and API documents), `vital` (answered even when so
    many requests wait that others get a 503: health checks); and what `DemandOptions` and `DocsOptions` have.
    """

    name: str | None
    pipe: Names
    status: int
    summary: str
    tags: list[str] | tuple[str, ...]
    vital: bool


class RedirectOptions(RouteOptions, total=False):
    """What a redirect accepts besides its pattern and its address.

    `status` (301, 302, 303, 307 or 308; default 301), `keep_query` (whether the request's query goes along, default
    not); and what `RouteOptions` has.
    """

    keep_query: bool


class EventsOptions(RouteOptions, total=False):
    """What `sse` accepts besides its pattern.

    As `RouteOptions`; `keep_alive_s`: seconds of silence after which a comment is sent, default 15, 0 for never.
    """

    keep_alive_s: float


class SocketOptions(DemandOptions, total=False):
    """What a WebSocket's route accepts besides its pattern.

    `name`, `pipe`, `summary` and `tags` as in `RouteOptions`; `origins` (of the pages that may connect, such as
    `https://app.example`, or `*`; default those of [server.websocket], else the application's own).
    """

    name: str | None
    pipe: Names
    summary: str
    tags: list[str] | tuple[str, ...]
    origins: Origins


@dataclass(frozen=True, slots=True)
class Demands:
    """What is demanded of a request besides method and path.

    `inherited` constraints count where a pattern has the parameter; `where` must name parameters that there are.
    """

    host: str | None = None
    subdomain: str | None = None
    where: Constraints = field(default_factory=dict)
    inherited: Constraints = field(default_factory=dict)
    when: tuple[Predicate, ...] = ()
    formats: tuple[str, ...] = ()

    def inside(self, outer: Demands) -> Demands:
        """These demands in a scope that has its own.

        The nearer host, format and constraint count, every `when` does.
        """
        has_host = self.host is not None or self.subdomain is not None
        return Demands(
            host=self.host if has_host else outer.host,
            subdomain=self.subdomain if has_host else outer.subdomain,
            where=self.where,
            inherited={**outer.inherited, **outer.where, **self.inherited},
            when=(*outer.when, *self.when),
            formats=self.formats or outer.formats,
        )


NO_DEMANDS = Demands()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the route table.

    `target` is a function or `"folder/controller#action"`. `pipe` None means: the application's default pipeline.
    `kind`: "ws" for a WebSocket, asked for with GET, "socket" for one with channels, whose `target` is a class;
    "fallback" for what answers where no route does, "mount" for an ASGI application, which answers all methods and
    WebSockets and is `is_mounted` in each of its variants; `origins` of the pages that may connect to a WebSocket, None
    for the default. `keep_alive_s`: of a stream of server-sent events, None where the route answers with something
    else. `name_given` tells a name that the user chose from one taken from the function or the pattern. `redirects_to`
    is what people read of a redirect.
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
    kind: Kind = "http"
    demands: Demands = NO_DEMANDS
    origins: tuple[str, ...] | None = None
    redirects_to: str = ""
    keep_alive_s: float | None = None
    is_mounted: bool = False
    docs: OperationDocs = NO_DOCS

    @property
    def is_socket(self) -> bool:
        """Whether it is a WebSocket."""
        return self.kind in ("ws", "socket")

    @property
    def verb(self) -> str:
        """The method for people: "WS" for a WebSocket, "SOCKET" for channels, "SSE" for events, "*" for the rest."""
        return {"http": "SSE" if self.is_events else self.method, "ws": "WS", "socket": "SOCKET"}.get(self.kind, "*")

    @property
    def is_events(self) -> bool:
        """Whether it answers with a stream of server-sent events."""
        return self.keep_alive_s is not None

    @property
    def shape(self) -> tuple[str, tuple[int, ...]]:
        """What two routes have in common that take the same requests but for the method."""
        return (self.pattern.shape, tuple(id(predicate) for predicate in self.demands.when))

    @property
    def has_optional_format(self) -> bool:
        """Whether a format may follow the path, behind a dot."""
        ends_in_text = self.pattern.segments[-1] != ("",) and self.kind == "http"
        is_rest = any(parameter.converter.native == "path" for parameter in self.pattern.parameters)
        return bool(self.demands.formats) and ends_in_text and not is_rest and "format" not in self.pattern.names

    @property
    def shown(self) -> str:
        """The pattern for people: `/posts(.{format})` where the format may be left out."""
        return f"{self.pattern.text}(.{{format}})" if self.has_optional_format else self.pattern.text

    @property
    def variants(self) -> tuple[Route, ...]:
        """The route, and where the format may be left out, the one that has it; of a mount, one for each method; of
        channels, the address with the `/websocket` that clients put behind it."""
        if self.kind == "socket":
            return (self, self._at(join_patterns(self.pattern.text, WEBSOCKET), self.demands))
        if self.kind == "mount":
            demands = replace(self.demands, when=(*self.demands.when, asks_for_socket))
            socket = replace(self, kind="ws", is_mounted=True, demands=demands)
            return (socket, *(replace(self, method=method, is_mounted=True) for method in MOUNTED_METHODS))
        if not self.has_optional_format:
            return (self,)
        return (self, self._at(self.pattern.text + ".{format}", replace(self.demands, subdomain=None)))

    @property
    def target_name(self) -> str:
        """What answers, as text: `posts#show`, or the function's qualified name."""
        if isinstance(self.target, str):
            return self.target
        if self.redirects_to:
            return f"redirect to {self.redirects_to}"
        if self.kind == "mount" or self.is_mounted:
            return name_asgi(self.target)
        return str(getattr(self.target, "__qualname__", None) or type(self.target).__qualname__)

    @property
    def origin(self) -> str:
        """What answers and where that was declared; the core puts method and pattern behind it."""
        return f"{self.target_name}  {self.where}"

    @property
    def label(self) -> str:
        """One line that names the route in messages: target, method, pattern, place."""
        return f"{self.target_name}  {self.verb} {self.pattern}  {self.where}"

    def under(self, prefix: str, pipe: tuple[str, ...] | None = None, demands: Demands | None = None) -> Route:
        """The same route below a prefix, as mounting makes it; its own `pipe` and demands win over the given ones."""
        inner = self.demands.inside(demands) if demands is not None else self.demands
        text = join_patterns(prefix, self.pattern.text) if prefix else self.pattern.text
        return replace(self._at(text, inner), pipe=self.pipe if self.pipe is not None else pipe)

    def on_domain(self, domain: str) -> Route:
        """The same route with its subdomain put before the application's own domain."""
        if self.demands.subdomain is None:
            return self
        return self._at(self.pattern.text, replace(self.demands, host=f"{self.demands.subdomain}.{domain}"))

    def _at(self, text: str, demands: Demands) -> Route:
        return replace(self, pattern=build_pattern(text, self.where, demands), demands=demands)


def build_pattern(text: str, where: Location, demands: Demands) -> Pattern:
    """Read a pattern with what is demanded of its parameters."""
    pattern = parse_pattern(text, where, host=demands.host)
    if demands.formats and "format" in pattern.names:
        choices: Constraints = {"format": demands.formats}
    else:
        choices = {}
    # A format that may be left out has its constraint in the other variant; a subdomain's are checked when it is known.
    known = {
        name: demand
        for name, demand in demands.where.items()
        if name in pattern.names or (demands.subdomain is None or demands.host is not None)
    }
    inherited = {name: demand for name, demand in demands.inherited.items() if name in pattern.names}
    every = {**inherited, **choices, **known}
    return parse_pattern(text, where, host=demands.host, demands=every) if every else pattern


def build_route(
    method: str, pattern: str, target: Handler | str, where: Location, options: RouteOptions, *, name: str | None = None
) -> Route:
    """Make a route from what a verb got; `name` is used where the options give none."""
    check_options(options, RouteOptions, where)
    given = options.get("name")
    demands = build_demands(options, where)
    return Route(
        method=method,
        pattern=build_pattern(pattern, where, demands),
        target=target,
        where=where,
        name=given or name,
        name_given=given is not None,
        pipe=build_pipe(options.get("pipe")),
        status=options.get("status", 200),
        summary=options.get("summary", ""),
        tags=tuple(options.get("tags", ())),
        vital=options.get("vital", False),
        demands=demands,
        docs=build_docs(options, where),
    )


def build_events_route(
    pattern: str, target: Handler | str, where: Location, options: EventsOptions, *, name: str | None = None
) -> Route:
    """Make the route of a stream of events from what `sse` got."""
    check_options(options, EventsOptions, where)
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
    pattern: str,
    target: Handler | str,
    where: Location,
    options: SocketOptions,
    *,
    name: str | None = None,
    kind: Literal["ws", "socket"] = "ws",
) -> Route:
    """Make a WebSocket's route from what `ws` or `socket` got."""
    check_options(options, SocketOptions, where)
    given = options.get("name")
    demands = build_demands(options, where)
    return Route(
        method="GET",
        pattern=build_pattern(pattern, where, demands),
        target=target,
        where=where,
        name=given or name,
        name_given=given is not None,
        pipe=build_pipe(options.get("pipe")),
        summary=options.get("summary", ""),
        tags=tuple(options.get("tags", ())),
        kind=kind,
        demands=demands,
        origins=build_origins(options.get("origins"), where),
    )


def build_origins(origins: Origins, where: Location) -> tuple[str, ...] | None:
    """Read the option `origins` of a WebSocket. Raises InvalidRouteOptionError for what is none."""
    origins = (origins,) if isinstance(origins, str) else origins
    for origin in origins or ():
        if not _ORIGIN.fullmatch(origin):
            raise InvalidRouteOptionError(
                f"{origin!r} is no origin",
                where=str(where),
                why="a browser names the page's scheme and host, and nothing else",
                fix=f"write {_guess_origin(origin)}",
            )
    return None if origins is None else tuple(origins)


def build_fallback(prefix: str, target: Handler | str, where: Location, options: RouteOptions) -> Route:
    """Make the route of what no other route below a prefix answers."""
    route = build_route("GET", join_patterns(prefix, "/{path:rest}"), target, where, options)
    return replace(route, kind="fallback", demands=replace(route.demands, formats=()))


def build_mount(prefix: str, app: Handler, where: Location, pipe: Names = None, origins: Origins = None) -> Route:
    """Make the route of an ASGI application at a prefix and below it; origins: see `SocketOptions`."""
    return Route(
        method="GET",
        pattern=build_pattern(join_patterns(prefix, "/{path:rest}"), where, NO_DEMANDS),
        target=app,
        where=where,
        pipe=build_pipe(pipe),
        kind="mount",
        origins=build_origins(origins, where),
    )


def asks_for_socket(request: Any) -> bool:
    """Whether a request asks for a WebSocket: what tells the two routes of a mount apart."""
    return (request.native.field("upgrade") or "").lower() == "websocket"


def name_asgi(app: object) -> str:
    """An ASGI application for people: `the ASGI app fastapi.FastAPI`."""
    named = app if hasattr(app, "__qualname__") else type(app)
    return f"the ASGI app {named.__module__.partition('.')[0]}.{named.__qualname__}"


def check_methods(methods: Iterable[str], where: Location) -> list[str]:
    """Refuse what is no method.

    Raises: InvalidRouteOptionError when there is none, or one is not written in upper case.
    """
    given = [methods] if isinstance(methods, str) else list(methods)
    if given and all(re.fullmatch("[A-Z][A-Z0-9_-]*", method) for method in given):
        return list(dict.fromkeys(given))
    raise InvalidRouteOptionError(
        f"the methods {given!r} can't be matched",
        where=str(where),
        why="methods are compared with case, and all known ones are in upper case",
        fix='write them like ["GET", "POST"]',
    )


def build_demands(options: DemandOptions, where: Location) -> Demands:
    """Read what is demanded besides method and path.

    Raises: InvalidRouteOptionError when it can't be meant.
    """
    host, subdomain, when = options.get("host"), options.get("subdomain"), options.get("when")
    formats = options.get("format", ())
    formats = (formats,) if isinstance(formats, str) else tuple(formats)
    if host is not None and subdomain is not None:
        raise InvalidRouteOptionError(
            "a route has a host and a subdomain",
            where=str(where),
            why="a subdomain is the beginning of a host",
            fix=f'write the whole host: host="{subdomain}.{host}"',
        )
    if when is not None and (not callable(when) or inspect.iscoroutinefunction(when)):
        raise InvalidRouteOptionError(
            f"when={when!r} can't be asked",
            where=str(where),
            why="it is called while the route is looked for, and nothing is awaited there",
            fix='give a plain function of the request: when=lambda request: request.headers.get("x-beta") == "1"',
        )
    for one in formats:
        if not re.fullmatch(r"[A-Za-z0-9_+-]+", one):
            raise InvalidRouteOptionError(
                f"{one!r} is no format",
                where=str(where),
                why="a format stands at the end of a path, behind a dot",
                fix='write short names: format=["html", "json"]',
            )
    demanded = options.get("where", {})
    if not isinstance(demanded, Mapping):
        raise InvalidRouteOptionError(
            f"where={demanded!r} names no parameters",
            where=str(where),
            why="it has an expression for each parameter that it constrains",
            fix='write where={"slug": r"[a-z-]+"}, and when= for a function of the request',
        )
    return Demands(host, subdomain, demanded, {}, (when,) if when is not None else (), formats)


def build_pipe(pipe: Names) -> tuple[str, ...] | None:
    """Read a `pipe=` option: one name, several, or None for "as around"."""
    if pipe is None:
        return None
    return (pipe,) if isinstance(pipe, str) else tuple(pipe)


def check_options(options: Mapping[str, object], kind: type, where: Location) -> None:
    """Refuse misspelt options, which `**options` would take."""
    for name in options:
        if name not in _option_names(kind):
            known = sorted(_option_names(kind))
            near = closest(name, known)
            raise InvalidRouteOptionError(
                f"a route has no option {name!r}",
                where=str(where),
                fix=f"did you mean {near[0]}?" if near else f"it may be {', '.join(known)}",
            )


def _option_names(kind: type) -> frozenset[str]:
    names: frozenset[str] = kind.__optional_keys__  # type: ignore[attr-defined]  # of every TypedDict
    return names


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
    if isinstance(target, type):
        raise InvalidTargetError(
            f"the route points at the class {target.__name__}",
            where=str(where),
            why="what answers is a function; a controller's action is named",
            fix='give a function, or "controller#action" in config/routes.py',
        )
    if callable(target):
        return target
    raise InvalidTargetError(
        f"the route points at {target!r}, which can't be called",
        where=str(where),
        fix='give a function, or "controller#action"',
    )


def check_socket_class(target: object, pattern: str, where: Location) -> type:
    """Refuse what is no class; whether it is one of sockets is known when the application is compiled.

    Raises: InvalidTargetError.
    """
    if isinstance(target, type):
        return target
    raise InvalidTargetError(
        f"the socket at {pattern} is {target!r}, which is no class",
        where=str(where),
        fix=f'give a class that is derived from spica.Socket: socket("{pattern}", UserSocket)',
    )


def _guess_origin(text: str) -> str:
    """`app.example` and `https://app.example/` were meant to be https://app.example."""
    scheme, _, rest = text.rpartition("://")
    return f"{scheme or 'https'}://{rest.partition('/')[0] or 'app.example'}"


_USUAL_ACTIONS = ("index", "new", "create", "show", "edit", "update", "destroy")


def _guess_target(target: str) -> str:
    """`posts.index`, `PostsController.index`, `posts/index` and `posts` were meant to be posts#index."""
    controller, _, action = target.replace(".", "#", 1).partition("#")
    folder, _, last = controller.rpartition("/")
    if folder and not action and last in _USUAL_ACTIONS:
        controller, action = folder, last
    if controller.endswith("Controller"):
        folder, slash, name = controller.removesuffix("Controller").rpartition("/")
        controller = folder + slash + "".join(f"_{one.lower()}" if one.isupper() else one for one in name).lstrip("_")
    return f"{controller or 'home'}#{action if action.isidentifier() else 'index'}"
