"""The routes file's vocabulary: `config/routes.py` calls these methods, and each call adds routes to the list.

Rules of this file:
- A block (`with r.resources("users"):`) only pushes a `Scope`; a verb reads the innermost one. Nothing else is state.
- Names follow Rails: `posts`, `post`, `new_post`, `edit_post`, `user_posts`, `follow_user`, `api_v1_users`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal, TypeAlias, Unpack

from spica.inflection import plural
from spica.routing.errors import InvalidTargetError, MisplacedBlockError
from spica.routing.location import Location, locate_caller
from spica.routing.pattern import join_patterns
from spica.routing.resources import COLLECTION_ACTIONS, SINGULAR_ACTIONS, Resource, ResourceAction, choose_actions
from spica.routing.route import (
    EventsOptions,
    Handler,
    Route,
    RouteOptions,
    SocketOptions,
    build_events_route,
    build_pipe,
    build_route,
    build_socket_route,
    check_target,
)

Actions: TypeAlias = Iterable[str] | None


@dataclass(frozen=True, slots=True)
class Scope:
    """What surrounds a declaration: path prefix, controllers' folder, name prefix, pipelines, resource."""

    prefix: str = ""
    controllers: str = ""
    name: str = ""
    pipe: tuple[str, ...] | None = None
    resource: Resource | None = None
    inside: Literal["nothing", "resource", "member", "collection"] = "nothing"
    outer_name: str = ""


