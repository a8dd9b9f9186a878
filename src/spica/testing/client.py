"""The test client: requests enter as bytes, through the parser and router that production uses (docs/decisions/0007).

Rules:
- One connection a request, with `Connection: close`, so that a test never depends on the one before it.
- Cookies are kept from response to request. Unsafe requests carry the CSRF token of the client's session, as a page's
  form would; `csrf=False` leaves it out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote, urlencode

import msgspec

from spica._core import Server
from spica.app.application import App
from spica.testing.cookies import CookieJar
from spica.testing.csrf import SessionCookies
from spica.testing.forms import flatten, render_form
from spica.testing.multipart import File, render_multipart
from spica.testing.response import ClientResponse
from spica.testing.websocket import ClientSocket

HOST = "test.host"
ACCEPT = "text/html,application/json;q=0.9,*/*;q=0.8"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
ANSWER_TIMEOUT_S = 30.0
_SAFE_IN_TARGET = "/?=&%:@!$'()*+,;~-._[]"


class PendingRequest:
    """A request that is sent when it is awaited; `header` adds to it before."""

    def __init__(self, client: Client, method: str, target: str, content: bytes, headers: dict[str, str]) -> None:
        self.signs = False
        self._client = client
        self._method = method
        self._target = target
        self._content = content
        self._headers = headers

    def header(self, name: str, value: str) -> Self:
        """Add a header."""
        self._headers[name.lower()] = value
        return self

    def __await__(self) -> Generator[Any, None, ClientResponse]:
        return self._send().__await__()

    async def _send(self) -> ClientResponse:
        if self.signs:
            self._headers.setdefault("x-csrf-token", await self._client.csrf_token())
        return await self._client.exchange(self._method, self._target, self._content, self._headers)


class Client:
    """A browser's stand-in for one application.

    Args:    app: started; server: a native server on the running loop (`spica.server.run.running_server`).
    """

    def __init__(self, app: App, server: Server) -> None:
        self.app = app
        self.cookies = CookieJar()
        self._server = server
        self._sessions = SessionCookies.find(app)

    def get(self, path: str, **options: Any) -> PendingRequest:
        """GET; takes what `request` takes."""
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Any) -> PendingRequest:
        """HEAD; takes what `request` takes."""
        return self.request("HEAD", path, **options)

    def options(self, path: str, **options: Any) -> PendingRequest:
        """OPTIONS; takes what `request` takes."""
        return self.request("OPTIONS", path, **options)

    def post(self, path: str, **options: Any) -> PendingRequest:
        """POST; takes what `request` takes."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> PendingRequest:
        """PUT; takes what `request` takes."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> PendingRequest:
        """PATCH; takes what `request` takes."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> PendingRequest:
        """DELETE; takes what `request` takes."""
        return self.request("DELETE", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        form: Mapping[str, object] | None = None,
        json: object = None,
        multipart: Mapping[str, str | File] | None = None,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        csrf: bool = True,
    ) -> PendingRequest:
        """Prepare a request; await it for the response.

        Args:    path: may carry a query; query, form: nested values; json: any value msgspec encodes;
                 multipart: texts and Files; content: octets, with a content-type of yours in headers;
                 csrf: whether an unsafe request carries the session's token.
        """
        target = quote(path, safe=_SAFE_IN_TARGET)
        if query is not None:
            target += ("&" if "?" in target else "?") + urlencode(list(flatten(query)))
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        content, content_type = _body(form, json, multipart, content)
        if content_type:
            sent.setdefault("content-type", content_type)
        request = PendingRequest(self, method, target, content, sent)
        request.signs = csrf and method not in SAFE and self._sessions is not None
        return request

    async def csrf_token(self) -> str:
        """A token of the client's session; "" for an application without sessions."""
        return "" if self._sessions is None else await self._sessions.token_for(self.cookies)

    def socket(
        self, path: str, *, headers: Mapping[str, str] | None = None, subprotocols: Sequence[str] = ()
    ) -> ClientSocket:
        """Prepare a WebSocket: `async with client.socket("/chat") as socket` opens it and closes it.

        Args:    path: may carry a query; headers: of the request, `origin` for a page's; subprotocols: offered, the one
                 preferred first.
        Raises:  SocketRefused, when it is entered and the application does not accept.
        """
        fields = {"host": HOST, **{name.lower(): value for name, value in (headers or {}).items()}}
        if self.cookies and "cookie" not in fields:
            fields["cookie"] = self.cookies.render()
        return ClientSocket(self._server.connect, quote(path, safe=_SAFE_IN_TARGET), fields, subprotocols)

    async def follow(self, response: ClientResponse) -> ClientResponse:
        """GET where a redirect leads, on this host."""
        location = response.expect_redirect().headers["location"]
        return await self.get(location.removeprefix(f"http://{HOST}"))

    async def exchange(self, method: str, target: str, content: bytes, headers: Mapping[str, str]) -> ClientResponse:
        """Send one request and wait for its whole response. Raises BrokenResponse when only a part of it comes."""
        request = self._render(method, target, content, headers)
        with _LoggedFailures() as failures:
            received = await self._send(request)
        response = ClientResponse(received, method, target).require_whole(failures.last)
        self.cookies.update_from(response.headers.get_all("set-cookie", []))
        return response

    def _render(self, method: str, target: str, content: bytes, headers: Mapping[str, str]) -> bytes:
        fields = {"host": HOST, "connection": "close", "accept": ACCEPT, **headers}
        if self.cookies and "cookie" not in fields:
            fields["cookie"] = self.cookies.render()
        if content or method not in SAFE:
            fields["content-length"] = str(len(content))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + content

    async def _send(self, request: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        received = bytearray()

        def sink(data: bytes | None) -> None:
            if data is not None:
                received.extend(data)
            elif not ended.done():
                ended.set_result(None)

        connection = self._server.connect(sink)
        # Not from inside this task: handlers become tasks of their own, and one can't start inside another's step.
        loop.call_soon(connection.feed, request)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await ended
        finally:
            loop.call_soon(connection.close)
        return bytes(received)


class _LoggedFailures(logging.Handler):
    """The last exception that the log of streams has got while a block runs: a broken response does not carry it."""

    last: BaseException | None = None

    def __enter__(self) -> Self:
        logging.getLogger("spica.http").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("spica.http").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.last = record.exc_info[1]


def _body(
    form: Mapping[str, object] | None, json: object, multipart: Mapping[str, str | File] | None, content: bytes
) -> tuple[bytes, str]:
    if form is not None:
        return render_form(form), "application/x-www-form-urlencoded"
    if multipart is not None:
        return render_multipart(multipart)
    if json is not None:
        return msgspec.json.encode(json), "application/json"
    return content, ""
