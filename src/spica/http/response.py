"""Responses: status, fields and a body or the path of a file, built and checked; the core writes them.

Rules:
- Field names are lower-case. What can't be sent is refused here, where the caller is still on the stack; the core
  refuses it once more.
- Content-Length and Date are the core's. A Response never holds an open file: `file` is a path the core streams.
- A `stream` is iterated while it is sent; the response has its own content-length then, or none.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, Unpack

from spica.http import json, media_types
from spica.http.cookies import (
    CookieAttributes,
    CookiePlace,
    build_delete_cookie,
    build_delete_options,
    build_options,
    build_set_cookie,
)
from spica.http.disposition import Disposition, build_disposition
from spica.http.events import FIELDS, KEEP_ALIVE_S, build_keep_alive, encode_events
from spica.http.fields import check_field
from spica.http.keep_alive import KeepAlive
from spica.http.lateness import tell_late
from spica.http.redirects import check_redirect
from spica.http.status import REDIRECTS, phrase
from spica.http.streaming import Fields, Streamable, check_streamable, name_after

Self = TypeVar("Self", bound="ResponseFields")


class ResponseFields:
    """The fields of a response being built: shared by `Response` and the defaults a Context collects."""

    __slots__ = ("fields",)

    fields: list[tuple[str, str]]
    has_left: bool = False
    """Whether the head is on its way, so that every change is too late."""

    def header(self, name: str) -> str | None:
        """Return the first value of a field, None when it is not set."""
        name = name.lower()
        for key, value in self.fields:
            if key == name:
                return value
        return None

    def set_header(self, name: str, value: str) -> None:
        """Set a field, replacing what it had. Raises InvalidField when it can't be sent."""
        self.put_field(*check_field(name, value))

    def put_field(self, name: str, value: str) -> None:
        """Set a field of which is known that it can be sent: its name is in lower case, its value was checked."""
        if self.has_left:
            tell_late(f"the field {name!r}")
        self.fields = [pair for pair in self.fields if pair[0] != name]
        self.fields.append((name, value))

    def add_header(self, name: str, value: str) -> None:
        """Add one more value of a field, as Link or Vary may have. Raises InvalidField when it can't be sent."""
        field = check_field(name, value)
        if self.has_left:
            tell_late(f"the field {name!r}")
        self.fields.append(field)

    def add_vary(self, name: str) -> None:
        """Say that the response depends on a request field, once: `Vary: cookie`. Raises InvalidField."""
        if self.has_left:
            tell_late("the field 'vary'")
        for index, (key, value) in enumerate(self.fields):
            if key == "vary":
                self.fields[index] = ("vary", _join_vary(value, name))
                return
        self.fields.append(check_field("vary", name))

    def with_header(self: Self, name: str, value: str) -> Self:
        """Set a field and return the response itself: `Response.ok(x).with_header("Cache-Control", "no-store")`."""
        self.set_header(name, value)
        return self

    def set_cookie(self, name: str, value: str, **attributes: Unpack[CookieAttributes]) -> None:
        """Add a Set-Cookie field.

        Args:    attributes: as CookieAttributes. `ctx.cookies` is the jar that chooses `secure` by the request; here it
                 is True unless you say otherwise, which plain http on another host than localhost needs.
        Raises:  InvalidCookie, CookieTooLarge.
        """
        options = build_options(attributes, secure=True)
        if self.has_left:
            tell_late(f"the cookie {name!r}")
        self.fields.append(("set-cookie", build_set_cookie(name, value, options)))

    def delete_cookie(self, name: str, **place: Unpack[CookiePlace]) -> None:
        """Make the browser forget a cookie; path, domain and partitioned must be those it was set with."""
        options = build_delete_options(name, place, secure=False)
        if self.has_left:
            tell_late(f"the cookie {name!r}")
        self.fields.append(("set-cookie", build_delete_cookie(name, options)))


@lru_cache(maxsize=256)
def _join_vary(value: str, name: str) -> str:
    """A Vary field that names one more; an application has the same few."""
    if name.lower() in [part.strip().lower() for part in value.split(",")]:
        return value
    return check_field("vary", f"{value}, {name}")[1]


