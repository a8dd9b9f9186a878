"""A database whose statements are told to an observer: for development's log, tests and query comments.

Rules of this file:
- Which class a database has is decided when it is configured: where nobody observes, nothing here is called.
- An observer sees texts, never values: they may be secret.
- A request has a scope of its own; what it starts inherits it.
"""

from __future__ import annotations

import sys
import sysconfig
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from time import perf_counter
from types import CodeType, FrameType
from typing import Any, NamedTuple, Protocol

from spica.db.driver import Parameters, Row, Written
from spica.db.engine import STREAM_ROWS, Database

KEPT = 200  # statements of a scope that are remembered
MOST_REPEATS = 5  # times that one line may run the same query in a scope, before it is an N+1

SPICA = str(Path(__file__).resolve().parents[1])
OTHERS = (
    SPICA,
    sysconfig.get_path("purelib"),
    sysconfig.get_path("stdlib"),
    "<",
)  # files that are not the application's

_scope: ContextVar[Scope | None] = ContextVar("spica_query_scope", default=None)


class Place(NamedTuple):
    """The line of the application that a statement comes from, and the functions of Spica between the two."""

    file: str
    line: int
    between: frozenset[CodeType]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else "?"


class Statement(NamedTuple):
    """A statement that ran."""

    sql: str
    seconds: float
    place: Place


class Scope:
    """The statements of one request, or of one call by a test.

    label: the route's target, "posts#index"; times: how often by text, file and line; entry: the function that a test
    called, if any.
    """

    __slots__ = ("entry", "label", "statements", "times")

    def __init__(self, label: str = "") -> None:
        self.label = label
        self.statements: list[Statement] = []
        self.times: Counter[tuple[str, str, int]] = Counter()
        self.entry: FrameType | None = None


class Observer(Protocol):
    """What is told of statements."""

    def before(self, sql: str, parameters: Parameters) -> str:
        """Answer with the text to send. What it raises keeps the statement from running."""

    def after(self, sql: str, seconds: float) -> None:
        """Hear that a statement ran, or failed."""


class ObservedDatabase(Database):
    """A database that tells its observer."""

    __slots__ = ("_observer",)

    def __init__(self, url: str, observer: Observer, *, root: Path | None = None) -> None:
        super().__init__(url, root=root)
        self._observer = observer

    async def query(self, sql: str, /, **values: object) -> list[dict[str, Any]]:
        """Run a statement and return its rows; see `Database.query`."""
        text, started = self._observer.before(sql, values), perf_counter()
        try:
            return await super().query(text, **values)
        finally:
            self._observer.after(sql, perf_counter() - started)

    async def read(self, sql: str, parameters: Parameters) -> list[Row]:
        """Read rows as tuples; see `Database.read`."""
        text, started = self._observer.before(sql, parameters), perf_counter()
        try:
            return await super().read(text, parameters)
        finally:
            self._observer.after(sql, perf_counter() - started)

    async def write(self, sql: str, parameters: Parameters) -> Written:
        """Run one statement that changes rows; see `Database.write`."""
        text, started = self._observer.before(sql, parameters), perf_counter()
        try:
            return await super().write(text, parameters)
        finally:
            self._observer.after(sql, perf_counter() - started)

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int | None:
        """Insert many rows; see `Database.copy`."""
        text, started = f"COPY {table}", perf_counter()
        self._observer.before(text, ())
        try:
            return await super().copy(table, columns, rows)
        finally:
            self._observer.after(text, perf_counter() - started)

    async def stream(self, sql: str, parameters: Parameters, *, size: int = STREAM_ROWS) -> AsyncIterator[list[Row]]:
        """Read rows in batches; see `Database.stream`. Its time is that until the last batch was taken."""
        text, started = self._observer.before(sql, parameters), perf_counter()
        try:
            async for batch in super().stream(text, parameters, size=size):
                yield batch
        finally:
            self._observer.after(sql, perf_counter() - started)


def enter_scope(label: str) -> None:
    """Begin a scope in the current context."""
    _scope.set(Scope(label))


def leave_scope() -> None:
    """End the scope of the current context."""
    _scope.set(None)


def current_scope() -> Scope | None:
    """The scope of the request that is being answered; None outside of one."""
    return _scope.get()


def find_place() -> Place:
    """Find the nearest line on the stack that is neither Spica's nor a library's."""
    frame = sys._getframe(1)
    between: set[CodeType] = set()
    while frame.f_code.co_filename.startswith(OTHERS):
        between.add(frame.f_code)
        if frame.f_back is None:
            return Place("", 0, frozenset(between))
        frame = frame.f_back
    return Place(_shorten(frame.f_code.co_filename), frame.f_lineno, frozenset(between))


def _shorten(file: str) -> str:
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except ValueError:
        return file
