"""Routers: routes declared by decorators, for single-file applications and for parts that are mounted."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple, Never, TypeAlias, TypeVar, Unpack, overload

from spica.errors.foreign_names import OF_APP
from spica.injection.signature import remember_names
from spica.routing.errors import (
    InvalidPatternError,
    InvalidRouteOptionError,
    InvalidTargetError,
    UnknownMemberError,
)
from spica.routing.location import Location, locate_callable, locate_caller
from spica.routing.redirects import build_redirect
from spica.routing.route import (
    ANY_METHOD,
    EventsOptions,
    Handler,
    Names,
    Origins,
    RedirectOptions,
    Route,
    RouteOptions,
    SocketOptions,
    build_events_route,
    build_fallback,
    build_mount,
    build_pipe,
    build_route,
    build_socket_route,
    check_methods,
    check_socket_class,
    check_target,
)

AsgiApp: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
Function = TypeVar("Function", bound=Handler)
SocketClass = TypeVar("SocketClass", bound=type)


class Mount(NamedTuple):
    """A router below a prefix; `pipe`: the pipelines of its routes that name none."""

    prefix: str
    router: Router
    pipe: tuple[str, ...] | None = None


class _ForeignName:
    """Stands on the class where another framework has a method, and says what is written here.

    Not a `__getattr__`: that would also be asked, and its answer shown, where a property fails with an AttributeError.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Never:
        raise UnknownMemberError(
            f"{owner.__name__} has no {self._name!r}",
            where=str(locate_caller()),
            why="that is its name in another framework",
            fix=f"write {OF_APP[self._name]}",
        )


class Router:
    """A list of routes that grows by decorators.

    Args:    pipe: the pipelines of all its routes, unless a route names its own.
    Example:
        >>> users = Router()
        >>> @users.get("/{id:int}")
        ... def show_user(id: int) -> dict[str, int]:
        ...     return {"id": id}
        >>> [f"{route.method} {route.pattern} {route.name}" for route in users.routes]
        ['GET /{id:int} show_user']
    """

    def __init__(self, *, pipe: str | list[str] | tuple[str, ...] | None = None) -> None:
        self._parts: list[Route | Mount] = []
        self._pipe = build_pipe(pipe)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in OF_APP]

    @property
    def routes(self) -> list[Route]:
        """The routes, those of mounted routers included, in the order of their declaration."""
        found: list[Route] = []
        for part in self._parts:
            if isinstance(part, Route):
                found.append(part.under("", self._pipe))
            else:
                pipe = part.pipe if part.pipe is not None else self._pipe
                found.extend(route.under(part.prefix, pipe) for route in part.router.routes)
        return found

    def get(self, pattern: str, **options: Unpack[RouteOptions]) -> Callable[[Function], Function]:
        """Answer GET and HEAD at the pattern with the decorated function."""
        return self._verb("GET", pattern, options)

    def post(self, pattern: str, **options: Unpack[RouteOptions]) -> Callable[[Function], Function]:
        """Answer POST at the pattern with the decorated function."""
        return self._verb("POST", pattern, options)

    def put(self, pattern: str, **options: Unpack[RouteOptions]) -> Callable[[Function], Function]:
        """Answer PUT at the pattern with the decorated function."""
        return self._verb("PUT", pattern, options)

    def patch(self, pattern: str, **options: Unpack[RouteOptions]) -> Callable[[Function], Function]:
        """Answer PATCH at the pattern with the decorated function."""
        return self._verb("PATCH", pattern, options)

    def delete(self, pattern: str, **options: Unpack[RouteOptions]) -> Callable[[Function], Function]:
        """Answer DELETE at the pattern with the decorated function."""
        return self._verb("DELETE", pattern, options)

    def ws(self, pattern: str, **options: Unpack[SocketOptions]) -> Callable[[Function], Function]:
        """Answer WebSockets at the pattern with the decorated `async def`, which gets a `WebSocket`."""
        declared = locate_caller()
        _check_pattern(pattern, "ws", declared)

        def register(function: Function) -> Function:
            check_target(function, declared)
            remember_names(function)
            where = locate_callable(function) or declared
            self._add(build_socket_route(pattern, function, where, options, name=getattr(function, "__name__", None)))
            return function

        return register

    @overload
    def socket(self, pattern: str, **options: Unpack[SocketOptions]) -> Callable[[SocketClass], SocketClass]: ...
    @overload
    def socket(self, pattern: str, socket_class: type, **options: Unpack[SocketOptions]) -> None: ...
    def socket(self, pattern: str, socket_class: type | None = None, **options: Unpack[SocketOptions]) -> Any:
        """Answer clients of channels, at the pattern and at `/websocket` below it, by a class of `spica.Socket`.

        Without the class this is a decorator of one.
        """
        where = locate_caller()
        _check_pattern(pattern, "socket", where)

        def register(given: SocketClass) -> SocketClass:
            target = check_socket_class(given, pattern, where)
            self._add(build_socket_route(pattern, target, where, options, kind="socket"))
            return given

        return register if socket_class is None else register(socket_class) and None

    def sse(self, pattern: str, **options: Unpack[EventsOptions]) -> Callable[[Function], Function]:
        """Answer GET at the pattern with the events that the decorated generator yields; see `spica.Event`."""
        declared = locate_caller()
        _check_pattern(pattern, "sse", declared)

        def register(function: Function) -> Function:
            check_target(function, declared)
            remember_names(function)
            where = locate_callable(function) or declared
            self._add(build_events_route(pattern, function, where, options, name=getattr(function, "__name__", None)))
            return function

        return register

    def match(
        self, methods: Iterable[str], pattern: str, **options: Unpack[RouteOptions]
    ) -> Callable[[Function], Function]:
        """Answer several methods at the pattern with the decorated function."""
        declared = locate_caller()
        verbs = [self._verb(method, pattern, options, declared) for method in check_methods(methods, declared)]

        def register(function: Function) -> Function:
            for verb in verbs:
                verb(function)
            return function

        return register

    def any(self, pattern: str, **options: Unpack[RouteOptions]) -> Callable[[Function], Function]:
        """Answer GET, HEAD, POST, PUT, PATCH and DELETE at the pattern with the decorated function."""
        return self.match(ANY_METHOD, pattern, **options)

    def fallback(self, prefix: str = "/", **options: Unpack[RouteOptions]) -> Callable[[Function], Function]:
        """Answer what no route does, at the prefix and below it, with the decorated function; any method.

        What is left of the path is the parameter `path`. A public file is looked for first.
        """
        declared = locate_caller()

        def register(function: Function) -> Function:
            check_target(function, declared)
            remember_names(function)
            where = locate_callable(function) or declared
            self._add(build_fallback(prefix, function, where, options))
            return function

        return register

    def redirect(self, pattern: str, to: str, **options: Unpack[RedirectOptions]) -> None:
        """Redirect GET at the pattern to another address; see `Routes.redirect`."""
        self._add(build_redirect(pattern, to, locate_caller(), options))

    def mount(self, prefix: str, router: Router | AsgiApp, *, pipe: Names = None, origins: Origins = None) -> None:
        """Answer another router's routes below a prefix, those it gets later included; or an ASGI application there.

        An ASGI application answers every path at the prefix and below it, with any method, and WebSockets; routes that
        are more specific come first.

        Args:    prefix: `"/legacy"`; router: it, or an ASGI application such as those of Starlette, FastAPI and Django;
                 pipe: the pipelines around it, as for a route; origins: of the pages that may open WebSockets of an
                 ASGI application, default those of [server.websocket], else the application's own.
        Raises:  InvalidTargetError when it is neither; InvalidRouteOptionError for origins that are none.
        """
        where = locate_caller()
        if isinstance(router, Router):
            refuse_origins(origins, where)
            self._add(Mount(prefix, router, build_pipe(pipe)))
        else:
            self._add(build_mount(prefix, check_asgi(prefix, router, where), where, pipe, origins))

    def _add(self, part: Route | Mount) -> None:
        self._parts.append(part)

    def _verb(
        self, method: str, pattern: str, options: RouteOptions, declared: Location | None = None
    ) -> Callable[[Function], Function]:
        declared = declared or locate_caller()
        _check_pattern(pattern, method.lower(), declared)

        def register(function: Function) -> Function:
            check_target(function, declared)
            remember_names(function)
            where = locate_callable(function) or declared
            route = build_route(method, pattern, function, where, options, name=getattr(function, "__name__", None))
            self._add(route)
            return function

        return register


