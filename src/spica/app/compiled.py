"""The compiled application: from everything that was declared to the core's route table, in one pass at boot.

Rules of this file:
- Mistakes are collected over all routes and raised together.
- Nothing here runs per request; what does was built by the modules this one calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from spica._core import Application as Core
from spica._core import Request as NativeRequest
from spica._core import RouteConflict
from spica.app.dispatch import Dispatch, build_dispatch
from spica.app.entries import (
    add_bare_entry,
    add_entry,
    add_post_entry,
    add_socket_entry,
    narrow_entry,
    reserve_place,
)
from spica.app.errors import raise_all
from spica.app.failures import Failures
from spica.app.method_override import build_override_entry, is_overridable
from spica.app.misses import Misses
from spica.app.mounted import MountedApps
from spica.app.origins import OriginCheck, RefusedOrigins
from spica.app.sockets import build_socket_entry
from spica.config.settings import Settings
from spica.controllers.action import Endpoint, build_action_endpoint, build_function_endpoint
from spica.controllers.controller import RouteInfo
from spica.controllers.lookup import ControllerLookup
from spica.controllers.rendering import Renderer
from spica.errors import SpicaError
from spica.http import json
from spica.http.context import ContextServices
from spica.http.request import Request
from spica.http.response import Response
from spica.http.streaming import send_stream
from spica.injection.registry import Registry
from spica.middleware.access_log import AccessLog
from spica.middleware.declare import Pipelines
from spica.middleware.error_handler import find_handlers
from spica.middleware.pipeline import without_declarations
from spica.routing.errors import DuplicateRouteError, InvalidTargetError
from spica.routing.route import Route
from spica.routing.table import RouteTable
from spica.security.cookies import SecretCookies
from spica.security.keys import KeyRing
from spica.telemetry.logs import get_logger

if TYPE_CHECKING:  # imported at run time where there are channels
    from spica.channels.fanout import Fanout
    from spica.pubsub.bus import PubSub

# What routes have in common that differ in their method only; see `Route.shape`.
Shape: TypeAlias = tuple[str, tuple[int, ...]]

PublicFolder: TypeAlias = tuple[str, str] | tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Parts:
    """What an application is made of, declared and loaded but not yet put together.

    `lookup` finds controllers, None in an application without any; `public`: folders of files that answer where no
    route does, each with its Cache-Control, and with the prefix of its addresses where it has one; one that is not
    there has no files; `registry`: providers by type; `directs`: path helpers that are functions; `internal`: routes of
    Spica's own, which are in no list and give way to others; `health`: as `internal`, and no middleware stands in front
    of them; `scopes_queries`: whether queries are watched, by request; `mounted`: gets the ASGI applications among the
    routes; `bus`: gives what carries the broadcasts of channels.
    """

    settings: Settings
    routes: Sequence[Route]
    pipelines: Pipelines
    renderer: Renderer
    failures: Failures
    bus: Callable[[], PubSub]
    lookup: ControllerLookup | None = None
    public: Sequence[PublicFolder] = ()
    registry: Registry | None = None
    directs: Mapping[str, Callable[..., str]] = field(default_factory=dict)
    internal: Sequence[Route] = ()
    health: Sequence[Route] = ()
    scopes_queries: bool = False
    mounted: MountedApps = field(default_factory=MountedApps)


@dataclass(frozen=True, slots=True)
class Compiled:
    """An application that can answer: the core's table, and the routes as they were declared.

    `entries` are the routes by the numbers that the core gave them, `fanout` is that of its channels, None without any.
    """

    core: Core
    table: RouteTable
    failures: Failures
    entries: Sequence[Route] = ()
    fanout: Fanout | None = None


@dataclass(slots=True)
class _Work:
    """What one compilation has made so far; entries by the core's numbers, posts and overridable routes by their
    shape, reserved for routes that have a mistake."""

    core: Core
    misses: Misses
    services: ContextServices
    mistakes: list[SpicaError]
    refused_origins: RefusedOrigins
    entries: list[Route] = field(default_factory=list)
    fanout: Fanout | None = None
    posts: dict[Shape, tuple[Route, Dispatch]] = field(default_factory=dict)
    overridable: dict[Shape, list[tuple[Route, Dispatch]]] = field(default_factory=dict)
    reserved: set[tuple[str, Shape]] = field(default_factory=set)


def compile_application(parts: Parts) -> Compiled:
    """Put an application together.

    Raises: SpicaError for one mistake, BootError for several: unknown controllers, actions and pipelines, signatures
            that can't be filled, routes that can never be reached.
    """
    table = RouteTable(parts.routes, parts.settings.app.url, parts.directs)
    parts.pipelines.bind(parts.settings)
    services = build_services(parts.settings)
    common = parts.pipelines.common
    parts = replace(parts, failures=parts.failures.with_handlers(find_handlers(common)))
    misses = Misses(table.routes, parts.failures, without_declarations(common), services)
    core = Core(
        encode=json.encode,
        response_type=Response,
        on_error=lambda native, error: parts.failures.answer(Request(native), error),
        on_miss=misses.answer,
        send_stream=send_stream,
        fields=list(parts.pipelines.static_fields),
        public=list(parts.public),
        readers=parts.pipelines.readers,
    )
    refused_origins = RefusedOrigins(development=parts.failures.development)
    work = _Work(core, misses, services, list(table.mistakes), refused_origins)
    variants = [variant for route in table for variant in route.variants]
    shapes = {route.pattern.shape for route in variants}
    own = [one for one in (*parts.internal, *parts.health) if one.pattern.shape not in shapes]
    for route in (*variants, *own):
        try:
            _add_route(route, parts, work)
        except SpicaError as mistake:
            mistake.where = mistake.where or route.label
            work.mistakes.append(mistake)
            work.reserved.add((route.method, route.shape))
            reserve_place(core, route)
    _add_posts(variants, parts, work)
    work.mistakes.extend(_freeze(core))
    misses.bind(core)
    raise_all(work.mistakes)
    return Compiled(core, table, parts.failures, work.entries, work.fanout)


def build_services(settings: Settings) -> ContextServices:
    """Make what every context is given: the sealer of cookies, where there is a secret key."""
    keys = settings.app.secret_keys
    sealer = SecretCookies(KeyRing(keys)) if keys else None
    return ContextServices(cookie_sealer=sealer, behind_tls=settings.server.is_secure)


def _add_route(route: Route, parts: Parts, work: _Work) -> None:
    endpoint = _build_channels(route, parts, work) if route.kind == "socket" else _build_endpoint(route, parts)
    # Probes would drown the other access lines, and nothing that refuses requests is to refuse them.
    chain = (AccessLog(False),) if route in parts.health else parts.pipelines.chain(route.pipe, vital=route.vital)
    middleware = without_declarations(chain)
    if parts.scopes_queries and route not in parts.health:
        # Lazy: production has nothing to watch.
        from spica.app.query_watch import QueryScope

        middleware = [QueryScope(route.target_name), *middleware]
    failures = parts.failures.with_handlers(find_handlers(chain[len(parts.pipelines.common) :]))
    services = replace(work.services, nonce_policies=parts.pipelines.nonce_policies(route.pipe))
    if route.is_socket:
        entry = build_socket_entry(endpoint, middleware, failures, services, _build_origins(route, parts, work))
        narrow_entry(work.core, add_socket_entry(work.core, route, entry), [chain])
        work.entries.append(route)
        return
    if all(isinstance(one, AccessLog) for one in chain):
        number = add_bare_entry(work.core, route, endpoint, middleware)
        if number is not None:
            narrow_entry(work.core, number, [chain])
            work.entries.append(route)
            return
    dispatch = build_dispatch(endpoint, middleware, failures, services)
    if route.is_mounted:
        work.misses.note(add_entry(work.core, route, dispatch), chain)
        work.entries.append(route)
        return
    if route.method == "POST" and route.shape not in work.posts:
        # Added last, when the methods that a form can name there are known.
        work.posts[route.shape] = route, dispatch
        return
    if is_overridable(route.method, middleware):
        work.overridable.setdefault(route.shape, []).append((route, dispatch))
    number = add_entry(work.core, route, dispatch)
    narrow_entry(work.core, number, [chain])
    work.misses.note(number, chain)
    work.entries.append(route)


def _build_origins(route: Route, parts: Parts, work: _Work) -> OriginCheck:
    """Which pages may open a route's WebSockets: those that it names, else those of the configuration."""
    if route.origins is None and (common := parts.settings.server.websocket.origins):
        return OriginCheck(common, "origins under [server.websocket]", work.refused_origins)
    where = f"origins at {route.where}" if route.origins else str(route.where)
    return OriginCheck(route.origins or (), where, work.refused_origins)


