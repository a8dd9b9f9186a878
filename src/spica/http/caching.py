"""What a handler says about caching: is what the client has still right, and how long may it keep the answer?

Rules:
- The conditions of a request are judged in one place, core/files, by RFC 9110 section 13.2.2.
- One address may have several representations (page, fragment, JSON; of each user): each has its own ETag.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Unpack

from spica.http.cache_control import NO_STORE, REVALIDATE, CacheOptions, Duration, build_cache_control
from spica.http.dates import format_date
from spica.http.htmx import VARY
from spica.http.response import Response, ResponseDefaults
from spica.http.validators import build_etag, find_state

if TYPE_CHECKING:
    from spica.http.htmx import Htmx
    from spica.http.request import Request


class Caching:
    """The part of a Context that speaks of caches."""

    if TYPE_CHECKING:
        request: Request
        current_user: Any

        @property
        def response(self) -> ResponseDefaults: ...
        @property
        def htmx(self) -> Htmx: ...
        @property
        def format(self) -> str | None: ...
        def answered(self, response: Response) -> Response: ...

    def fresh_when(
        self,
        source: object = None,
        *,
        etag: str | None = None,
        last_modified: datetime | None = None,
        strong: bool = False,
        public: bool = False,
        template: str | Literal[False] | None = "",
    ) -> bool:
        """Tell whether the client has the present state already; if so, the answer is made: `return`.

        Sets ETag and Last-Modified in any case. A request that changes something and names another state (If-Match) is
        answered with 412: two people who edit the same thing don't overwrite each other.

        Args:    source: a model, a list or page of models, or anything with a JSON form; etag: any text that changes
                 with the state, instead of or besides; last_modified: when it did, default the source's `updated_at`;
                 strong: the answer is the same to the octet; public: shared caches may keep it; template: in a
                 controller, whose text counts too, so that a deploy that changes the page changes its ETag: default the
                 action's own, "other" of this controller, "posts/show" of another, False for none.
        Returns: True when there is nothing more to do: 304 for GET and HEAD, 412 when the client's state is another.
        Raises:  TypeError when there is neither source nor etag nor last_modified, or a query was not awaited;
                 TemplateNotFound for a template that was named and is not there.
        """
        keys = []
        if source is not None:
            state = find_state(source)
            keys.append(state.key)
            last_modified = last_modified or state.changed_at
        if etag is not None:
            keys.append(etag)
        if not keys and last_modified is None:
            raise TypeError("fresh_when needs a model, or etag= or last_modified=")
        response = self.response
        tag = (
            build_etag([*keys, *self._representation(), *self._template_digests(template)], strong=strong)
            if keys
            else None
        )
        seconds = int(last_modified.timestamp()) if last_modified is not None else None
        if tag is not None:
            response.set_header("etag", tag)
        if seconds is not None:
            response.set_header("last-modified", format_date(seconds))
        if response.header("cache-control") is None:
            response.set_header("cache-control", "public, no-cache" if public else REVALIDATE)
        response.add_vary("Accept")
        for name in VARY if self.htmx.is_request else VARY[:1]:
            response.add_vary(name)
        status = self.request.native.check_conditions(tag, seconds)
        if status == 200:
            return False
        if status == 412:
            self.answered(Response.text("412 Precondition Failed: it was changed in the meantime\n", status=412))
        else:
            self.answered(Response(status=304))
        return True

    def stale(self, source: object = None, **options: Any) -> bool:
        """The opposite of `fresh_when`, with the same arguments: `if self.stale(post): return self.render(...)`."""
        return not self.fresh_when(source, **options)

    def expires_in(self, duration: Duration, **options: Unpack[CacheOptions]) -> None:
        """Let the response be used again without asking: by the browser alone, by shared caches too when public.

        Args:    duration: seconds or a timedelta; options: public, shared, must_revalidate, stale_while_revalidate,
                 stale_if_error, immutable; see `spica.http.cache_control.CacheOptions`.
        Raises:  ValueError for a negative time.
        """
        self.response.set_header("cache-control", build_cache_control(duration, **options))

    def no_store(self) -> None:
        """Have nobody keep the response."""
        self.response.set_header("cache-control", NO_STORE)

    def _template_digests(self, template: str | Literal[False] | None) -> list[str]:
        """What the templates of the answer say; functions have none."""
        return []

    def _representation(self) -> list[str]:
        """What of a request chooses between the representations of a resource."""
        user = self.current_user
        who = "" if user is None else str(getattr(user, "id", user))
        how = self.format or self.request.accepts("html", "json") or ""
        htmx = self.htmx
        return [how, f"fragment {htmx.target or ''}" if htmx.wants_fragment else "", who]