def _check_pattern(pattern: object, decorator: str, where: Location) -> None:
    """Refuse a decorator without its parentheses, which would declare nothing. Raises InvalidPatternError."""
    if isinstance(pattern, str):
        return
    name = getattr(pattern, "__name__", None)
    raise InvalidPatternError(
        f"@{decorator} has no pattern",
        where=str(where),
        why=f"it is given {name or repr(pattern)}, and what it decorates comes after its parentheses",
        fix=f'write @app.{decorator}("/{(name or "").lower()}")',
    )


def refuse_origins(origins: Origins, where: Location) -> None:
    """Refuse `origins` where a router is mounted, whose WebSockets have theirs. Raises InvalidRouteOptionError."""
    if origins is not None:
        raise InvalidRouteOptionError(
            "origins says nothing of a router",
            where=str(where),
            why="each of its WebSockets has its own",
            fix='write it there: @router.ws("/chat", origins=["https://app.example"])',
        )


def check_asgi(prefix: str, app: object, where: Location) -> Handler:
    """Refuse to mount what is neither a router nor an ASGI application.

    Raises: InvalidTargetError.
    """
    if isinstance(app, type):
        why, fix = "it is a class, and an application is an instance", f"mount {app.__name__}(...)"
    elif not callable(app):
        why, fix = "it can't be called", "mount a spica.Router, or an ASGI application"
    elif _takes(app, 3):
        return app
    elif _takes(app, 2):
        why = "it takes two arguments, as WSGI applications do"
        fix = "wrap it: pip install a2wsgi, then mount a2wsgi.WSGIMiddleware(app)"
    else:
        why, fix = "an ASGI application is called with (scope, receive, send)", "mount a spica.Router or an ASGI 3 app"
    raise InvalidTargetError(f"{app!r} can't be mounted at {prefix!r}", where=str(where), why=why, fix=fix)


def _takes(function: Callable[..., object], count: int) -> bool:
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # compiled, and says nothing of its parameters
        return count == 3
    return True


for _name in OF_APP:
    setattr(Router, _name, _ForeignName(_name))
