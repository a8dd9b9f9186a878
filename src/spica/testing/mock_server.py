"""A server for the other side of the application's outgoing requests: it answers as a test says, and remembers.

Rules:
- It listens on loopback, on a port of the kernel's choice, so any HTTP client reaches it; requests come through Spica's
  own parser.
- What was not expected is answered 501 and fails the test at its end, as does an expectation that was not met.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

import msgspec

from spica.app.application import App
from spica.app.compiled import Compiled
from spica.http.context import Context
from spica.http.response import Response
from spica.server.run import running_server

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that came. `headers` by lower-case name, `query` in pairs."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The content as UTF-8."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The content, decoded from JSON."""
        return msgspec.json.decode(self.content)

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.method} {self.path}{'?' + query if query else ''} {self.text[:200]}".rstrip()


Answer = Callable[[RecordedRequest], Response]


@dataclass(slots=True)
class Expectation:
    """A request that is expected, and what answers it. Use `mock_server.expect`."""

    method: str
    path: str
    json: object = msgspec.UNSET
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    seen: list[RecordedRequest] = field(default_factory=list)
    _answers: list[Answer] = field(default_factory=list)
    _times: int | None = None
    _is_optional: bool = False

    def respond(
        self,
        status: int = 200,
        *,
        json: object = msgspec.UNSET,
        text: str = "",
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Answer with this; called again, that is the answer to the next such request. The last one repeats."""
        kind = "application/json" if json is not msgspec.UNSET else None
        body: bytes | str = msgspec.json.encode(json) if json is not msgspec.UNSET else text or content
        fields = [(name.lower(), value) for name, value in (headers or {}).items()]
        return self.respond_with(lambda request: Response(body, status, list(fields), kind))

    def respond_with(self, answer: Answer) -> Self:
        """Answer with what a function makes of the request."""
        self._answers.append(answer)
        return self

    def times(self, number: int) -> Self:
        """Expect it so often; otherwise once for each answer."""
        self._times = number
        return self

    def optional(self) -> Self:
        """Let it come any number of times, or never."""
        self._is_optional = True
        return self

    @property
    def wanted(self) -> int:
        """How often it has to come."""
        return max(1, len(self._answers)) if self._times is None else self._times

    @property
    def is_met(self) -> bool:
        """Whether it came as often as it has to."""
        return self._is_optional or len(self.seen) == self.wanted

    @property
    def is_open(self) -> bool:
        """Whether it can come again."""
        return self._is_optional or len(self.seen) < self.wanted

    def fits(self, request: RecordedRequest) -> bool:
        """Whether a request is this one."""
        if (request.method, request.path) != (self.method, self.path):
            return False
        if not self.query.items() <= dict(request.query).items():
            return False
        if any(request.headers.get(name.lower()) != value for name, value in self.headers.items()):
            return False
        return self.json is msgspec.UNSET or _decoded(request) == self.json

    def answer(self, request: RecordedRequest) -> Response:
        """Remember a request and answer it."""
        self.seen.append(request)
        answers = self._answers or [lambda request: Response(b"", 204)]
        return answers[min(len(self.seen), len(answers)) - 1](request)

    def __str__(self) -> str:
        return f"{self.method} {self.path}, {len(self.seen)} of {self.wanted} times"


class MockServer:
    """Answers as a test says. Args: url: where it listens, "http://127.0.0.1:PORT"."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[RecordedRequest] = []
        self.unexpected: list[RecordedRequest] = []
        self._expectations: list[Expectation] = []

    def expect(
        self,
        method: str,
        path: str,
        *,
        json: object = msgspec.UNSET,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Expectation:
        """Expect a request; say with `respond` how it is answered, else 204.

        Args:    path: without the query; json: its content; query, headers: what has to be among its own.
        """
        expectation = Expectation(method.upper(), path, json, query or {}, headers or {})
        self._expectations.append(expectation)
        return expectation

    def check(self) -> None:
        """Expect that all came that was expected, and nothing else. Raises AssertionError."""
        missing = [f"  expected {one}" for one in self._expectations if not one.is_met]
        came = [f"  came, not expected: {one}" for one in self.unexpected]
        if missing or came:
            raise AssertionError("\n".join(["the mock server was used otherwise than expected", *missing, *came]))

    def answer(self, request: RecordedRequest) -> Response:
        """Answer one request."""
        self.requests.append(request)
        fitting = (one for one in self._expectations if one.is_open and one.fits(request))
        expectation = next(fitting, None)
        if expectation is None:
            self.unexpected.append(request)
            return Response(f"not expected: {request}\n", 501)
        return expectation.answer(request)


@contextlib.asynccontextmanager
async def running_mock_server() -> AsyncIterator[MockServer]:
    """Run a mock server on the running loop; at the end of a block that went well, check what came."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    mock = MockServer(f"http://127.0.0.1:{listener.getsockname()[1]}")
    async with running_server(_build_app(mock), listener):
        yield mock
    mock.check()


class _MockApp(App):
    """An application beside the one under test: the process' paths and keys stay those of the other."""

    @property
    def compiled(self) -> Compiled:
        if self._compiled is None:
            self._compiled = self._compile()
        return self._compiled


def _build_app(mock: MockServer) -> App:
    app = _MockApp(env="test")

    def answer(ctx: Context) -> Response:
        request = ctx.request
        query = parse_qsl(request.query_string, keep_blank_values=True)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return mock.answer(RecordedRequest(request.method, request.path, query, headers, request.content))

    for method in _METHODS:
        for pattern in ("/", "/{rest:path}"):
            getattr(app, method)(pattern)(answer)
    return app


def _decoded(request: RecordedRequest) -> object:
    try:
        return request.json()
    except msgspec.DecodeError:
        return msgspec.UNSET
