"""A response as the test client received it, with expectations.

Each expectation returns the response, so that they chain; each failure shows what came instead.
"""

from __future__ import annotations

import html
import re
from email.message import Message
from typing import Any, Self

import msgspec

from spica.testing.wire import read_response

SHOWN_CHARACTERS = 1_000


class BrokenResponse(ConnectionError):
    """A response broke off: its stream failed, or is shorter than its content-length says.

    `response` has what came of it; the exception of the application's, where the log has one, is `__cause__`.
    """

    def __init__(self, what: str, response: ClientResponse) -> None:
        super().__init__(what)
        self.response = response


class ClientResponse:
    """Status, headers and content of one response; `trailers` are the fields behind its content, mostly none.

    Args:    received: the octets of the whole response; method: of the request (HEAD has no content).
    Raises:  ConnectionError: there is no response.
    """

    def __init__(self, received: bytes, method: str, url: str) -> None:
        parsed = read_response(received, method)
        self.url = url
        self.method = method
        self.status = parsed.status
        self.headers: Message = parsed.headers
        self.content = parsed.content
        self.trailers: Message = parsed.trailers
        self._missing = parsed.missing

    def require_whole(self, cause: BaseException | None = None) -> Self:
        """Return the response if all of it came.

        Args:    cause: what the application failed with meanwhile, if anything is known.
        Raises:  BrokenResponse that names what is missing and why.
        """
        if not self._missing:
            return self
        what = f"the response to {self.method} {self.url} broke off after {len(self.content)} octets: {self._missing}"
        what += f" is missing, because of {type(cause).__name__}: {cause}" if cause is not None else " is missing"
        raise BrokenResponse(what, self) from cause

    @property
    def text(self) -> str:
        """The content as text, in its charset or UTF-8."""
        return self.content.decode(self.headers.get_content_charset("utf-8"))

    def json(self) -> Any:
        """The content, decoded from JSON."""
        return msgspec.json.decode(self.content)

    def expect_status(self, status: int) -> Self:
        """Expect this status."""
        if self.status != status:
            raise self._unexpected(f"status {status}")
        return self

    def expect_redirect(self, url: str | None = None) -> Self:
        """Expect a redirect, to `url` when it is given."""
        location = self.headers.get("location")
        if not 300 <= self.status < 400 or location is None:
            raise self._unexpected("a redirect" + (f" to {url}" if url else ""))
        if url is not None and location != url:
            raise self._unexpected(f"a redirect to {url}, not to {location}")
        return self

    def expect_text(self, *texts: str) -> Self:
        """Expect each of these in the content, as written in it or as it reads on the page (`"` for `&#34;`)."""
        for text in texts:
            if not self._has(text):
                raise self._unexpected(f"the text {text!r}")
        return self

    def expect_no_text(self, *texts: str) -> Self:
        """Expect none of these in the content, neither as written nor as it reads."""
        for text in texts:
            if self._has(text):
                raise self._unexpected(f"no text {text!r}")
        return self

    def expect_header(self, name: str, value: str | None = None) -> Self:
        """Expect a header, with `value` when it is given."""
        found = self.headers.get(name)
        if found is None or (value is not None and found != value):
            raise self._unexpected(f"the header {name}" + (f": {value}, not {found!r}" if value is not None else ""))
        return self

    def expect_json(self, value: object) -> Self:
        """Expect exactly this JSON."""
        if self.json() != value:
            raise self._unexpected(f"the JSON {value!r}")
        return self

    def expect_json_path(self, path: str, value: object) -> Self:
        """Expect a value at a path such as `$.posts[0].title`."""
        found = _at_path(self.json(), path)
        if found != value:
            raise self._unexpected(f"{value!r} at {path}, not {found!r}")
        return self

    def _has(self, text: str) -> bool:
        return text in self.text or text in html.unescape(self.text)

    def _unexpected(self, expected: str) -> AssertionError:
        text = self.content[:SHOWN_CHARACTERS].decode("utf-8", "replace")
        return AssertionError(f"expected {expected}, got {self.status} for {self.method} {self.url}\n\n{text}")

    def __repr__(self) -> str:
        return f"<ClientResponse {self.status} for {self.method} {self.url}>"


_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


def _at_path(value: Any, path: str) -> Any:
    if not path.startswith("$") or _STEP.sub("", path) != "$":
        raise ValueError(f"a JSON path looks like $.posts[0].title, not {path!r}")
    for name, index in _STEP.findall(path):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value
