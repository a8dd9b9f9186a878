"""Channels in an application: the endpoint that answers a socket's handshake and then serves its channels.

Rules of this file:
- `connect` runs before the handshake is answered, so what it raises is an ordinary response; its providers live as
  long as the socket.
- A token that a client sends beside the address (`authToken` of the phoenix client) is the parameter `auth_token`.
Source: `socket.js` of the npm package phoenix 1.8.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from spica.channels.compiled import CompiledSocket, compile_socket
from spica.channels.connection import Connection
from spica.channels.errors import InvalidSocket
from spica.channels.fanout import Fanout
from spica.channels.serializer import find_serializer
from spica.channels.socket import Socket
from spica.controllers.action import Endpoint
from spica.controllers.binding import HttpHost
from spica.controllers.controller import RouteInfo
from spica.errors import SpicaError
from spica.errors.http import Forbidden
from spica.http.context import Context
from spica.http.response import Response
from spica.http.websocket import WebSocket
from spica.injection.plan import Plan, Reader, build_plan
from spica.injection.registry import Registry
from spica.injection.scope import Scope
from spica.injection.signature import Parameter
from spica.routing.pattern import Pattern
from spica.routing.route import Route

# Stands where no provider will ask for a scope.
_NO_SCOPE = Scope()
PROTOCOL, TOKEN_PREFIX, TOKEN = "phoenix", "base64url.bearer.phx.", "auth_token"


def build_channels_endpoint(
    route: Route, info: RouteInfo, registry: Registry | None, fanout: Fanout, mistakes: list[SpicaError]
) -> Endpoint:
    """Compile a socket with its channels, whose mistakes are added to `mistakes`. Returns what answers the route.

    Raises: InvalidSocket when the route's target is no socket; SignatureError for its `connect`.
    """
    kind: Any = route.target
    if not (isinstance(kind, type) and issubclass(kind, Socket)):
        raise InvalidSocket(
            f"{route.target_name} answers clients of channels, and is no socket",
            where=str(route.where),
            fix=f"derive it: class {getattr(kind, '__name__', 'UserSocket')}(Socket)",
        )
    compiled = compile_socket(kind, registry)
    mistakes.extend(compiled.mistakes)
    function: Callable[..., Any] = _connect if kind.connect is Socket.connect else kind.connect
    plan = build_plan(function, SocketHost(route.pattern), skip_first=True, registry=registry)
    return Endpoint(info, Context, _build_call(compiled, function, plan, fanout), route.pattern.names)


class SocketHost(HttpHost):
    """Fills the arguments of `connect` as those of a handler, and `auth_token`."""

    def __init__(self, pattern: Pattern) -> None:
        super().__init__(pattern, strict_path=False, is_socket=True, method="GET")

    def choose_reader(self, parameter: Parameter) -> Reader:
        """Find where a parameter's value comes from."""
        if parameter.name != TOKEN or parameter.markers:
            return super().choose_reader(parameter)
        from_query = super().choose_reader(parameter)

        def read(ctx: Any) -> object:
            token = find_token(ctx.websocket.subprotocols)
            return from_query(ctx) if token is None else token

        return read


def find_token(subprotocols: Sequence[str]) -> str | None:
    """The token among the subprotocols that a client offers; None without one that can be read."""
    for one in subprotocols:
        if one.startswith(TOKEN_PREFIX):
            text = one.removeprefix(TOKEN_PREFIX).replace("-", "+").replace("_", "/")
            try:
                return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
            except ValueError:  # no base64, no UTF-8, no ASCII
                return None
    return None


def _connect(socket: Socket) -> None:
    """Stands in where a socket has no `connect` of its own: everybody may."""


def _build_call(
    compiled: CompiledSocket, connect: Callable[..., Any], plan: Plan, fanout: Fanout
) -> Callable[[Any], Any]:
    async def call(ctx: Any) -> Response:
        websocket: WebSocket = ctx.websocket
        serializer = find_serializer(ctx.request.query.get("vsn"))
        socket = compiled.kind()
        scope = Scope() if plan.needs_scope else None
        try:
            positional, named = await plan.aarguments(ctx, scope or _NO_SCOPE)
            answer = connect(socket, *positional, **named)
            if inspect.isawaitable(answer):
                answer = await answer
            if answer is False:
                raise Forbidden
            await fanout.bus.started()  # else what other nodes broadcast behind the first join's reply could be missed
            await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in websocket.subprotocols else None)
        except BaseException as error:
            if scope is not None:
                await scope.aclose(error)
            raise
        await Connection(socket, compiled, websocket, fanout, serializer).serve(scope)
        return Response(status=101)  # never sent: the handshake is answered

    return call
