"""A request of the test client, before it is sent: every method adds to it and returns it, awaiting it sends it."""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypedDict
from urllib.parse import quote, urlencode

import msgspec

from spica.testing.forms import flatten, render_form
from spica.testing.multipart import Part, render_multipart

if TYPE_CHECKING:
    from spica.testing.client import Client
    from spica.testing.response import ClientResponse

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
FORM_TYPE = "application/x-www-form-urlencoded"
ANSWER_TIMEOUT_S = 30.0
_OF_THE_RESPONSE = frozenset({"status", "status_code", "text", "headers", "trailers", "failure"})
# What other test clients call it.
_CALLED = {
    "data": "form={...}, or content=b'...'",
    "params": "query={...}",
    "files": "multipart={'photo': File('cat.png')}",
    "auth": ".basic(user, password)",
    "cookies": ".cookie(name, value)",
    "follow_redirects": ".follow()",
    "follow": ".follow()",
    "content_type": ".content(octets, content_type)",
    "timeout": "timeout_s=5",
}
_SAFE_IN_TARGET = "/?=&%:@!$'()*+,;~-._[]"


class RequestOptions(TypedDict, total=False):
    """What `client.get` and its siblings take beside the path; each is a method of the request as well.

    Args:    query, form: nested values; json: any value msgspec encodes; multipart: texts and Files by field name;
             content: octets, with a content-type of yours in headers; headers: by name; csrf: whether an unsafe
             request carries the session's token, default true; timeout_s: how long to wait for the response,
             default 30.
    """

    query: Mapping[str, object] | None
    form: Mapping[str, object] | None
    json: object
    multipart: Mapping[str, Part] | None
    content: bytes | None
    headers: Mapping[str, str] | None
    csrf: bool
    timeout_s: float


@dataclass(slots=True)
class Sent:
    """The parts of a request."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    csrf: bool = True
    timeout_s: float = ANSWER_TIMEOUT_S

    @property
    def is_safe(self) -> bool:
        """Whether its method promises to change nothing."""
        return self.method in SAFE_METHODS


def add_query(target: str, values: Mapping[str, object]) -> str:
    """Add nested values to the query of a target."""
    text = urlencode(list(flatten(values)))
    return f"{target}{'&' if '?' in target else '?'}{text}" if text else target


class PendingRequest:
    """A request that is sent when it is awaited.

    Example:
        response = await client.get("/posts").query(page=2).bearer("t0ken").accept("json")
    """

    def __init__(self, client: Client, method: str, path: str, options: RequestOptions) -> None:
        self._client = client
        self._follows = 0
        self.sent = Sent(method.upper(), quote(path, safe=_SAFE_IN_TARGET))
        self._take(options)

    def header(self, name: str, value: str) -> Self:
        """Add a header, or replace it."""
        self.sent.headers[name.lower()] = value
        return self

    def cookie(self, name: str, value: str) -> Self:
        """Send a cookie with this request alone."""
        self.sent.cookies[name] = value
        return self

    def query(self, values: Mapping[str, object] | None = None, /, **named: object) -> Self:
        """Add nested values to the query."""
        self.sent.target = add_query(self.sent.target, {**(values or {}), **named})
        return self

    def json(self, value: object) -> Self:
        """Send a value as JSON."""
        return self._body(msgspec.json.encode(value), "application/json")

    def form(self, values: Mapping[str, object] | None = None, /, **named: object) -> Self:
        """Send nested values as a browser sends a form without files."""
        return self._body(render_form({**(values or {}), **named}), FORM_TYPE)

    def multipart(self, parts: Mapping[str, Part]) -> Self:
        """Send texts and Files as a browser sends a form with files."""
        return self._body(*render_multipart(parts))

    def content(self, octets: bytes, content_type: str = "application/octet-stream") -> Self:
        """Send octets."""
        return self._body(octets, content_type)

    def bearer(self, token: str) -> Self:
        """Send a token in Authorization."""
        return self.header("authorization", f"Bearer {token}")

    def basic(self, user: str, password: str) -> Self:
        """Send a name and a password in Authorization."""
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return self.header("authorization", f"Basic {pair}")

    def accept(self, kind: str) -> Self:
        """Ask for a media type: "json", "html", or one in full, "text/csv"."""
        short = {"json": "application/json", "html": "text/html", "text": "text/plain"}
        return self.header("accept", short.get(kind, kind))

    def without_csrf(self) -> Self:
        """Leave the session's token out, as a page of another site would."""
        self.sent.csrf = False
        return self

    def follow(self, *, most: int = 10) -> Self:
        """Follow redirects, as a browser does, at most so many."""
        self._follows = most
        return self

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """What is not there comes here, mostly what the response has. So does a property that failed."""
            if hasattr(type(self), name):
                return object.__getattribute__(self, name)
            what = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name.startswith("expect_") or name in _OF_THE_RESPONSE:
                what += f": the request is not sent yet, write (await client.{self.sent.method.lower()}(...)).{name}"
            raise AttributeError(what, name=name, obj=self)

    def __await__(self) -> Generator[Any, None, ClientResponse]:
        return self._send().__await__()

    async def _send(self) -> ClientResponse:
        response = await self._client.exchange(self.sent)
        for _ in range(self._follows):
            if not response.is_redirect:
                return response
            response = await response.follow()
        if self._follows and response.is_redirect:
            raise response.unexpected(f"a page after {self._follows} redirects")
        return response

    def _body(self, octets: bytes, content_type: str) -> Self:
        self.sent.content = octets
        self.sent.headers["content-type"] = content_type
        return self

    def _take(self, options: RequestOptions) -> None:
        if unknown := options.keys() - RequestOptions.__optional_keys__:
            first = min(unknown)
            hint = f": write {_CALLED[first]}" if first in _CALLED else ""
            raise TypeError(f"a request has no option {', '.join(sorted(unknown))}{hint}")
        self.query(options.get("query"))
        if (form := options.get("form")) is not None:
            self.form(form)
        if (parts := options.get("multipart")) is not None:
            self.multipart(parts)
        if options.get("json") is not None:
            self.json(options.get("json"))
        if octets := options.get("content"):
            self.sent.content = octets
        for name, value in (options.get("headers") or {}).items():
            self.header(name, value)
        self.sent.csrf = options.get("csrf", True)
        self.sent.timeout_s = options.get("timeout_s", ANSWER_TIMEOUT_S)