class Block:
    """A scope that `with` enters; without `with` it changes nothing."""

    def __init__(self, scopes: list[Scope], scope: Scope) -> None:
        self._scopes = scopes
        self._scope = scope

    def __enter__(self) -> None:
        self._scopes.append(self._scope)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scopes.pop()


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
        self.routes: list[Route] = []
        self._scopes: list[Scope] = [Scope()]

    def root(self, target: Handler | str, **options: Unpack[RouteOptions]) -> None:
        """Answer GET at the scope's own path."""
        self._add("GET", "/", target, options, name=_join_names(self._scopes[-1].name, "root"))

    def get(self, pattern: str, target: Handler | str | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer GET and HEAD; without a target, inside a resource, the pattern names the action."""
        self._verb("GET", pattern, target, options)

    def post(self, pattern: str, target: Handler | str | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer POST."""
        self._verb("POST", pattern, target, options)

    def put(self, pattern: str, target: Handler | str | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer PUT."""
        self._verb("PUT", pattern, target, options)

    def patch(self, pattern: str, target: Handler | str | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer PATCH."""
        self._verb("PATCH", pattern, target, options)

    def delete(self, pattern: str, target: Handler | str | None = None, **options: Unpack[RouteOptions]) -> None:
        """Answer DELETE."""
        self._verb("DELETE", pattern, target, options)

    def ws(self, pattern: str, target: Handler | str, **options: Unpack[SocketOptions]) -> None:
        """Answer WebSockets: the target is an action or a function that gets a `WebSocket`."""
        scope = self._scopes[-1]
        where = locate_caller()
        target = check_target(target, where)
        if isinstance(target, str):
            target = scope.controllers + target
        name = _join_names(scope.name, _static_name(pattern)) if _static_name(pattern) else None
        route = build_socket_route(join_patterns(scope.prefix, pattern), target, where, options, name=name)
        self.routes.append(route if route.pipe is not None else replace(route, pipe=scope.pipe))

    def sse(self, pattern: str, target: Handler | str, **options: Unpack[EventsOptions]) -> None:
        """Answer GET with server-sent events: the target is an action or a function that yields `Event`s."""
        scope = self._scopes[-1]
        where = locate_caller()
        target = check_target(target, where)
        if isinstance(target, str):
            target = scope.controllers + target
        name = _join_names(scope.name, _static_name(pattern)) if _static_name(pattern) else None
        route = build_events_route(join_patterns(scope.prefix, pattern), target, where, options, name=name)
        self.routes.append(route if route.pipe is not None else replace(route, pipe=scope.pipe))

    def resources(
        self,
        name: str,
        *,
        only: Actions = None,
        except_: Actions = None,
        path: str | None = None,
        param: str = "id",
        controller: str | None = None,
    ) -> Block:
        """Declare the seven routes of a collection; `with` nests further routes in it.

        Args:    name: the plural, `"posts"`; only, except_: which of index, new, create, show, edit, update, destroy;
                 path: another first segment; param: another name for the id, with a type if wanted (`"id:int"`);
                 controller: another controller than the name's.
        Returns: a block for `with`.
        Raises:  UnknownResourceActionError when `only` or `except_` names another action.
        """
        resource = Resource.many(name, path=path, param=param, controller=controller)
        return self._resource(resource, choose_actions(COLLECTION_ACTIONS, only, except_, locate_caller()))

    def resource(
        self,
        name: str,
        *,
        only: Actions = None,
        except_: Actions = None,
        path: str | None = None,
        controller: str | None = None,
    ) -> Block:
        """Declare the six routes of a single thing (`/profile`, no id, no index), answered by the plural controller."""
        resource = Resource.one(name, path=path, controller=controller or plural(name))
        return self._resource(resource, choose_actions(SINGULAR_ACTIONS, only, except_, locate_caller()))

    def member(self) -> Block:
        """Inside a resource: routes of one member, `/users/{id}/follow`."""
        return self._inside("member")

    def collection(self) -> Block:
        """Inside a resource: routes of the collection, `/users/search`."""
        return self._inside("collection")

    def scope(
        self,
        prefix: str = "",
        *,
        pipe: str | list[str] | tuple[str, ...] | None = None,
        controllers: str | None = None,
        name: str | None = None,
    ) -> Block:
        """Share a path prefix, pipelines, a folder of controllers or a name prefix between the routes of a block."""
        around = self._scopes[-1]
        return self._block(
            replace(
                around,
                prefix=join_patterns(around.prefix, prefix) if prefix else around.prefix,
                controllers=around.controllers + controllers.strip("/") + "/" if controllers else around.controllers,
                name=_join_names(around.name, name),
                pipe=build_pipe(pipe) if pipe is not None else around.pipe,
            )
        )

    def namespace(
        self, name: str, *, version: str | None = None, pipe: str | list[str] | tuple[str, ...] | None = None
    ) -> Block:
        """Share prefix, folder and name at once: `namespace("api", version="v1")` is /api/v1, api/v1/, `api_v1_…`."""
        parts = [name, version] if version else [name]
        return self.scope("/".join(parts), pipe=pipe, controllers="/".join(parts), name="_".join(parts))

    # The rest turns a declaration into routes.

    def _verb(self, method: str, pattern: str, target: Handler | str | None, options: RouteOptions) -> None:
        scope = self._scopes[-1]
        action = pattern.strip("/")
        resource = scope.resource
        if target is None:
            if resource is None or not action.isidentifier():
                raise InvalidTargetError(
                    f"the route {method} {pattern} has no target",
                    where=str(locate_caller()),
                    why="only inside r.member() or r.collection() does a one-word pattern name its action",
                    fix=f'write r.{method.lower()}("{pattern}", "controller#action")',
                )
            target = f"{resource.controller}#{action}"
        if resource is not None and scope.inside in ("member", "collection"):
            noun = resource.singular_name if scope.inside == "member" else resource.name
            name = _join_names(_static_name(pattern), scope.outer_name, noun)
        else:
            name = _join_names(scope.name, _static_name(pattern))
        self._add(method, pattern, target, options, name=name if _static_name(pattern) else None)

    def _resource(self, resource: Resource, actions: list[ResourceAction]) -> Block:
        scope = self._scopes[-1]
        for action in actions:
            base = resource.member_path if action.member else resource.collection_path
            noun = resource.singular_name if action.member or action.verb else resource.index_name
            for method in action.methods:
                self._add(
                    method,
                    base + action.suffix,
                    f"{resource.controller}#{action.action}",
                    {},
                    name=_join_names(action.verb, scope.name, noun),
                )
        return self._block(
            replace(
                scope,
                prefix=join_patterns(scope.prefix, resource.nested_path),
                name=_join_names(scope.name, resource.singular_name),
                resource=resource,
                inside="resource",
                outer_name=scope.name,
            )
        )

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
        return self._block(replace(scope, prefix=join_patterns(outside, inner), inside=place))

    def _block(self, scope: Scope) -> Block:
        return Block(self._scopes, scope)

    def _add(
        self, method: str, pattern: str, target: Handler | str, options: RouteOptions, *, name: str | None
    ) -> None:
        scope = self._scopes[-1]
        where: Location = locate_caller()
        target = check_target(target, where)
        if isinstance(target, str):
            target = scope.controllers + target
        route = build_route(method, join_patterns(scope.prefix, pattern), target, where, options, name=name)
        self.routes.append(route if route.pipe is not None else replace(route, pipe=scope.pipe))


def _join_names(*parts: str | None) -> str:
    return "_".join(part for part in parts if part)


def _static_name(pattern: str) -> str:
    """`/reports/monthly` is called reports_monthly; with a parameter a name must be given."""
    if "{" in pattern:
        return ""
    name = pattern.strip("/").replace("/", "_").replace("-", "_").replace(".", "_")
    return name if name.isidentifier() else ""