def _build_channels(route: Route, parts: Parts, work: _Work) -> Endpoint:
    """The endpoint of a socket with channels. Both of its addresses have the same mistakes, which are told once."""
    # Lazy: few applications have channels, and they cost as much to import as the rest of the server.
    from spica.app.channels import build_channels_endpoint
    from spica.channels.fanout import Fanout

    if work.fanout is None:
        work.fanout = Fanout(
            parts.bus(),
            report=parts.failures.report,
            note=_note if parts.failures.development else None,
            heartbeat_s=parts.settings.presence.heartbeat_s,
        )
    info = _describe(route, parts)
    return build_channels_endpoint(route, info, parts.registry, work.fanout, work.mistakes)


def _note(what: str, facts: dict[str, str]) -> None:
    get_logger().info(what, **facts)


def _describe(route: Route, parts: Parts) -> RouteInfo:
    return RouteInfo(
        method=route.method,
        pattern=route.pattern.text,
        target=route.target_name,
        name=route.name,
        renderer=parts.renderer,
    )


def _build_endpoint(route: Route, parts: Parts) -> Endpoint:
    info = _describe(route, parts)
    if route.is_mounted:
        return parts.mounted.build_endpoint(route, info)
    if not isinstance(route.target, str):
        return build_function_endpoint(route, route.target, info, parts.registry)
    if parts.lookup is None:
        raise InvalidTargetError(
            f"the route points at the controller {route.target!r}, and this application has none",
            where=route.label,
            why="controllers are found in the app/controllers folder of a project",
            fix="give the project's folder: App(root=Path(__file__).parent)",
        )
    ref = parts.lookup.find(route.target, route.where)
    return build_action_endpoint(route, ref, replace(info, action=ref.action, views=ref.views), parts.registry)


