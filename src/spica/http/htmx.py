"""htmx: what it says in a request, and what a response can tell it to do; `ctx.htmx`.

Rules:
- What htmx is told travels in fields of the response that is still to be made, whatever that will be.
- Addresses pass the guard of redirects; details of events are ASCII JSON, in which nothing can end the field.
- Both versions of htmx are understood. Version 4 says `tag#id` for an element where version 2 says its id, and says
  itself whether it wants a whole page; it fires all events of a response after the swap, so those travel together.
Source: htmx.org/reference, request and response headers (htmx 2.0.10 and 4.0.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import unquote

from spica.http import json
from spica.http.redirects import check_redirect
from spica.http.response import Response, ResponseDefaults

if TYPE_CHECKING:
    from spica.http.request import Request

Swap = Literal[
    "innerHTML",
    "outerHTML",
    "textContent",
    "beforebegin",
    "afterbegin",
    "beforeend",
    "afterend",
    "delete",
    "none",
    "innerMorph",
    "outerMorph",
    "outerSync",
    "before",
    "prepend",
    "append",
    "after",
]
When = Literal["receive", "settle", "swap"]

VARY = ("HX-Request", "HX-Request-Type", "HX-Boosted", "HX-History-Restore-Request", "HX-Target")
"""What the answer to htmx depends on; the answer to others only on the first. Without the fourth the back button could
find a part of a page in the browser's cache."""
SWAPS = frozenset(Swap.__args__)  # type: ignore[attr-defined]  # a Literal has them
STOP_POLLING = 286
_TRIGGERS = {"receive": "hx-trigger", "settle": "hx-trigger-after-settle", "swap": "hx-trigger-after-swap"}
_NAME = re.compile(r"[A-Za-z0-9_.:\-]+").fullmatch
_ID = re.compile(r"[^\W\d][\w-]*").fullmatch
_UNSENDABLE = re.compile(r"[^\x20-\x7e]")


class HtmxContext(Protocol):
    """What Htmx needs of a Context."""

    request: Request

    @property
    def response(self) -> ResponseDefaults: ...
    def answered(self, response: Response) -> Response: ...
    def redirect_to(self, url: str, *, allow_other_host: bool = False) -> Response: ...


