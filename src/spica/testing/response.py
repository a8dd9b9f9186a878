"""A response as the test client received it: status, headers, content, and what of it did not come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Any, Self

import msgspec

from spica.errors.foreign_names import find_member
from spica.testing.expectations import Expectations
from spica.testing.failures import describe_exchange
from spica.testing.wire import read_response


class BrokenResponse(ConnectionError):
    """A response broke off: its stream failed, or is shorter than its content-length says.

    `response` has what came of it; the exception of the application's, where the log has one, is `__cause__`.
    """

    def __init__(self, what: str, response: ClientResponse) -> None:
        super().__init__(what)
        self.response = response


@dataclass(slots=True)
class Surroundings:
    """What the client knows of a response beside its octets.

    Args:    sent: the fields of the request; cause: the application's own exception meanwhile; flash: the messages that
             wait for the next page, by kind, None without a session; follow: goes where a redirect leads.
    """

    sent: dict[str, str] = field(default_factory=dict)
    cause: BaseException | None = None
    flash: Callable[[], dict[str, str] | None] = lambda: None
    follow: Callable[[ClientResponse], Awaitable[ClientResponse]] | None = None


class ClientResponse(Expectations):
    """Status, headers and content of one response; `trailers` are the fields behind its content, mostly none.

    Args:    received: the octets of the whole response; method: of the request (HEAD has no content).
    Raises:  ConnectionError: there is no response.
    """

    def __init__(self, received: bytes, method: str, url: str, around: Surroundings | None = None) -> None:
        parsed = read_response(received, method)
        self.url = url
        self.method = method
        self.status = parsed.status
        self.headers: Message = parsed.headers
        self.content = parsed.content
        self.trailers: Message = parsed.trailers
        self._missing = parsed.missing
        self._around = around or Surroundings()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """What is not there comes here: what other test clients call it is told. So does a property that failed."""
            if hasattr(type(self), name):
                return object.__getattribute__(self, name)
            hint = find_member(self, name)
            what = f"{type(self).__name__!r} object has no attribute {name!r}{f': {hint}' if hint else ''}"
            raise AttributeError(what, name=name, obj=self)

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

    @property
    def is_redirect(self) -> bool:
        """Whether it leads elsewhere."""
        return self.status in (301, 302, 303, 307, 308) and "location" in self.headers

    @property
    def failure(self) -> BaseException | None:
        """The exception that the application logged while it answered, None when there was none."""
        return self._around.cause

    @property
    def flash(self) -> dict[str, str] | None:
        """The messages that wait for the next page, by kind; None in an application without sessions."""
        return self._around.flash()

    async def follow(self) -> ClientResponse:
        """Go where this redirect leads: with GET, or for a 307 and 308 with the method and content it had.

        Raises:  AssertionError when it is no redirect.
        """
        self.expect_redirect()
        if self._around.follow is None:
            raise LookupError("this response does not come from a client, which could follow it")
        return await self._around.follow(self)

    def unexpected(self, expected: str) -> AssertionError:
        """The failure of an expectation: what was sent, what came, and the application's own exception as its cause."""
        told = describe_exchange(
            f"{self.method} {self.url}", self._around.sent, self.status, self.headers, self.content
        )
        error = AssertionError(f"expected {expected}, got {self.status} for {self.method} {self.url}\n\n{told}")
        error.__cause__ = self._around.cause
        return error

    def __repr__(self) -> str:
        return f"<ClientResponse {self.status} for {self.method} {self.url}>"