def _add_posts(variants: Sequence[Route], parts: Parts, work: _Work) -> None:
    """Hand the POST routes to the core, and a POST entry for each pattern whose other methods a form can name."""
    for shape, (route, dispatch) in work.posts.items():
        if shape not in work.overridable:
            number, chain = add_entry(work.core, route, dispatch), parts.pipelines.chain(route.pipe)
            narrow_entry(work.core, number, [chain])
            work.misses.note(number, chain)
            work.entries.append(route)
    methods: dict[Shape, list[str]] = {}
    for route in variants:
        methods.setdefault(route.shape, []).append(route.method)
    for shape, overrides in work.overridable.items():
        if ("POST", shape) in work.reserved:
            continue
        route, post = work.posts.get(shape, (overrides[0][0], None))
        refuse = _build_refusal(work.misses, methods[shape])
        entry = build_override_entry(post, {other.method: dispatch for other, dispatch in overrides}, refuse)
        streams = post is not None and post.streams_content
        number = add_post_entry(work.core, route, entry, streams_content=streams)
        entered = [route, *(other for other, _ in overrides)]
        narrow_entry(work.core, number, [parts.pipelines.chain(one.pipe) for one in entered])
        work.misses.note(number, parts.pipelines.chain(route.pipe))
        work.entries.append(route)


def _build_refusal(misses: Misses, methods: Sequence[str]) -> Callable[[NativeRequest], object]:
    """What answers a POST that only exists for forms when it names no method."""
    implied = ["HEAD", "OPTIONS"] if "GET" in methods else ["OPTIONS"]
    allow = ", ".join(sorted({*methods, *implied}))
    return lambda native: misses.answer(native, 405, allow)


def _freeze(core: Core) -> Iterator[SpicaError]:
    """Build the route tree; yields what contradicts in it."""
    try:
        core.freeze()
    except RouteConflict as conflict:
        for method, path, first, second, why, fix in conflict.args[0]:
            what = f"two routes answer {method} {path}"
            yield DuplicateRouteError(what, where=f"{first}\n{second}", why=why, fix=fix)
