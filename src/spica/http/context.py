"""Context: everything about one request, for handlers, controllers and middleware.

Rules:
- One is made for every request that needs one, so making it writes four attributes; the rest are class attributes
  until first use. Inside a controller it is `self`.
- It holds no policy: sessions come from a `SessionSource` (middleware), the sealing of cookies from `ContextServices`.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, overload

from spica.http import media_types
from spica.http.answers import Answers
from spica.http.cache_control import keep_private
from spica.http.caching import Caching
from spica.http.cookies import Cookies, CookieSealer
from spica.http.errors import AssignMissing, SessionMissing
from spica.http.htmx import Htmx
from spica.http.params import Params
from spica.http.request import Request
from spica.http.response import Response, ResponseDefaults
from spica.telemetry.logs import get_logger


class SessionLike(Protocol):
    """What Context needs of a session; the middleware package has the real one."""

    @property
    def flash(self) -> Any: ...


class SessionSource(Protocol):
    """Loads the session of a request on first use; a Session middleware is one."""

    def load(self, ctx: Context) -> Any: ...


@dataclass(frozen=True, slots=True)
class ContextServices:
    """What the app gives every Context: how cookies are sealed, and whether they are Secure though we see plain http.

    Args:    cookie_sealer: for cookies.signed and .encrypted, None without a secret key; behind_tls: whether a proxy
             in front of us ends TLS; nonce_policies: fields of the route's pages that ask for a nonce, with a place
             for it.
    """

    cookie_sealer: CookieSealer | None = None
    behind_tls: bool = False
    nonce_policies: tuple[tuple[str, str], ...] = ()


Kind = TypeVar("Kind")
NO_SERVICES = ContextServices()

# A trace id must be unique, not secret: this generator is seeded by the system and costs no system call a request.
_ids = random.Random()  # noqa: S311 - see above
os.register_at_fork(after_in_child=_ids.seed)


def new_trace_id() -> str:
    """Make an id for a request: 32 hex digits."""
    return f"{_ids.getrandbits(128):032x}"


class Context(Answers, Caching):
    """One request and what will become its response.

    Args:    request: the request; route: the route that matched, None outside of one; path_params: values of the path's
             parameters by name; services: what the app provides.
    """

    current_user: Any = None
    """Who is signed in; set by your authentication."""

    _assigns: dict[str, Any] | None = None
    _cookies: Cookies | None = None
    _has_left: bool = False
    _halted: bool = False
    _htmx: Htmx | None = None
    _log: Any = None
    _params: Params | None = None
    _response: ResponseDefaults | None = None
    _session: Any = None
    _trace_id: str | None = None
    websocket: Any = None
    """The WebSocket, on a route that has one."""
    session_source: SessionSource | None = None

    def __init__(
        self,
        request: Request,
        route: Any = None,
        path_params: dict[str, Any] | None = None,
        services: ContextServices = NO_SERVICES,
    ) -> None:
        self.request = request
        self.route = route
        self.path_params = path_params if path_params is not None else {}
        self.services = services

    # what came in

    @property
    def params(self) -> Params:
        """Path, query and content parameters in one; the path wins over the content, the content over the query.

        Raises:  BadRequest when query or content can't be parsed; ContentTooLarge beyond a limit.
        """
        params = self._params
        if params is None:
            params = self._params = self._read_params()
        return params

    @property
    def cookies(self) -> Cookies:
        """The cookie jar: what was received, what will be set, `.signed` and `.encrypted`."""
        cookies = self._cookies
        if cookies is None:
            services = self.services
            secure = self.request.is_secure or services.behind_tls
            cookies = self._cookies = Cookies(self.request.cookies, secure=secure, sealer=services.cookie_sealer)
            cookies.has_left = self._has_left
        return cookies

    @property
    def session(self) -> Any:
        """The session, a dict of JSON values that survives to the visitor's next request.

        Raises:  SessionMissing when no Session middleware is in the route's pipeline.
        """
        session = self._session
        if session is None:
            if self.session_source is None:
                raise SessionMissing(
                    "this route has no session",
                    where=_name_route(self.route),
                    why="sessions and flash come from the Session middleware, which is not in the route's pipeline",
                    fix="add it to the pipeline, in config/middleware.py p.use(m.Session), in one file"
                    " app.use(m.Session)",
                )
            session = self._session = self.session_source.load(self)
        return session

    @property
    def loaded_session(self) -> Any:
        """The session if something asked for it during this request, else None; never loads it."""
        return self._session

    @property
    def flash(self) -> Any:
        """Messages that are shown once, by this request or the next: `flash["notice"] = "Saved"`."""
        return self.session.flash

    @property
    def format(self) -> str | None:
        """The format that the route's path names, "json" for `/posts.json`; None where it names none."""
        return self.path_params.get("format")

    @property
    def htmx(self) -> Htmx:
        """What htmx says in the request, and what it is told: `ctx.htmx.trigger("saved")`."""
        htmx = self._htmx
        if htmx is None:
            htmx = self._htmx = Htmx(self)
        return htmx

    @property
    def is_htmx(self) -> bool:
        """Whether htmx made the request; the response says that it depends on it (Vary)."""
        self.response.add_vary("HX-Request")
        return self.request.native.field("hx-request") == "true"

    @property
    def last_event_id(self) -> str | None:
        """The id of the last event that a client has seen before it reconnected; None when it is new."""
        value = self.request.native.field("last-event-id")
        return None if value is None else value.encode("latin-1", "replace").decode("utf-8", "replace")

    # what belongs to the request

    @property
    def assigns(self) -> dict[str, Any]:
        """Values that middleware and handlers hand to each other and to templates."""
        assigns = self._assigns
        if assigns is None:
            assigns = self._assigns = {}
        return assigns

    def set(self, name: str, value: Any) -> None:
        """Hand a value on to who comes later: `ctx.set("tenant", tenant)`."""
        self.assigns[name] = value

    @overload
    def get(self, name: str) -> Any: ...
    @overload
    def get(self, name: str, type: type[Kind]) -> Kind: ...
    def get(self, name: str, type: type[Any] | None = None) -> Any:
        """What was handed on by `set`.

        Args:    name: of the value; type: what it must be, which type checkers then know too.
        Returns: the value; None when there is none and no type is asked for.
        Raises:  AssignMissing when a type is asked for and the value is not there or of another.
        """
        value = self._assigns.get(name) if self._assigns is not None else None
        if type is None or isinstance(value, type):
            return value
        raise AssignMissing(
            f"ctx.get({name!r}, {type.__name__}) finds {'nothing' if value is None else value.__class__.__name__}",
            why="what comes before it in the pipeline has to set it",
            fix=f"ctx.set({name!r}, …) in middleware or a filter that runs before",
        )

    @property
    def trace_id(self) -> str:
        """The id that ties log lines and the X-Request-Id field together; 32 hex digits when it is ours."""
        trace_id = self._trace_id
        if trace_id is None:
            trace_id = self._trace_id = new_trace_id()
        return trace_id

    @trace_id.setter
    def trace_id(self, value: str) -> None:
        self._trace_id = value

    @property
    def log(self) -> Any:
        """A logger whose lines carry the trace id: `ctx.log.info("fetching user", user_id=7)`."""
        log = self._log
        if log is None:
            log = self._log = get_logger(trace_id=self.trace_id)
        return log

    # what goes out

    @property
    def response(self) -> ResponseDefaults:
        """Status, fields and cookies for the response that is still to be made."""
        response = self._response
        if response is None:
            response = self._response = ResponseDefaults(self._has_left)
        return response

    @property
    def has_response_defaults(self) -> bool:
        """Whether something was set on `ctx.response`; asking makes none."""
        return self._response is not None

    def reset_session(self) -> None:
        """Forget everything in the session and begin a new one, at logout and before signing in."""
        self.session.reset()

    def finish(self, response: Response) -> Response:
        """Merge what was set on `ctx.response` and `ctx.cookies` into the response; the app calls it once, last."""
        defaults, cookies = self._response, self._cookies
        if defaults is not None:
            defaults.apply(response)
        if cookies is not None and cookies.changed:
            response.fields.extend(("set-cookie", value) for value in cookies.set_cookie_values())
            keep_private(response)
        elif defaults is not None and response.header("set-cookie") is not None:
            keep_private(response)
        if response.stream is not None:
            self._mark_left()
        return response

    def _mark_left(self) -> None:
        """What makes the content of the response runs from now on, and can change nothing else of it."""
        self._has_left = True
        if self._response is not None:
            self._response.has_left = True
        if self._cookies is not None:
            self._cookies.has_left = True

    def early_hints(self, *links: str) -> None:
        """Tell the browser what the page will need while it is still being made: a 103 with a Link field for each.

        Args:    links: values of Link, `'</assets/app.css>; rel=preload; as=style'`.
        Raises:  ValueError when one can't be sent.
        """
        self.request.native.send_early_hints([("link", link) for link in links])

    def _read_params(self) -> Params:
        request = self.request
        unread = ""
        merged: dict[str, Any] = {}
        if request.native.query:
            merged.update(request.query.nested())
        if request.native.incoming is None and request.native.has_content:
            sent = _content_params(request)
            merged.update(sent or {})
            if sent is None:
                unread = request.content_type or "content without a Content-Type"
        merged.update(self.path_params)
        return Params(merged, unread=unread)


def _name_route(route: Any) -> str:
    return "" if route is None else f"{route.target}  {route.method} {route.pattern}"


def _content_params(request: Request) -> dict[str, Any] | None:
    """Return the parameters in the content: of a form, or of a JSON object; None for content of another type."""
    media_type = request.content_type
    if request.has_form:
        return request.form()
    if media_types.is_json(media_type):
        value = request.json()
        return value if isinstance(value, dict) else {}
    return None
