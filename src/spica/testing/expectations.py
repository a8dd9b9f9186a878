"""What a test expects of a response. Each expectation returns the response, so that they chain; each failure shows the
request, what came instead, and as its cause the exception that the application met.
"""

from __future__ import annotations

import html
import re
from abc import ABC, abstractmethod
from email.message import Message
from http.cookies import SimpleCookie
from typing import Any, Final, Self

from spica.testing import json_paths
from spica.testing.cookies import is_deletion
from spica.testing.page import Page

_ANYTHING: Final = object()


class Expectations(ABC):
    """The expectations of `ClientResponse`."""

    status: int
    headers: Message

    @property
    @abstractmethod
    def text(self) -> str:
        """The content as text."""

    @property
    @abstractmethod
    def flash(self) -> dict[str, str] | None:
        """The messages that wait for the next page."""

    @abstractmethod
    def json(self) -> Any:
        """The content, decoded from JSON."""

    @abstractmethod
    def unexpected(self, expected: str) -> AssertionError:
        """The failure of an expectation."""

    def expect_status(self, status: int) -> Self:
        """Expect this status."""
        if self.status != status:
            raise self.unexpected(f"status {status}")
        return self

    def expect_ok(self) -> Self:
        """Expect any status from 200 to 299."""
        if not 200 <= self.status < 300:
            raise self.unexpected("success")
        return self

    def expect_redirect(self, url: str | None = None) -> Self:
        """Expect a redirect, to `url` when it is given."""
        location = self.headers.get("location")
        if not 300 <= self.status < 400 or location is None:
            raise self.unexpected("a redirect" + (f" to {url}" if url else ""))
        if url is not None and location != url:
            raise self.unexpected(f"a redirect to {url}, not to {location}")
        return self

    def expect_header(self, name: str, value: str | re.Pattern[str] | None = None) -> Self:
        """Expect a header; `value` is all of it, or a pattern to be found in it."""
        found = self.headers.get(name)
        if found is None:
            raise self.unexpected(f"the header {name}")
        if value is not None and not _matches(found, value):
            raise self.unexpected(f"the header {name}: {_shown(value)}, not {found!r}")
        return self

    def expect_no_header(self, name: str) -> Self:
        """Expect a header to be absent."""
        if (found := self.headers.get(name)) is not None:
            raise self.unexpected(f"no header {name}, not {found!r}")
        return self

    def expect_cookie(
        self, name: str, value: str | None = None, *, deleted: bool = False, **attributes: object
    ) -> Self:
        """Expect the response to set a cookie.

        Args:    value: as it stands in the field; deleted: expect it to be deleted instead; attributes: as of
                 Set-Cookie, `http_only=True`, `same_site="Lax"`, `path="/"`.
        """
        morsel = next((one[name] for one in self._set_cookies() if name in one), None)
        if morsel is None or is_deletion(morsel) != deleted:
            raise self.unexpected(f"the cookie {name} to be {'deleted' if deleted else 'set'}")
        if value is not None and morsel.coded_value != value:
            raise self.unexpected(f"the cookie {name}={value}, not {morsel.coded_value!r}")
        for attribute, wanted in attributes.items():
            found = morsel[_cookie_attribute(attribute)]
            if (bool(found) is not wanted) if isinstance(wanted, bool) else str(found).lower() != str(wanted).lower():
                raise self.unexpected(f"the cookie {name} with {attribute}={wanted!r}, not {found!r}")
        return self

    def expect_no_cookie(self, name: str) -> Self:
        """Expect the response to leave a cookie alone."""
        if any(name in one for one in self._set_cookies()):
            raise self.unexpected(f"the cookie {name} to be left alone")
        return self

    def expect_text(self, *texts: str) -> Self:
        """Expect each of these in the content, as written in it or as it reads on the page (`"` for `&#34;`)."""
        for text in texts:
            if not self._has(text):
                raise self.unexpected(f"the text {text!r}")
        return self

    def expect_no_text(self, *texts: str) -> Self:
        """Expect none of these in the content, neither as written nor as it reads."""
        for text in texts:
            if self._has(text):
                raise self.unexpected(f"no text {text!r}")
        return self

    def expect_html(self, *, title: str | None = None) -> Self:
        """Expect a page, with this title when it is given."""
        if self.headers.get_content_type() != "text/html" or "content-type" not in self.headers:
            raise self.unexpected(f"HTML, not {self.headers.get('content-type')}")
        return self if title is None else self.expect_select("head title", text=title)

    def expect_select(self, css: str, *, text: str | re.Pattern[str] | None = None, count: int | None = None) -> Self:
        """Expect elements that a CSS selector finds.

        Args:    text: what an element says, with white space as it is shown, or a pattern to be found in that; count:
                 how many such elements, default one or more.
        Raises:  ValueError: that is no selector.
        """
        said = Page(self.text).select(css)
        found = [one for one in said if text is None or _matches(one, text)]
        if (not found) if count is None else len(found) != count:
            many = "" if count is None else f"{count} of "
            what = f"{many}{css}" + (f" saying {_shown(text)}" if text is not None else "")
            raise self.unexpected(f"{what}, found {_found(len(found), said)}")
        return self

    def expect_no_select(self, css: str, *, text: str | re.Pattern[str] | None = None) -> Self:
        """Expect no element that a CSS selector finds, or none that says `text`."""
        return self.expect_select(css, text=text, count=0)

    def expect_json(self, value: object) -> Self:
        """Expect exactly this JSON."""
        found = self._decoded()
        if found != value:
            raise self.unexpected(f"the JSON {value!r}, not {found!r}")
        return self

    def expect_json_part(self, value: object) -> Self:
        """Expect JSON that has all of this: objects may have more members; lists have as many items, each its part."""
        if difference := json_paths.missing_part(self._decoded(), value):
            raise self.unexpected(f"JSON with {value!r}: {difference}")
        return self

    def expect_json_path(self, path: str, value: object = _ANYTHING) -> Self:
        """Expect a value at a JSONPath such as `$.posts[0].title`, any value when it is left out.

        Args:    value: for a path that can find several (`$..title`, `$.posts[?@.draft].id`) the list of all it finds.
        Raises:  ValueError: that is no JSONPath.
        Source:  RFC 9535.
        """
        found = json_paths.find(self._decoded(), path)
        if not found.values and (value is _ANYTHING or found.is_single):
            raise self.unexpected(f"something at {path}" if value is _ANYTHING else f"{value!r} at {path}, not nothing")
        came = found.values[0] if found.is_single else found.values
        if value is not _ANYTHING and came != value:
            raise self.unexpected(f"{value!r} at {path}, not {came!r}")
        return self

    def expect_no_json_path(self, path: str) -> Self:
        """Expect nothing at a JSONPath. Raises ValueError: that is no JSONPath."""
        if values := json_paths.find(self._decoded(), path).values:
            raise self.unexpected(f"nothing at {path}, not {values!r}")
        return self

    def expect_problem(
        self,
        status: int | None = None,
        *,
        field: str | None = None,
        code: str | None = None,
        message: str | None = None,
    ) -> Self:
        """Expect problem details.

        Args:    status: default any; field: the name of a value that was refused, with the `code` and `message` of why.
        Source:  RFC 9457.
        """
        if self.headers.get_content_type() != "application/problem+json":
            raise self.unexpected(f"problem details, not {self.headers.get('content-type')}")
        if status is not None:
            self.expect_status(status)
        wanted = {"name": field, "code": code, "message": message}
        wanted = {key: value for key, value in wanted.items() if value is not None}
        errors = self._decoded().get("errors", [])
        if wanted and not any(wanted.items() <= error.items() for error in errors):
            raise self.unexpected(f"a problem with {wanted!r}, among {errors!r}")
        return self

    def expect_flash(self, kind: str, text: str | re.Pattern[str] | None = None) -> Self:
        """Expect a message for the next page, `ctx.flash["notice"] = ...`; `text` as in `expect_header`."""
        found = self.flash
        if found is None:
            raise self.unexpected(f"the flash {kind!r}; the application has no Session middleware")
        if kind not in found or (text is not None and not _matches(found[kind], text)):
            raise self.unexpected(f"the flash {kind!r}" + (f": {_shown(text)}" if text else "") + f", among {found!r}")
        return self

    def _decoded(self) -> Any:
        try:
            return self.json()
        except ValueError as error:
            raise self.unexpected(f"JSON ({error})") from None

    def _has(self, text: str) -> bool:
        return text in self.text or text in html.unescape(self.text)

    def _set_cookies(self) -> list[SimpleCookie]:
        return [SimpleCookie(field) for field in self.headers.get_all("set-cookie", [])]


def _matches(found: str, wanted: str | re.Pattern[str]) -> bool:
    return found == wanted if isinstance(wanted, str) else wanted.search(found) is not None


def _shown(wanted: str | re.Pattern[str] | None) -> str:
    return f"/{wanted.pattern}/" if isinstance(wanted, re.Pattern) else repr(wanted)


def _found(number: int, said: list[str]) -> str:
    return f"{number}; the selector finds {[one[:60] for one in said[:10]]}" if said else "none"


def _cookie_attribute(name: str) -> str:
    return {"max_age": "max-age", "http_only": "httponly", "same_site": "samesite"}.get(name, name)
