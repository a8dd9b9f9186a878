"""The routes file's vocabulary: `config/routes.py` calls these methods, and each call adds routes to the list.

Rules of this file:
- A block (`with r.resources("users"):`) only pushes a `Scope`; a verb reads the innermost one. Nothing else is state.
- Names follow Rails: `posts`, `post`, `new_post`, `edit_post`, `user_posts`, `follow_user`, `api_v1_users`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum
from typing import Any, Literal, TypeAlias, Unpack, cast

from spica.errors import closest
from spica.inflection import plural
from spica.routing.converters import converter
from spica.routing.errors import InvalidTargetError, MisplacedBlockError, UnknownConcernError
from spica.routing.location import Location, locate_caller
from spica.routing.pattern import join_patterns
from spica.routing.redirects import build_redirect
from spica.routing.resources import COLLECTION_ACTIONS, SINGULAR_ACTIONS, Resource, ResourceAction, choose_actions
from spica.routing.route import (
    ANY_METHOD,
    NO_DEMANDS,
    Demands,
    EventsOptions,
    Handler,
    RedirectOptions,
    Route,
    RouteOptions,
    SocketOptions,
    build_demands,
    build_events_route,
    build_fallback,
    build_mount,
    build_pipe,
    build_route,
    build_socket_route,
    check_methods,
    check_options,
    check_socket_class,
    check_target,
)
from spica.routing.router import AsgiApp, Mount, Router, check_asgi, refuse_origins
from spica.routing.scope import (
    Block,
    MountOptions,
    NamespaceOptions,
    ResourceOptions,
    Scope,
    ScopeOptions,
    join_names,
    static_name,
)

Target: TypeAlias = "Handler | str"


class Routes:
    """Collects the routes that a routes file declares, in order.

    Example:
        >>> r = Routes()
        >>> r.root("home#index")
        >>> with r.resources("users", only=["show"]):
        ...     with r.member():
        ...         r.post("follow")
        >>> [f"{route.method} {route.pattern} {route.target}" for route in r.routes]
        ['GET / home#index', 'GET /users/{id} users#show', 'POST /users/{id}/follow users#follow']
    """

    def __init__(self) -> None:
        self._parts: list[Route | tuple[Mount, Scope]] = []
        self._scopes: list[Scope] = [Scope()]
        self._concerns: dict[str, Callable[[Routes], object]] = {}
        self._entered: list[str] = []
        self.directs: dict[str, Callable[..., str]] = {}
        """Path helpers that are functions, by name."""

    @property
    def routes(self) -> list[Route]:
        """The routes, those of mounted routers included, in the order of their declaration."""
        found: list[Route] = []
        for part in self._parts:
            if isinstance(part, Route):
                found.append(part)
                continue
            mount, scope = part
            prefix = join_patterns(scope.prefix, mount.prefix)
            found.extend(route.under(prefix, scope.pipe, scope.demands) for route in mount.router.routes)
        return found

    # Verbs

    def root(self, target: Target, **options: Unpack[RouteOptions]) -> None:
        """Answer GET at the scope's own path."""
        self._add("GET", "/", target, options, name=join_names(self._scopes[-1].name, "root"))

    def get(self, pattern: str, target: Target | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer GET and HEAD; without a target, inside a resource, the pattern names the action."""
        self._verb(["GET"], pattern, target, options)

    def post(self, pattern: str, target: Target | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer POST."""
        self._verb(["POST"], pattern, target, options)

    def put(self, pattern: str, target: Target | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer PUT."""
        self._verb(["PUT"], pattern, target, options)

    def patch(self, pattern: str, target: Target | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer PATCH."""
        self._verb(["PATCH"], pattern, target, options)

    def delete(self, pattern: str, target: Target | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer DELETE."""
        self._verb(["DELETE"], pattern, target, options)

    def match(
        self, methods: Iterable[str], pattern: str, target: Target | None = None, **options: Unpack[RouteOptions]
    ) -> None:
        """Answer several methods: `r.match(["GET", "POST"], "/search", "search#index")`."""
        self._verb(check_methods(methods, locate_caller()), pattern, target, options)

    def any(self, pattern: str, target: Target | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer GET, HEAD, POST, PUT, PATCH and DELETE."""
        self._verb(ANY_METHOD, pattern, target, options)

    def ws(self, pattern: str, target: Target, **options: Unpack[SocketOptions]) -> None:
        """Answer WebSockets: the target is an action or a function that gets a `WebSocket`."""
        where = locate_caller()
        name = join_names(self._scopes[-1].name, static_name(pattern)) if static_name(pattern) else None
        full = join_patterns(self._scopes[-1].prefix, pattern)
        self._place(build_socket_route(full, self._target(target, where), where, options, name=name))

    def socket(self, pattern: str, socket_class: type, **options: Unpack[SocketOptions]) -> None:
        """Answer clients of channels, at the pattern and at `/websocket` below it, by a class of `spica.Socket`."""
        where = locate_caller()
        target = check_socket_class(socket_class, pattern, where)
        name = join_names(self._scopes[-1].name, static_name(pattern)) if static_name(pattern) else None
        full = join_patterns(self._scopes[-1].prefix, pattern)
        self._place(build_socket_route(full, target, where, options, name=name, kind="socket"))

    def sse(self, pattern: str, target: Target, **options: Unpack[EventsOptions]) -> None:
        """Answer GET with server-sent events: the target is an action or a function that yields `Event`s."""
        where = locate_caller()
        name = join_names(self._scopes[-1].name, static_name(pattern)) if static_name(pattern) else None
        full = join_patterns(self._scopes[-1].prefix, pattern)
        self._place(build_events_route(full, self._target(target, where), where, options, name=name))

    def redirect(self, pattern: str, to: str, **options: Unpack[RedirectOptions]) -> None:
        """Redirect GET to another address, made of the pattern's parameters: `r.redirect("/old/{id}", "/new/{id}")`.

        Args:    to: a path, or a URL whose host is written out; the scope's prefix is not put before it; options: see
                 `RedirectOptions`.
        Raises:  InvalidRedirectError.
        """
        full = join_patterns(self._scopes[-1].prefix, pattern)
        self._place(build_redirect(full, to, locate_caller(), options))

    def fallback(self, target: Target, **options: Unpack[RouteOptions]) -> None:
        """Answer, with any method, what no route does at the scope's path and below it, unless a public file does.

        What is left of the path is the parameter `path`.
        """
        where = locate_caller()
        self._place(build_fallback(self._scopes[-1].prefix, self._target(target, where), where, options))

    def mount(self, prefix: str, router: Router | AsgiApp, **options: Unpack[MountOptions]) -> None:
        """Answer the routes of a Router below a prefix, or an ASGI application; options: see `MountOptions`.

        Those that the Router gets later are included. An ASGI application is mounted as by `Router.mount`.
        """
        where = locate_caller()
        check_options(options, MountOptions, where)
        given = cast(ScopeOptions, {name: value for name, value in options.items() if name != "origins"})
        scope = self._scopes[-1].narrow("", given, where)
        if isinstance(router, Router):
            refuse_origins(options.get("origins"), where)
            self._parts.append((Mount(prefix, router), scope))
        else:
            app = check_asgi(prefix, router, where)
            route = build_mount(join_patterns(scope.prefix, prefix), app, where, origins=options.get("origins"))
            self._place(route, scope)

    def direct(self, name: str, function: Callable[..., str]) -> None:
        """Make a path helper of a function: `r.direct("docs", lambda page: f"https://docs.example/{page}")`."""
        if not callable(function):
            raise InvalidTargetError(
                f"the helper {name!r} is made of {function!r}, which can't be called",
                where=str(locate_caller()),
                fix='give a function that returns the address: r.direct("docs", lambda: "https://docs.example")',
            )
        self.directs[name] = function

    def converter(
        self,
        name: str,
        pattern: str | type[Enum],
        parse: Callable[[str], object] | None = None,
        format: Callable[[Any], str] | None = None,
    ) -> None:
        """Register a type of path parameters; see `spica.routing.converter`."""
        converter(name, pattern, parse, format)

    # Resources

    def resources(self, name: str, **options: Unpack[ResourceOptions]) -> Block:
        """Declare the seven routes of a collection; `with` nests further routes in it.

        Args:    name: the plural, `"posts"`; options: see `ResourceOptions`.
        Returns: a block for `with`.
        Raises:  UnknownResourceActionError when `only` or `except_` names another action.
        """
        resource = Resource.many(
            name,
            path=options.get("path"),
            param=options.get("param", "id"),
            controller=options.get("controller"),
            called=options.get("as_"),
        )
        return self._resource(resource, COLLECTION_ACTIONS, options)

    def resource(self, name: str, **options: Unpack[ResourceOptions]) -> Block:
        """Declare the six routes of a single thing (`/profile`, no id, no index), answered by the plural controller."""
        controller = options.get("controller") or plural(name)
        resource = Resource.one(name, path=options.get("path"), controller=controller, called=options.get("as_"))
        return self._resource(resource, SINGULAR_ACTIONS, options)

    def member(self) -> Block:
        """Inside a resource: routes of one member, `/users/{id}/follow`."""
        return self._inside("member")

    def collection(self) -> Block:
        """Inside a resource: routes of the collection, `/users/search`."""
        return self._inside("collection")

    def concern(self, name: str, declare: Callable[[Routes], object]) -> None:
        """Name declarations that several resources share: `r.concern("rated", lambda r: r.resources("ratings"))`."""
        self._concerns[name] = declare

    def concerns(self, *names: str) -> None:
        """Declare here what the concerns of these names do."""
        for name in names:
            declare = self._concerns.get(name)
            if declare is None or name in self._entered:
                near = closest(name, self._concerns)
                raise UnknownConcernError(
                    f"the concern {name!r} includes itself" if declare else f"there is no concern {name!r}",
                    where=str(locate_caller()),
                    why=f"the concerns are {', '.join(self._concerns) or '(none)'}, declared above their use",
                    fix=f"did you mean {near[0]!r}?" if near and not declare else f'r.concern("{name}", lambda r: ...)',
                )
            self._entered.append(name)
            try:
                declare(self)
            finally:
                self._entered.pop()

    # Scopes

    def scope(self, prefix: str = "", **options: Unpack[ScopeOptions]) -> Block:
        """Share a path prefix, pipelines, a folder of controllers, names and demands between the routes of a block."""
        return Block(self._scopes, self._scopes[-1].narrow(prefix, options, locate_caller()))

    def namespace(self, name: str, **options: Unpack[NamespaceOptions]) -> Block:
        """Share prefix, folder and name at once: `namespace("api", version="v1")` is /api/v1, api/v1/, `api_v1_…`."""
        where = locate_caller()
        check_options(options, NamespaceOptions, where)
        version = options.pop("version", None)
        parts = [name, version] if version else [name]
        inner: ScopeOptions = {**options, "controllers": "/".join(parts), "name": "_".join(parts)}  # type: ignore[typeddict-item]  # options without version are a scope's
        return Block(self._scopes, self._scopes[-1].narrow("/".join(parts), inner, where))

    # The rest turns a declaration into routes.

    def _verb(self, methods: Iterable[str], pattern: str, target: Target | None, options: RouteOptions) -> None:
        scope = self._scopes[-1]
        action = pattern.strip("/")
        resource = scope.resource
        methods = list(methods)
        if target is None:
            if resource is None or not action.isidentifier():
                raise InvalidTargetError(
                    f"the route {' '.join(methods)} {pattern} has no target",
                    where=str(locate_caller()),
                    why="only inside r.member() or r.collection() does a one-word pattern name its action",
                    fix=f'write r.{methods[0].lower()}("{pattern}", "controller#action")',
                )
            target = f"{resource.controller}#{action}"
        static = static_name(pattern)
        if resource is not None and scope.inside in ("member", "collection"):
            noun = resource.singular_name if scope.inside == "member" else resource.name
            name = join_names(static, scope.outer_name, noun)
        else:
            name = join_names(scope.name, static)
        for method in methods:
            self._add(method, pattern, target, options, name=name if static else None)

    def _resource(self, resource: Resource, actions: tuple[ResourceAction, ...], options: ResourceOptions) -> Block:
        where = locate_caller()
        check_options(options, ResourceOptions, where)
        scope = self._scopes[-1]
        demands = build_demands(options, where)
        # An action without the parameter has nothing that could be constrained.
        demands = replace(demands, where={}, inherited=demands.where)
        shared = replace(
            scope,
            pipe=build_pipe(options.get("pipe")) or scope.pipe,
            demands=demands.inside(_without_own_constraint(scope)),
        )
        for action in choose_actions(actions, options.get("only"), options.get("except_"), where):
            self._action(resource, action, shared, where)
        inner = replace(shared, shallow=options.get("shallow", scope.shallow))
        nested = inner.enter(resource, scope.place_of(member=True))
        block = Block(self._scopes, _with_parent_constraint(nested, resource, demands))
        concerns = options.get("concerns", ())
        if concerns:
            with block:
                self.concerns(*([concerns] if isinstance(concerns, str) else concerns))
        return block

    def _action(self, resource: Resource, action: ResourceAction, scope: Scope, where: Location) -> None:
        base = resource.member_path if action.member else resource.collection_path
        noun = resource.singular_name if action.member or action.verb else resource.index_name
        prefix, name = scope.place_of(member=action.member)
        for method in action.methods:
            target = self._target(f"{resource.controller}#{action.action}", where)
            route = build_route(
                method,
                join_patterns(prefix, base + action.suffix),
                target,
                where,
                {},
                name=join_names(action.verb, name, noun),
            )
            self._place(route, scope)

    def _inside(self, place: Literal["member", "collection"]) -> Block:
        scope = self._scopes[-1]
        resource = scope.resource
        if resource is None:
            raise MisplacedBlockError(
                f"r.{place}() stands outside of a resource",
                where=str(locate_caller()),
                why=f"it declares routes of a {place} of the resource around it",
                fix='put it into a `with r.resources("..."):` block',
            )
        outside = scope.prefix.removesuffix(resource.nested_path)
        inner = resource.member_path if place == "member" else resource.collection_path
        return Block(self._scopes, replace(scope, prefix=join_patterns(outside, inner), inside=place))

    def _add(self, method: str, pattern: str, target: Target, options: RouteOptions, *, name: str | None) -> None:
        where: Location = locate_caller()
        full = join_patterns(self._scopes[-1].prefix, pattern)
        self._place(build_route(method, full, self._target(target, where), where, options, name=name))

    def _target(self, target: Target, where: Location) -> Target:
        target = check_target(target, where)
        return self._scopes[-1].controllers + target if isinstance(target, str) else target

    def _place(self, route: Route, scope: Scope | None = None) -> None:
        scope = scope or self._scopes[-1]
        self._parts.append(route.under("", scope.pipe, scope.demands if scope.demands != NO_DEMANDS else None))


def _own_parameter(path: str) -> str:
    """The name of the last parameter of a resource's path; "" without one."""
    return path.rpartition("{")[2].rstrip("}").partition(":")[0] if "{" in path else ""


def _without_own_constraint(scope: Scope) -> Demands:
    """What is demanded of a nested resource: the `{id}` of the resource around it is another than its own."""
    own = _own_parameter(scope.resource.member_path) if scope.resource is not None else ""
    inherited = {name: demand for name, demand in scope.demands.inherited.items() if name != own}
    return replace(scope.demands, inherited=inherited)


def _with_parent_constraint(scope: Scope, resource: Resource, demands: Demands) -> Scope:
    """What constrains `{id}` of a resource constrains `{post_id}` of what is nested in it."""
    own, parent = _own_parameter(resource.member_path), _own_parameter(resource.nested_path)
    if own not in demands.inherited:
        return scope
    inherited = {**scope.demands.inherited, parent: demands.inherited[own]}
    return replace(scope, demands=replace(scope.demands, inherited=inherited))
