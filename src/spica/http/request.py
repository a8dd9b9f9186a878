"""A request as handlers see it: a lazy view of the native one.

Rules: making it costs one attribute; everything decoded is decoded when it is first asked for, and once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from spica.errors.http import BadRequest, HttpError, UnsupportedMediaType
from spica.http import json, media_types, negotiation
from spica.http.cookies import MAX_COOKIES
from spica.http.fields import Headers
from spica.http.forms import parse_form_in_steps, parse_pairs_of_form
from spica.http.streaming import ContentStream, WholeContent
from spica.http.url import Query, nest

if TYPE_CHECKING:
    from spica._core import Request as NativeRequest


class Request:
    """One request.

    Args:    native: the core's request; `Request.native` gives it back.
    """

    __slots__ = ("_cookies", "_form", "_form_pairs", "_json", "_query", "native")

    # The private slots stay unset until first use; a slot that is unset raises AttributeError, which is the cheapest
    # "not yet" there is: nothing is written when a request is made.
    _cookies: dict[str, str]
    _form: dict[str, Any]
    _form_pairs: list[tuple[str, Any]] | HttpError
    _json: Any
    _query: Query

    def __init__(self, native: NativeRequest) -> None:
        self.native = native

    @property
    def method(self) -> str:
        """The method, as sent: "GET"."""
        return self.native.method

    @property
    def target(self) -> str:
        """The request target as sent: "/posts?page=2"."""
        return self.native.target

    @property
    def path(self) -> str:
        """The path, percent-decoded, without the query."""
        return self.native.path

    @property
    def query_string(self) -> str:
        """The query as sent, without "?"; "" when there is none."""
        return self.native.query

    @property
    def content(self) -> bytes:
        """The whole content; b"" when there is none. Raises RuntimeError when the handler takes it as a stream."""
        return self.native.content

    def stream(self) -> ContentStream:
        """The content as it arrives, for a route whose handler has a parameter of the type `ContentStream`.

        On any other route it has arrived already, and comes at once.
        """
        return ContentStream(self.native.incoming or WholeContent(self.native.content))

    @property
    def headers(self) -> Headers:
        """The fields, by name in any case."""
        return Headers(self.native)

    @property
    def content_type(self) -> str:
        """The media type of the content without parameters, in lower case; "" when the field is absent."""
        return media_types.essence(self.native.field("content-type"))

    @property
    def host(self) -> str:
        """The Host field, with the port where it has one; "" when absent. The client chose it."""
        return self.native.field("host") or ""

    @property
    def scheme(self) -> str:
        """ "http" or "https"."""
        return self.native.scheme

    @property
    def is_secure(self) -> bool:
        """Whether the request came over TLS."""
        return self.native.scheme == "https"

    @property
    def url(self) -> str:
        """The absolute URL of the request, from its scheme, Host field and target."""
        return f"{self.native.scheme}://{self.host}{self.native.target}"

    @property
    def client_ip(self) -> str:
        """The address of the peer; "" when it isn't an internet socket."""
        client = self.native.client
        return client[0] if client else ""

    @property
    def query(self) -> Query:
        """The query as a mapping of texts. Raises BadRequest when it has more than 1,000 pairs."""
        try:
            return self._query
        except AttributeError:
            self._query = Query(self.native.query)
            return self._query

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name, values decoded. Raises BadRequest when there are more than 180."""
        try:
            return self._cookies
        except AttributeError:
            received = self.native.read_cookies(MAX_COOKIES)
            if received is None:
                raise BadRequest(f"more than {MAX_COOKIES} cookies were sent") from None
            self._cookies = received
            return received

    @property
    def has_form(self) -> bool:
        """Whether the content is a form that can be decoded: not one that the handler takes as a stream."""
        forms = (media_types.URLENCODED, media_types.MULTIPART)
        return self.content_type in forms and self.native.incoming is None

    def text(self) -> str:
        """Decode the content as UTF-8; what isn't UTF-8 becomes U+FFFD."""
        return self.native.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Decode the content as JSON.

        Returns: dicts, lists, texts, numbers, bools and None.
        Raises:  UnsupportedMediaType when the Content-Type says otherwise; BadRequest with the position when it is
                 malformed, or nested more than 128 deep.
        """
        try:
            return self._json
        except AttributeError:
            media_type = self.content_type
            if media_type and not media_types.is_json(media_type):
                raise UnsupportedMediaType(f"JSON is read from {media_types.JSON}, not from {media_type}") from None
            self._json = json.decode(self.native.content)
            return self._json

    def form(self) -> dict[str, Any]:
        """Decode the content as a form, urlencoded or multipart, with nested names.

        Returns: dict of texts, dicts, lists and UploadFiles: `post[tags][]=a` is {"post": {"tags": ["a"]}}.
        Raises:  UnsupportedMediaType when it is no form; BadRequest or ContentTooLarge when it is malformed or beyond
                 the limits.
        """
        try:
            return self._form
        except AttributeError:
            self._form = nest(self.form_pairs)
            return self._form

    @property
    def form_pairs(self) -> list[tuple[str, Any]]:
        """The form's names and values as they came, repeats kept. Raises what `form` raises."""
        try:
            pairs = self._form_pairs
        except AttributeError:
            pairs = self._form_pairs = parse_pairs_of_form(self.native, self.native.field("content-type"))
            return pairs
        if isinstance(pairs, HttpError):
            raise pairs
        return pairs

    async def load_form(self) -> None:
        """Decode a large form a block at a time, so that others get their turn; `form` then has it.

        The server does so before a handler is called. What is wrong with the form is raised by `form`.
        """
        steps = parse_form_in_steps(self.native, self.native.field("content-type"))
        while True:
            try:
                next(steps)
            except StopIteration as done:
                self._form_pairs = done.value
                return
            except HttpError as error:
                self._form_pairs = error
                return
            await asyncio.sleep(0)

    def accepts(self, *types: str) -> str | None:
        """Choose the type that the client prefers.

        Args:    types: media types or short names ("html", "json", "text", ...), the server's favourite first.
        Returns: one of them as given, None when the client accepts none.
        """
        return negotiation.best(self.native.field("accept"), types)

    def __repr__(self) -> str:
        from spica.telemetry.redaction import mask_query  # lazy: only a developer's page or a reporter reads it

        return f"Request({self.method} {mask_query(self.target)})"