class _Builder:
    """Makes `Response.file(path)` a builder while `response.file` stays the attribute that the core reads.

    A descriptor without `__set__`: the instance's own attribute wins, so reading it costs no call.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: Response | None, owner: type[Response]) -> Callable[..., Response]:
        build: Callable[..., Response] = getattr(owner, self._name)
        return build


class Response(ResponseFields):
    """What goes back to the client.

    Args:    body: octets, or text that is sent as UTF-8; status: 200 to 599; fields: pairs of lower-case name and
             value; content_type: default text/plain for text, application/octet-stream for octets, none for no body.
    `compress` is None, which leaves compression to the server's policy. Set it to False where a secret stands beside
    text that a visitor chose, to True where neither is there and a request with credentials may be answered compressed.
    """

    # No __slots__: a slot called `file` and the builder of that name can't both be.
    file: Any = _Builder("_for_file")
    stream: Any = _Builder("_for_stream")
    trailers: Callable[[], Fields] | None = None
    # None leaves it to the server's policy; False never compresses, True also where the request has credentials.
    compress: bool | None = None
    # What a stream sends when it is silent for long.
    keep_alive: KeepAlive | None = None

    def __init__(
        self,
        body: bytes | str = b"",
        status: int = 200,
        fields: Iterable[tuple[str, str]] | None = None,
        content_type: str | None = None,
    ) -> None:
        self.status = status
        self.fields = list(fields) if fields is not None else []
        self.file = None
        self.stream = None
        if isinstance(body, str):
            self.body = body.encode("utf-8", "replace")
            content_type = content_type or media_types.TEXT
        else:
            self.body = body
            if body and content_type is None:
                content_type = media_types.BYTES
        if content_type is not None and (not self.fields or self.header("content-type") is None):
            self.fields.append(("content-type", content_type))

    @classmethod
    def ok(cls, value: Any = None, *, status: int = 200) -> Response:
        """Build a response from any value: text, octets, None (204), or something with a JSON form."""
        if value is None:
            return cls(status=204 if status == 200 else status)
        if isinstance(value, (str, bytes)):
            return cls(value, status)
        return cls.json(value, status=status)

    @classmethod
    def text(cls, text: str, *, status: int = 200) -> Response:
        """Build a text/plain response."""
        return cls(text, status, None, media_types.TEXT)

    @classmethod
    def html(cls, text: str, *, status: int = 200) -> Response:
        """Build a text/html response; the text is sent as it is, escaping is the template's work."""
        return cls(text, status, None, media_types.HTML)

    @classmethod
    def json(cls, value: Any, *, status: int = 200) -> Response:
        """Build an application/json response. Raises UnencodableValue when the value has no JSON form."""
        return cls(json.encode(value), status, None, media_types.JSON)

    @classmethod
    def accepted(cls, value: Any = None) -> Response:
        """Build a 202: it will be done, and is not yet."""
        return cls.ok(value, status=202)

    @classmethod
    def created(cls, value: Any = None, *, location: str | None = None) -> Response:
        """Build a 201, with the address of what was created when it has one. Raises UnsafeRedirect on control bytes."""
        response = cls(status=201) if value is None else cls.ok(value, status=201)
        if location is not None:
            response.fields.append(("location", check_redirect(location, "", allow_other_host=True)))
        return response

    @classmethod
    def no_content(cls) -> Response:
        """Build a 204."""
        return cls(status=204)

    @classmethod
    def bad_request(cls, value: Any = "Bad Request") -> Response:
        """Build a 400; text is text/plain, anything else JSON."""
        return cls.ok(value, status=400)

    @classmethod
    def unauthorized(cls, value: Any = "Unauthorized", *, challenge: str = "Bearer") -> Response:
        """Build a 401 with the WWW-Authenticate that it must have: `Bearer`, `Basic realm="…"`."""
        return cls.ok(value, status=401).with_header("www-authenticate", challenge)

    @classmethod
    def forbidden(cls, value: Any = "Forbidden") -> Response:
        """Build a 403; text is text/plain, anything else JSON."""
        return cls.ok(value, status=403)

    @classmethod
    def not_found(cls, value: Any = "Not Found") -> Response:
        """Build a 404; text is text/plain, anything else JSON. `raise NotFound(...)` gives the app's page instead."""
        return cls.ok(value, status=404)

    @classmethod
    def conflict(cls, value: Any = "Conflict") -> Response:
        """Build a 409; text is text/plain, anything else JSON."""
        return cls.ok(value, status=409)

    @classmethod
    def gone(cls, value: Any = "Gone") -> Response:
        """Build a 410; text is text/plain, anything else JSON."""
        return cls.ok(value, status=410)

    @classmethod
    def unprocessable(cls, value: Any = "Unprocessable Content") -> Response:
        """Build a 422; text is text/plain, anything else JSON."""
        return cls.ok(value, status=422)

    @classmethod
    def too_many_requests(cls, value: Any = "Too Many Requests", *, retry_after: int | None = None) -> Response:
        """Build a 429, with the seconds to wait where they are known."""
        response = cls.ok(value, status=429)
        return response if retry_after is None else response.with_header("retry-after", str(int(retry_after)))

    @classmethod
    def redirect(cls, url: str, *, status: int = 303) -> Response:
        """Build a redirect to a target you chose yourself.

        `ctx.redirect_to` is the form for targets that a visitor may influence: it refuses other hosts.

        Args:    url: path or absolute URL; status: 301, 302, 303 (default: the next request is a GET), 307 or 308.
        Raises:  UnsafeRedirect on control bytes and script-like schemes; ValueError for another status.
        """
        return cls.redirect_checked(check_redirect(url, "", allow_other_host=True), status)

    @classmethod
    def _for_file(
        cls,
        path: str | Path,
        *,
        filename: str | None = None,
        disposition: Disposition | None = None,
        content_type: str | None = None,
    ) -> Response:
        """Build a response that the core streams from a file, with its conditions and ranges; `Response.file(...)`.

        Args:    path: of a regular file, chosen by you and never by the visitor; filename: offers a download under that
                 name instead of showing it; disposition: "inline" shows it all the same, "attachment" offers it under
                 its own name; content_type: default by the suffix.
        """
        response = cls(content_type=content_type or media_types.type_of(filename or str(path)))
        response.file = str(path)
        if filename is not None or disposition is not None:
            named = build_disposition(filename or str(path), disposition or "attachment")
            response.fields.append(("content-disposition", named))
        return response

    @classmethod
    def _for_stream(
        cls,
        chunks: Streamable,
        *,
        status: int = 200,
        content_type: str = media_types.TEXT,
        trailers: Callable[[], Fields] | None = None,
    ) -> Response:
        """Build a response that is made while it is sent; `Response.stream(...)`.

        Args:    chunks: an async generator or any iterable of octets or text, closed when the client is gone;
                 content_type: of all of it; trailers: called at the end for fields that follow the content.
        Raises:  TypeError for what is no iterable, and for text and octets, which are whole already.
        """
        check_streamable(chunks)
        response = cls(status=status, content_type=content_type)
        response.stream = chunks
        response.trailers = trailers
        return response

    @classmethod
    def events(cls, events: Streamable | AsyncIterable[Any], *, keep_alive_s: float = KEEP_ALIVE_S) -> Response:
        """Build a stream of server-sent events.

        Args:    events: an async generator, or another iterable, of Events; what is no Event becomes the data of one;
                 keep_alive_s: after how many seconds of silence a comment is sent, 0 for never.
        Raises:  TypeError for what is no iterable, and for text and octets.
        """
        check_streamable(events)
        response = cls(fields=FIELDS)
        response.stream = name_after(encode_events(events), events)
        response.keep_alive = build_keep_alive(keep_alive_s)
        return response

    @classmethod
    def redirect_checked(cls, location: str, status: int) -> Response:
        """Build a redirect to a target that `check_redirect` has passed; ValueError for another status."""
        if status not in REDIRECTS:
            raise ValueError(f"a redirect has one of the statuses {sorted(REDIRECTS)}, not {status}")
        return cls(b"", status, [("location", location)])

    def __repr__(self) -> str:
        content = f"file {self.file!r}" if self.file else "a stream" if self.stream else f"{len(self.body)} bytes"
        return f"Response({self.status} {phrase(self.status)}, {content})"


class ResponseDefaults(ResponseFields):
    """What a handler or middleware wants of the response before there is one; `ctx.response`.

    Args:    status: replaces the response's only where that was left at 200.
    Fields set here don't replace what the response itself sets; cookies are added.
    """

    __slots__ = ("has_left", "status")

    def __init__(self, has_left: bool = False) -> None:
        self.has_left = has_left
        self.status: int | None = None
        self.fields = []

    def apply(self, response: Response) -> None:
        """Merge into the response that was made."""
        if self.status is not None and response.status == 200:
            response.status = self.status
        own = {name for name, _ in response.fields}
        for field in self.fields:
            if field[0] == "vary" and "vary" in own:
                for name in field[1].split(","):
                    response.add_vary(name.strip())
            elif field[0] == "set-cookie" or field[0] not in own:
                response.fields.append(field)
