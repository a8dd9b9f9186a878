"""What a handler can answer with: the part of a Context that makes responses.

Rules:
- Each method returns the response and remembers it (`answered`), so that a handler may end with it or return it.
- A target or file name that a visitor may have chosen is checked here; what is yours alone goes to `Response` itself.
- Nothing here decides by the client but `respond_to`, and what it decides by is in Vary.
"""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spica.errors.http import NotAcceptable, NotFound
from spica.http import negotiation
from spica.http.beneath import find_beneath
from spica.http.disposition import Disposition, build_disposition
from spica.http.redirects import check_redirect, leads_to
from spica.http.response import Response

if TYPE_CHECKING:
    from spica.http.htmx import Htmx
    from spica.http.request import Request
    from spica.http.response import ResponseDefaults


class Answers:
    """The part of a Context that answers."""

    answer: Response | None = None
    """The response made last; sent when a handler returns nothing."""

    if TYPE_CHECKING:
        request: Request

        @property
        def response(self) -> ResponseDefaults: ...
        @property
        def htmx(self) -> Htmx: ...
        @property
        def flash(self) -> Any: ...
        @property
        def format(self) -> str | None: ...

    def answered(self, response: Response) -> Response:
        """Remember a response as the answer."""
        self.answer = response
        return response

    def json(self, value: Any, *, status: int = 200) -> Response:
        """Answer with JSON."""
        return self.answered(Response.json(value, status=status))

    def html(self, text: str, *, status: int = 200) -> Response:
        """Answer with HTML; the text is sent as it is."""
        return self.answered(Response.html(text, status=status))

    def text(self, text: str, *, status: int = 200) -> Response:
        """Answer with plain text."""
        return self.answered(Response.text(text, status=status))

    def head(self, status: int) -> Response:
        """Answer with a status and no content."""
        return self.answered(Response(status=status))

    def not_found(self, detail: str = "Not Found") -> Response:
        """Answer with a 404 and a sentence; `raise NotFound(...)` shows the app's own page instead."""
        return self.answered(Response.not_found(detail))

    def redirect_to(
        self,
        url: str,
        *,
        status: int = 303,
        notice: str | None = None,
        alert: str | None = None,
        allow_other_host: bool = False,
    ) -> Response:
        """Redirect, with a message for the next page if there is one to show.

        Args:    url: path or URL on this host; status: 301, 302, 303 (default: what follows is a GET, whatever this
                 was), 307 or 308; notice, alert: flash messages; allow_other_host: whether leaving this host is meant.
        Raises:  UnsafeRedirect (answered with 400) when the target is on another host without permission or holds
                 control bytes; SessionMissing when there is a message and no session.
        """
        location = check_redirect(url, self.request.host, allow_other_host=allow_other_host)
        if notice is not None:
            self.flash["notice"] = notice
        if alert is not None:
            self.flash["alert"] = alert
        return self.answered(Response.redirect_checked(location, status))

    def redirect_back(
        self, fallback: str = "/", *, status: int = 303, notice: str | None = None, alert: str | None = None
    ) -> Response:
        """Redirect to the page the visitor came from when it is on this host, else to the fallback."""
        referer = self.request.native.field("referer") or ""
        url = referer if leads_to(referer, self.request.host) else fallback
        return self.redirect_to(url, status=status, notice=notice, alert=alert)

    def send_file(
        self,
        path: str | Path,
        *,
        root: str | Path | None = None,
        filename: str | None = None,
        disposition: Disposition | None = None,
        content_type: str | None = None,
    ) -> Response:
        """Answer with a file, its conditions and ranges included; the core streams it.

        Args:    path: chosen by you, or by the visitor where there is a root; root: the folder that it must be in;
                 filename: offers a download under that name instead of showing it; disposition: "inline" shows it all
                 the same, "attachment" offers it under its own name; content_type: default by the suffix.
        Raises:  NotFound when there is a root and no such file in it; OSError when the file can't be opened.
        """
        if root is not None:
            found = find_beneath(root, path)
            if found is None:
                raise NotFound
            path = found
        response: Response = Response.file(path, filename=filename, disposition=disposition, content_type=content_type)
        return self.answered(response)

    def send_data(
        self,
        data: bytes | str,
        *,
        filename: str | None = None,
        disposition: Disposition | None = None,
        content_type: str | None = None,
        status: int = 200,
    ) -> Response:
        """Answer with octets or text, as a download when there is a filename.

        Args:    filename: its suffix also says the type; disposition: "inline" shows what has a filename, "attachment"
                 offers what has none; content_type: default by the filename; status: of the response.
        """
        if content_type is None and (filename or isinstance(data, bytes)):
            content_type = negotiation.type_of_file(filename or "")
        response = Response(data, status, content_type=content_type)
        if filename is not None or disposition is not None:
            response.fields.append(("content-disposition", build_disposition(filename, disposition or "attachment")))
        return self.answered(response)

    def respond_to(self, **formats: Any) -> Any:
        """Answer with the representation that the client asked for.

        The route's format (`/posts.json`) counts before the Accept field. An htmx request gets `htmx`, where that is.

        Args:    formats: by name (html, json, text, csv, xml, atom, pdf…, `htmx`, `any` for the rest), in your order of
                 preference: a value, or a function without parameters that is only called when it is wanted. What is no
                 Response becomes one: of a dict JSON, of text content of that type.
        Returns: the response; an awaitable of one when the chosen function is async.
        Raises:  NotAcceptable (a 406) when the client wants none of them.
        Example:
            >>> def show(ctx: Context) -> Response:
            ...     return ctx.respond_to(json={"id": 7}, html=lambda: ctx.html("<h1>7</h1>"), csv="id\\n7\\n")
        """
        name = self._choose(formats)
        value = formats[name]
        if callable(value) and not isinstance(value, Response):
            value = value()
        if isinstance(value, Awaitable):
            return self._represent_awaited(name, value)
        return self._represent(name, value)

    async def _represent_awaited(self, name: str, value: Awaitable[Any]) -> Response:
        return self._represent(name, await value)

    def _choose(self, formats: dict[str, Any]) -> str:
        self.response.add_vary("Accept")
        if "htmx" in formats:
            self.response.add_vary("HX-Request")
            if self.format in (None, "html") and self.htmx.wants_fragment:
                return "htmx"
        offers = tuple(name for name in formats if name not in ("htmx", "any"))
        chosen = negotiation.choose(self.format, self.request.native.field("accept"), offers)
        if chosen is None and "any" in formats:
            return "any"
        if chosen is None:
            raise NotAcceptable(f"this address answers with {', '.join(offers) or 'nothing that was asked for'}")
        return chosen

    def _represent(self, name: str, value: Any) -> Response:
        if value is None and self.answer is not None:
            return self.answer
        if isinstance(value, Response):
            return self.answered(value)
        if name == "json":
            return self.json(value)
        if isinstance(value, str | bytes) and name != "any":
            return self.answered(Response(value, content_type=negotiation.type_of(name)))
        return self.answered(Response.ok(value))
