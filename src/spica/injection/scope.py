"""Scopes: the providers' values of one request (or job, or command), and their teardown.

Rules of this file:
- A provider runs once in a scope; who asks again gets the same value.
- Teardown runs in reverse order, each one even if another failed; an error of the work is thrown into the generators,
  so that a transaction's `except` sees it. The first new error wins.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any

from spica.injection.errors import ProviderContractError
from spica.injection.signature import describe_place

if TYPE_CHECKING:  # a plan is followed within a scope
    from spica.injection.plan import Plan

Opened = Generator[Any, None, None] | AsyncGenerator[Any, None]


class Scope:
    """What providers made for one unit of work; `close` (or `aclose`) must be called once at its end."""

    __slots__ = ("_opened", "reads", "values")

    def __init__(self) -> None:
        self.reads: dict[Plan, list[object]] = {}
        """What was read for providers that have yet to run."""
        self.values: dict[Callable[..., object], object] = {}
        self._opened: list[tuple[Callable[..., object], Opened]] = []

    def open(self, function: Callable[..., object], generator: Generator[Any, None, None]) -> object:
        """Run a generator to its yield and remember to finish it."""
        try:
            value = next(generator)
        except StopIteration:
            raise _yields_nothing(function) from None
        self._opened.append((function, generator))
        return value

    async def aopen(self, function: Callable[..., object], generator: AsyncGenerator[Any, None]) -> object:
        """Run an async generator to its yield and remember to finish it."""
        try:
            value = await anext(generator)
        except StopAsyncIteration:
            raise _yields_nothing(function) from None
        self._opened.append((function, generator))
        return value

    def close(self, error: BaseException | None = None) -> None:
        """Finish the generators of a scope that holds plain ones only.

        Raises: the first error that a teardown raised, unless it is the one it was given.
        """
        raised: BaseException | None = None
        while self._opened:
            function, generator = self._opened.pop()
            assert isinstance(generator, Generator)
            try:
                _finish(function, generator, error)
            except BaseException as new:
                raised = raised or (None if new is error else new)
        if raised is not None:
            raise raised

    async def aclose(self, error: BaseException | None = None) -> None:
        """Finish all generators.

        Raises: the first error that a teardown raised, unless it is the one it was given.
        """
        raised: BaseException | None = None
        while self._opened:
            function, generator = self._opened.pop()
            try:
                if isinstance(generator, Generator):
                    _finish(function, generator, error)
                else:
                    await _afinish(function, generator, error)
            except BaseException as new:
                raised = raised or (None if new is error else new)
        if raised is not None:
            raise raised


def _finish(
    function: Callable[..., object], generator: Generator[Any, None, None], error: BaseException | None
) -> None:
    try:
        if error is None:
            next(generator)
        else:
            generator.throw(error)
    except StopIteration:
        return
    generator.close()
    raise _yields_twice(function)


async def _afinish(
    function: Callable[..., object], generator: AsyncGenerator[Any, None], error: BaseException | None
) -> None:
    try:
        if error is None:
            await anext(generator)
        else:
            await generator.athrow(error)
    except StopAsyncIteration:
        return
    await generator.aclose()
    raise _yields_twice(function)


def _yields_nothing(function: Callable[..., object]) -> ProviderContractError:
    return ProviderContractError(
        "a provider ended without a yield",
        where=describe_place(function),
        why="the value that a generator yields is what the parameter gets",
        fix="yield the value on every way through the generator",
    )


def _yields_twice(function: Callable[..., object]) -> ProviderContractError:
    return ProviderContractError(
        "a provider yielded twice",
        where=describe_place(function),
        why="what stands after the one yield is its teardown",
        fix="yield once",
    )
