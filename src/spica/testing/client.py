"""The test client: requests enter as bytes, through the parser and router that production uses (docs/decisions/0007).

Rules:
- One connection a request, with `Connection: close`, so that a test never depends on the one before it.
- Cookies are kept from response to request. Unsafe requests carry the CSRF token of the client's session, as a page's
  form would; `csrf=False` leaves it out.
- Whoever signs in gets a session of the application's own making, so that its middleware is part of the test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Unpack
from urllib.parse import quote, urljoin, urlsplit

from spica._core import Server
from spica.app.application import App
from spica.http import media_types
from spica.middleware.session_data import SessionData
from spica.testing.connections import Connect, connect_in_memory, connect_to
from spica.testing.cookies import CookieJar
from spica.testing.csrf import SessionCookies
from spica.testing.event_stream import ClientEvents
from spica.testing.failures import LoggedFailures
from spica.testing.request import ANSWER_TIMEOUT_S, PendingRequest, RequestOptions, Sent, add_query
from spica.testing.response import ClientResponse, Surroundings
from spica.testing.websocket import ClientSocket

HOST = "test.host"
# What no form can send, a script does: `fetch` accepts anything, and gets problem details instead of a page.
ACCEPT_OF_SCRIPTS = "*/*"
ACCEPT = "text/html,application/json;q=0.9,*/*;q=0.8"
_SAFE_IN_TARGET = "/?=&%:@!$'()*+,;~-._[]"

SessionOf = Callable[[Any], Mapping[str, Any]]


def user_id_of(user: Any) -> dict[str, Any]:
    """What a session says of who is signed in, unless a project says otherwise: {"user_id": user.id}."""
    return {"user_id": user.id}


class Client:
    """A browser's stand-in for one application.

    Args:    app: started; server: a native server on the running loop (`spica.server.run.running_server`); address:
             where that listens, to speak to it over a socket; session_of: what the session holds of a user who is
             signed in. `headers` go with every request.
    """

    def __init__(
        self,
        app: App,
        server: Server,
        *,
        address: tuple[str, int] | None = None,
        session_of: SessionOf = user_id_of,
    ) -> None:
        self.app = app
        self.cookies = CookieJar()
        self.headers: dict[str, str] = {}
        self.url = f"http://{address[0]}:{address[1]}" if address else f"http://{HOST}"
        self._server = server
        self._address = address
        self._connect: Connect = connect_to(*address) if address else connect_in_memory(server)
        self._session_of = session_of
        self._sessions = SessionCookies.find(app)
        self._coming: list[tuple[Mapping[str, Any] | None, object]] = []

    def new(self) -> Client:
        """Another visitor of the same application, with cookies of its own."""
        return Client(self.app, self._server, address=self._address, session_of=self._session_of)

    def get(self, path: str, **options: Unpack[RequestOptions]) -> PendingRequest:
        """GET; takes what `request` takes."""
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Unpack[RequestOptions]) -> PendingRequest:
        """HEAD; takes what `request` takes."""
        return self.request("HEAD", path, **options)

    def options(self, path: str, **options: Unpack[RequestOptions]) -> PendingRequest:
        """OPTIONS; takes what `request` takes."""
        return self.request("OPTIONS", path, **options)

    def post(self, path: str, **options: Unpack[RequestOptions]) -> PendingRequest:
        """POST; takes what `request` takes."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Unpack[RequestOptions]) -> PendingRequest:
        """PUT; takes what `request` takes."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[RequestOptions]) -> PendingRequest:
        """PATCH; takes what `request` takes."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[RequestOptions]) -> PendingRequest:
        """DELETE; takes what `request` takes."""
        return self.request("DELETE", path, **options)

    def request(self, method: str, path: str, **options: Unpack[RequestOptions]) -> PendingRequest:
        """Prepare a request; await it for the response. `path` may carry a query; options: see `RequestOptions`."""
        return PendingRequest(self, method, path, options)

    def socket(
        self,
        path: str,
        /,
        *,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (),
        **query: object,
    ) -> ClientSocket:
        """Prepare a WebSocket: `async with client.socket("/chat") as socket` opens it and closes it.

        Args:    path: may carry a query; headers: of the request, `origin` for a page's; subprotocols: offered, the one
                 preferred first; query: more of the query, `token=...`, nested values included.
        Raises:  SocketRefused, when it is entered and the application does not accept.
        """
        target = add_query(quote(path, safe=_SAFE_IN_TARGET), query)
        fields = partial(self._fields, target, headers or {})
        return ClientSocket(self._connect, target, fields, subprotocols, self.app)

    def sse(
        self, path: str, *, headers: Mapping[str, str] | None = None, last_event_id: str | int = ""
    ) -> ClientEvents:
        """Prepare a stream of server-sent events: `async with client.sse("/events") as events` opens it and closes it.

        Args:    path: may carry a query; headers: of the request; last_event_id: resume after this one.
        Raises:  AssertionError, when it is entered and the answer is no stream of events.
        """
        target = quote(path, safe=_SAFE_IN_TARGET)
        fields = partial(self._fields, target, {"accept": "text/event-stream", **(headers or {})})
        return ClientEvents(self._connect, target, fields, str(last_event_id))

    def sign_in(self, user: object = None, **values: Any) -> None:
        """Sign a user in, from the next request on, by the application's own Session middleware.

        Args:    user: what `session_of` is asked about, by default for {"user_id": user.id}; values: of the session,
                 beside that.
        Raises:  LookupError: the application has no Session middleware.
        """
        self._check_sessions("sign_in")
        said = self._session_of(user) if user is not None else {}
        self._coming.append(({**said, **values}, getattr(user, "id", None)))

    def sign_out(self) -> None:
        """Empty the session, from the next request on."""
        self._check_sessions("sign_out")
        self._coming.append((None, None))

    async def session(self) -> SessionData:
        """The session as the next request would find it; what is changed in it stays here."""
        sessions = self._check_sessions("session")
        await self._settle()
        return await sessions.load(self.cookies)

    async def csrf_token(self) -> str:
        """A token of the client's session; "" for an application without sessions."""
        return "" if self._sessions is None else await self._sessions.token_for(self.cookies)

    async def follow(self, response: ClientResponse) -> ClientResponse:
        """Go where a redirect leads, on this host."""
        return await response.follow()

    async def exchange(self, sent: Sent) -> ClientResponse:
        """Send one request and wait for its whole response.

        Raises:  BrokenResponse when only a part of it comes; TimeoutError when none comes in time.
        """
        is_json = media_types.is_json(media_types.essence(sent.headers.get("content-type")))
        extra = {"connection": "close", "accept": ACCEPT_OF_SCRIPTS if is_json else ACCEPT}
        if sent.content or not sent.is_safe:
            extra["content-length"] = str(len(sent.content))
        await self._settle()
        if sent.csrf and not sent.is_safe and self._sessions is not None:
            extra["x-csrf-token"] = await self.csrf_token()
        fields = await self._fields(sent.target, {**extra, **sent.headers}, sent.cookies)
        with LoggedFailures(sent.target) as failures:
            try:
                received = await self.send_octets(_render(sent, fields), timeout_s=sent.timeout_s)
            except TimeoutError as error:
                raise TimeoutError(f"{error} to {sent.method} {sent.target}") from None
        around = Surroundings(fields, failures.last, follow=partial(self._follow, sent))
        response = ClientResponse(received, sent.method, sent.target, around).require_whole(failures.last)
        self.cookies.update_from(response.headers.get_all("set-cookie", []))
        if self._sessions is not None:
            messages = (await self._sessions.load(self.cookies)).flash.left()
            around.flash = lambda: messages
        return response

    async def send_octets(self, octets: bytes, *, timeout_s: float = ANSWER_TIMEOUT_S) -> bytes:
        """Send octets as they are on a connection of their own, and give all that comes until it ends.

        Args:    octets: a request, or anything else; one that lets the connection go on needs `Connection: close`.
        Raises:  TimeoutError: the connection has not ended in time.
        """
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        received = bytearray()

        def sink(data: bytes | None) -> None:
            if data is not None:
                received.extend(data)
            elif not ended.done():
                ended.set_result(None)

        connection = self._connect(sink)
        connection.feed(octets)
        try:
            async with asyncio.timeout(timeout_s):
                await ended
        except TimeoutError:
            what = f"{len(received)} octets of a response" if received else "no response"
            raise TimeoutError(f"{what} in {timeout_s:g} s") from None
        finally:
            connection.close()
        return bytes(received)

    # The rest is private.

    async def _fields(
        self, target: str, fields: Mapping[str, str], cookies: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The fields of a request: the client's own and those given, with its cookies."""
        await self._settle()
        found = {"host": HOST}
        for given in (self.headers, fields):
            found |= {name.lower(): value for name, value in given.items()}
        if "cookie" not in found and (kept := self.cookies.render(target.partition("?")[0], **(cookies or {}))):
            found["cookie"] = kept
        return found

    async def _settle(self) -> None:
        """Do to the session what signing in and out has announced."""
        coming, self._coming = self._coming, []
        for values, owner in coming:
            await self._check_sessions("sign_in").change(self.cookies, values, owner)

    def _check_sessions(self, method: str) -> SessionCookies:
        if self._sessions is None:
            raise LookupError(f"client.{method} needs the Session middleware, and this application does not use it")
        return self._sessions

    async def _follow(self, sent: Sent, response: ClientResponse) -> ClientResponse:
        location = urlsplit(urljoin(f"http://{HOST}{sent.target}", response.headers["location"]))
        if location.netloc not in (HOST, urlsplit(self.url).netloc, urlsplit(self.app.settings.app.url).netloc):
            raise response.unexpected("a redirect on this host")
        target = location.path + (f"?{location.query}" if location.query else "")
        if response.status in (307, 308):
            kept = {name: value for name, value in sent.headers.items() if name != "cookie"}
            return await self.exchange(Sent(sent.method, target, kept, {}, sent.content, sent.csrf, sent.timeout_s))
        method = "HEAD" if sent.method == "HEAD" else "GET"
        return await self.exchange(Sent(method, target, timeout_s=sent.timeout_s))


def _render(sent: Sent, fields: Mapping[str, str]) -> bytes:
    lines = [f"{sent.method} {sent.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + sent.content
