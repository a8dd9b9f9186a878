"""Providers: functions whose result fills a parameter, `Annotated[Database, Provide(get_db)]`.

Rules of this file:
- Four kinds: plain function, async function, generator, async generator; the generators are torn down with the scope.
- A provider's own parameters are filled as a handler's are, other providers included.
- A provider runs once in a scope, however many parameters ask for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

from spica.injection.scope import Scope

if TYPE_CHECKING:  # a plan holds providers, and a provider has a plan
    from spica.injection.plan import Plan


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
    """A provider that is ready to run: its function, its kind and the plan of its own parameters."""

    __slots__ = ("function", "is_async", "kind", "plan")

    def __init__(self, function: Callable[..., object], plan: Plan) -> None:
        self.function = function
        self.plan = plan
        self.kind = ProviderKind.of(function)
        self.is_async: bool = plan.is_async or self.kind in (ProviderKind.COROUTINE, ProviderKind.ASYNC_GENERATOR)

    def value(self, context: Any, scope: Scope) -> object:
        """Get the value from the scope, or make it; for providers that need no await."""
        values = scope.values
        if self.function in values:
            return values[self.function]
        arguments, named = self.plan.arguments(context, scope)
        made: Any = self.function(*arguments, **named)
        if self.kind is ProviderKind.GENERATOR:
            made = scope.open(self.function, made)
        values[self.function] = made
        return made

    async def avalue(self, context: Any, scope: Scope) -> object:
        """Get the value from the scope, or make it; for any provider."""
        values = scope.values
        if self.function in values:
            return values[self.function]
        arguments, named = await self.plan.aarguments(context, scope)
        made: Any = self.function(*arguments, **named)
        if self.kind is ProviderKind.COROUTINE:
            made = await made
        elif self.kind is ProviderKind.GENERATOR:
            made = scope.open(self.function, made)
        elif self.kind is ProviderKind.ASYNC_GENERATOR:
            made = await scope.aopen(self.function, made)
        values[self.function] = made
        return made