class Htmx:
    """What htmx asked, and what it is told. The methods that change the response return the object, so that they chain.

    Args:    ctx: the request's.
    """

    __slots__ = ("_ctx", "_events")

    def __init__(self, ctx: HtmxContext) -> None:
        self._ctx = ctx
        self._events: dict[str, dict[str, object]] = {}

    # what was asked

    @property
    def is_request(self) -> bool:
        """Whether htmx made the request."""
        return self._ctx.request.native.field("hx-request") == "true"

    @property
    def wants_fragment(self) -> bool:
        """Whether htmx expects a part of a page: not when it follows a boosted link, restores from history, or (htmx 4)
        selects what it swaps from a whole page."""
        field = self._ctx.request.native.field
        return (
            field("hx-request") == "true"
            and field("hx-boosted") != "true"
            and field("hx-history-restore-request") != "true"
            and field("hx-request-type") != "full"
        )

    @property
    def is_boosted(self) -> bool:
        """Whether a boosted link or form made the request, which swaps the whole body."""
        return self._ctx.request.native.field("hx-boosted") == "true"

    @property
    def current_url(self) -> str | None:
        """The address of the page that htmx is on."""
        return self._field("hx-current-url")

    @property
    def target(self) -> str | None:
        """The id of the element that will be swapped; None for an element without one."""
        return self._element_id("hx-target")

    @property
    def trigger_id(self) -> str | None:
        """The id of the element that made the request; None for an element without one."""
        return self._element_id("hx-source" if self._is_version_4 else "hx-trigger")

    @property
    def trigger_name(self) -> str | None:
        """The name of the element that made the request; htmx 4 does not say it."""
        return self._field("hx-trigger-name")

    @property
    def prompt(self) -> str | None:
        """What the visitor answered to an `hx-prompt`, which in htmx 4 is an extension."""
        return self._field("hx-prompt")

    # what it is told

    def trigger(self, event: str, detail: object = None, *, after: When = "receive") -> Htmx:
        """Fire an event on the page; several calls fire several.

        Args:    event: its name; detail: anything with a JSON form, `event.detail` in the listener; after: with htmx 2
                 fired when the response is received, or after the "swap", or after it did "settle"; htmx 4 fires all
                 of them after the swap.
        Raises:  ValueError for another `after`; UnencodableValue.
        """
        if after not in _TRIGGERS:
            raise ValueError(f"after is one of {', '.join(_TRIGGERS)}, not {after!r}")
        after = "receive" if self._is_version_4 else after
        events = self._events.setdefault(after, {})
        events[event] = detail
        if all(value is None and _NAME(name) for name, value in events.items()):
            return self._set(_TRIGGERS[after], ", ".join(events))
        return self._set(_TRIGGERS[after], _ascii_json(events))

    def push_url(self, url: str | Literal[False]) -> Htmx:
        """Put an address of this host into the browser's bar and history; False: do not. Raises UnsafeRedirect."""
        return self._set("hx-push-url", self._check(url) if url is not False else "false")

    def replace_url(self, url: str | Literal[False]) -> Htmx:
        """Replace the address in the browser's bar; False: do not. Raises UnsafeRedirect."""
        return self._set("hx-replace-url", self._check(url) if url is not False else "false")

    def reswap(self, style: Swap, *modifiers: str) -> Htmx:
        """Swap in another way than the element says: `reswap("outerHTML", "swap:1s")`. Raises ValueError."""
        if style not in SWAPS:
            raise ValueError(f"htmx swaps by one of {', '.join(sorted(SWAPS))}, not {style!r}")
        return self._set("hx-reswap", " ".join([style, *modifiers]))

    def retarget(self, selector: str) -> Htmx:
        """Swap another element than the one that asked: a CSS selector."""
        return self._set("hx-retarget", selector)

    def reselect(self, selector: str) -> Htmx:
        """Use only what a CSS selector finds in the response."""
        return self._set("hx-reselect", selector)

    # answers

    def redirect(self, url: str, *, allow_other_host: bool = False) -> Response:
        """Have the browser load another page; a client without htmx gets an ordinary redirect.

        Raises:  UnsafeRedirect as `ctx.redirect_to`.
        """
        if not self.is_request:
            return self._ctx.redirect_to(url, allow_other_host=allow_other_host)
        self._set("hx-redirect", self._check(url, allow_other_host=allow_other_host))
        return self._ctx.answered(Response())

    def location(
        self,
        path: str,
        *,
        target: str | None = None,
        swap: Swap | None = None,
        select: str | None = None,
        values: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Go to another page of this host without a full load, as a boosted link does. Raises UnsafeRedirect."""
        address = self._check(path)
        given: dict[str, Any] = {"target": target, "swap": swap, "select": select, "values": values, "headers": headers}
        options = {name: value for name, value in given.items() if value is not None}
        self._set("hx-location", _ascii_json({"path": address, **options}) if options else address)
        return self._ctx.answered(Response())

    def refresh(self) -> Response:
        """Have the browser load the page anew."""
        self._set("hx-refresh", "true")
        return self._ctx.answered(Response())

    def stop_polling(self) -> Response:
        """End an `hx-trigger="every …"`."""
        return self._ctx.answered(Response(status=STOP_POLLING))

    def render_oob(self, id: str, html: str, *, swap: Swap = "innerHTML") -> str:
        """Write HTML that is swapped besides the target (out of band), into the element of an id.

        Args:    id: letters, figures, `-` and `_`; html: what goes there; swap: how, as `reswap`. With htmx 2 the rows
                 of a table can't be swapped so: browsers drop them.
        Returns: HTML to append to the response's.
        Raises:  ValueError for another id or swap.
        """
        if not _ID(id) or swap not in SWAPS:
            raise ValueError(f"no out-of-band swap is {swap!r} of the id {id!r}")
        if self._is_version_4:
            return f'<hx-partial hx-target="#{id}" hx-swap="{swap}">{html}</hx-partial>'
        return f'<div hx-swap-oob="{swap}:#{id}">{html}</div>'

    def _check(self, url: str, *, allow_other_host: bool = False) -> str:
        return check_redirect(url, self._ctx.request.host, allow_other_host=allow_other_host)

    def _set(self, name: str, value: str) -> Htmx:
        self._ctx.response.set_header(name, value)
        return self

    @property
    def _is_version_4(self) -> bool:
        return self._ctx.request.native.field("hx-source") is not None

    def _element_id(self, name: str) -> str | None:
        value = self._field(name)
        if value is None or not self._is_version_4:
            return value
        _, _, id = value.partition("#")
        return unquote(id) or None

    def _field(self, name: str) -> str | None:
        """A field's text; htmx percent-encodes what isn't ASCII, and says so."""
        field = self._ctx.request.native.field
        value = field(name)
        if value is not None and field(f"{name}-uri-autoencoded") == "true":
            return unquote(value)
        return value


def _ascii_json(value: object) -> str:
    return _UNSENDABLE.sub(_escape, json.encode(value).decode())


def _escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
