"""How many SQL statements a block runs: `with assert_queries(2): await client.get("/posts")`.

Rules:
- Every statement of every Database counts, inside transactions too; BEGIN, COMMIT and savepoints don't.
- Counting is put around the engine's methods for as long as a block counts; nothing is there at other times.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any

from spica.db.engine import Database

_METHODS = ("query", "read", "write")
_counted: list[Queries] = []
_is_counting: ContextVar[bool] = ContextVar("spica_counts_queries", default=True)


class Queries(list[str]):
    """The SQL of the statements that a block has run so far, in order."""

    def describe(self) -> str:
        """Number them, those that were run more than once marked."""
        times = Counter(self)
        marks = {sql: f"  (one of {count})" for sql, count in times.items() if count > 1}
        return "\n".join(f"  {n}. {' '.join(sql.split())}{marks.get(sql, '')}" for n, sql in enumerate(self, 1))


@contextlib.contextmanager
def assert_queries(exactly: int | None = None, *, max: int | None = None) -> Iterator[Queries]:
    """Expect the block to run so many SQL statements.

    Args:    exactly: how many; max: at most how many. One of them.
    Returns: the statements, a list of SQL that grows.
    Raises:  AssertionError with the SQL of all of them; TypeError when neither or both are given.
    Example:
        with assert_queries(2):
            await client.get("/posts")
    """
    if (exactly is None) == (max is None):
        raise TypeError("assert_queries takes a number, or max=")
    with count_queries() as queries:
        yield queries
    number = len(queries)
    if number != exactly if exactly is not None else number > (max or 0):
        wanted = f"{exactly}" if exactly is not None else f"at most {max}"
        raise AssertionError(f"expected {wanted} queries, got {number}\n{queries.describe()}".rstrip())


@contextlib.contextmanager
def count_queries() -> Iterator[Queries]:
    """List the SQL statements that the block runs."""
    queries = Queries()
    if not _counted:
        _watch()
    _counted.append(queries)
    try:
        yield queries
    finally:
        # By identity: two blocks may have the same statements so far.
        _counted[:] = [one for one in _counted if one is not queries]
        if not _counted:
            _unwatch()


@contextlib.contextmanager
def uncounted() -> Iterator[None]:
    """Run statements of the test kit itself, which no block counts."""
    token = _is_counting.set(False)
    try:
        yield
    finally:
        _is_counting.reset(token)


_originals: dict[str, Callable[..., Any]] = {}


def _watch() -> None:
    for name in _METHODS:
        original = _originals[name] = getattr(Database, name)
        setattr(Database, name, _telling(original))
    _originals["stream"] = stream = Database.stream
    Database.stream = _telling_stream(stream)  # type: ignore[method-assign]  # see the rules above


def _unwatch() -> None:
    for name, original in _originals.items():
        setattr(Database, name, original)


def _telling(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def tell(self: Database, sql: str, /, *arguments: Any, **named: Any) -> Any:
        _note(sql)
        return await original(self, sql, *arguments, **named)

    return tell


def _telling_stream(original: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
    def tell(self: Database, sql: str, /, *arguments: Any, **named: Any) -> AsyncIterator[Any]:
        _note(sql)
        return original(self, sql, *arguments, **named)

    return tell


def _note(sql: str) -> None:
    if _is_counting.get():
        for queries in _counted:
            queries.append(sql)
