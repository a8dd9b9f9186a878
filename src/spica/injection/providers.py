"""Providers: functions whose result fills a parameter, `Annotated[Database, Provide(get_db)]`.

Rules of this file:
- Four kinds: plain function, async function, generator, async generator; the generators are torn down with the scope.
- A provider's own parameters are filled as a handler's are, other providers included.
- A provider runs once in a scope, however many parameters ask for it.
- What stands in for a provider in a test may be of any kind, as long as it never waits where the provider doesn't.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from spica.injection.errors import ProviderContractError
from spica.injection.scope import Scope
from spica.injection.signature import describe_place

if TYPE_CHECKING:  # a plan holds providers, and a provider has a plan
    from spica.injection.plan import Plan

NO_OVERRIDES: Mapping[Callable[..., object], Callable[..., object]] = {}


class Provide:
    """Fill a parameter with what a function returns or yields.

    Args:    function: a plain or async function, or a generator of either kind that yields once.
    Example:
        >>> def get_page_size() -> int:
        ...     return 20
        >>> Provide(get_page_size)
        Provide(get_page_size)
    """

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., object]) -> None:
        if not callable(function):
            raise TypeError(f"Provide needs a function, got {function!r}")
        self.function = function

    def __repr__(self) -> str:
        return f"Provide({getattr(self.function, '__qualname__', self.function)})"


class ProviderKind(Enum):
    """How a provider's value comes to be."""

    FUNCTION = "function"
    COROUTINE = "coroutine"
    GENERATOR = "generator"
    ASYNC_GENERATOR = "async generator"

    @classmethod
    def of(cls, function: Callable[..., object]) -> ProviderKind:
        """Tell the kind of a function."""
        target = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
        if inspect.isasyncgenfunction(target):
            return cls.ASYNC_GENERATOR
        if inspect.iscoroutinefunction(target):
            return cls.COROUTINE
        return cls.GENERATOR if inspect.isgeneratorfunction(target) else cls.FUNCTION


class Provider:
    """A provider that is ready to run: its function, its kind and the plan of its own parameters.

    `overrides` are the stand-ins of the application, and `build` makes the provider of one.
    """

    __slots__ = ("_stand_in", "build", "function", "is_async", "kind", "overrides", "plan")

    def __init__(
        self,
        function: Callable[..., object],
        plan: Plan,
        overrides: Mapping[Callable[..., object], Callable[..., object]] = NO_OVERRIDES,
        build: Callable[[Callable[..., object]], Provider] | None = None,
    ) -> None:
        self.function = function
        self.plan = plan
        self.overrides = overrides
        self.build = build
        self.kind = ProviderKind.of(function)
        self.is_async: bool = plan.is_async or self.kind in (ProviderKind.COROUTINE, ProviderKind.ASYNC_GENERATOR)
        self._stand_in: Provider | None = None

    @property
    def is_overridden(self) -> bool:
        """Whether something stands in for it just now."""
        return self.function in self.overrides

    def value(self, context: Any, scope: Scope) -> object:
        """Get the value from the scope, or make it; for providers that need no await."""
        values = scope.values
        if self.function in values:
            return values[self.function]
        if self.function in self.overrides:
            made = self._find_stand_in().run_without_waiting(context, scope)
        else:
            made = self._make(context, scope)
        values[self.function] = made
        return made

    async def avalue(self, context: Any, scope: Scope) -> object:
        """Get the value from the scope, or make it; for any provider."""
        values = scope.values
        if self.function in values:
            return values[self.function]
        if self.function in self.overrides:
            made = await self._find_stand_in().avalue(context, scope)
        else:
            made = await self._amake(context, scope)
        values[self.function] = made
        return made

    def run_without_waiting(self, context: Any, scope: Scope) -> object:
        """Make the value of a stand-in where the provider itself never waits.

        Raises: ProviderContractError when it waits, or must be torn down by waiting.
        """
        if not self.is_async:
            return self.value(context, scope)
        if self.kind is not ProviderKind.ASYNC_GENERATOR:
            coroutine = self.avalue(context, scope)
            try:
                coroutine.send(None)
            except StopIteration as done:
                return done.value
            coroutine.close()
        raise ProviderContractError(
            "the stand-in of a provider waits, and the provider doesn't",
            where=describe_place(self.function),
            why="the handler was compiled to run without waiting, since nothing that it is given has to be awaited",
            fix="make the stand-in a plain function or generator",
        )

    def _make(self, context: Any, scope: Scope) -> object:
        arguments, named = self.plan.arguments(context, scope)
        made: Any = self.function(*arguments, **named)
        return scope.open(self.function, made) if self.kind is ProviderKind.GENERATOR else made

    async def _amake(self, context: Any, scope: Scope) -> object:
        arguments, named = await self.plan.aarguments(context, scope)
        made: Any = self.function(*arguments, **named)
        if self.kind is ProviderKind.COROUTINE:
            return await made
        if self.kind is ProviderKind.GENERATOR:
            return scope.open(self.function, made)
        if self.kind is ProviderKind.ASYNC_GENERATOR:
            return await scope.aopen(self.function, made)
        return made

    def _find_stand_in(self) -> Provider:
        function = self.overrides[self.function]
        if self._stand_in is None or self._stand_in.function is not function:
            assert self.build is not None, "a provider with overrides can build their providers"
            self._stand_in = self.build(function)
        return self._stand_in
