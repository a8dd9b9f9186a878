"""Plans: how a function's arguments are filled, decided once, followed for every call.

Rules of this file:
- A host turns each parameter into a reader (`context -> value`) or refuses the signature; providers are made here.
- Values are read before providers run: nothing is opened for a request that will be refused.
- Reading stops at the first refused value; only then are all readers asked again, so that the answer names every one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from spica.errors.http import FieldError
from spica.injection.errors import ProviderCycleError, RefusedValue
from spica.injection.providers import Provide, Provider
from spica.injection.scope import Scope
from spica.injection.signature import Parameter, describe_place, read_signature

Reader: TypeAlias = Callable[[Any], object]
Arguments: TypeAlias = tuple[list[object], dict[str, object]]


class Host(Protocol):
    """Who calls the functions: knows where values come from and how refused ones are answered."""

    def choose_reader(self, parameter: Parameter) -> Reader:
        """Find where a parameter's value comes from; raises SignatureError when nothing has it."""

    def check_parameters(self, parameters: list[Parameter]) -> None:
        """Refuse a signature as a whole (two bodies, a path parameter that nobody takes); raises SignatureError."""

    def refuse(self, errors: list[FieldError]) -> Exception:
        """Make the exception that answers values which don't fit."""


class Plan:
    """How one function's arguments are filled.

    `readers` are in the order of the parameters, those of providers excepted, which `providers` hold with their
    position. `is_async` tells whether filling needs an await.
    """

    __slots__ = ("_keywords", "_positional", "_refuse", "function", "is_async", "parameters", "providers", "readers")

    def __init__(
        self,
        function: Callable[..., object],
        parameters: list[Parameter],
        readers: list[Reader],
        providers: list[tuple[int, Provider]],
        refuse: Callable[[list[FieldError]], Exception],
    ) -> None:
        self.function = function
        self.parameters = tuple(parameters)
        self.readers = tuple(readers)
        self.providers = tuple(providers)
        self.is_async = any(provider.is_async for _, provider in providers)
        self._refuse = refuse
        self._keywords = tuple(parameter.name for parameter in parameters if parameter.keyword_only)
        self._positional = len(parameters) - len(self._keywords)

    @property
    def needs_scope(self) -> bool:
        """Whether providers run, so that a scope must be opened and closed."""
        return bool(self.providers)

    @property
    def has_keywords(self) -> bool:
        """Whether some arguments are passed by name."""
        return bool(self._keywords)

    def read(self, context: Any) -> list[object]:
        """Read the values of all parameters that providers don't fill, in order.

        Raises: what the host's `refuse` makes, when a value doesn't fit.
        """
        try:
            return [read(context) for read in self.readers]
        except RefusedValue:
            raise self._refuse(self._find_refused(context)) from None

    def arguments(self, context: Any, scope: Scope) -> Arguments:
        """Fill all arguments of a plan that needs no await: positional ones and keywords."""
        values = self.read(context)
        for position, provider in self.providers:
            values.insert(position, provider.value(context, scope))
        return self.split(values)

    async def aarguments(self, context: Any, scope: Scope) -> Arguments:
        """Fill all arguments, awaiting where a provider needs it."""
        values = self.read(context)
        for position, provider in self.providers:
            if provider.is_async:
                values.insert(position, await provider.avalue(context, scope))
            else:
                values.insert(position, provider.value(context, scope))
        return self.split(values)

    def split(self, values: list[object]) -> Arguments:
        """Part the values into positional arguments and keywords."""
        if not self._keywords:
            return values, {}
        return values[: self._positional], dict(zip(self._keywords, values[self._positional :], strict=True))

    def _find_refused(self, context: Any) -> list[FieldError]:
        errors: list[FieldError] = []
        for read in self.readers:
            try:
                read(context)
            except RefusedValue as refused:
                errors.extend(refused.errors)
        for _, provider in self.providers:
            errors.extend(error for error in provider.plan._find_refused(context) if error not in errors)
        return errors


def build_plan(function: Callable[..., object], host: Host, *, skip_first: bool = False) -> Plan:
    """Decide how a function's arguments are filled.

    Args:    function: what will be called; host: where values come from; skip_first: the first argument is passed by
             the caller (a method's `self`).
    Returns: the plan.
    Raises:  SignatureError and its subclasses; nothing is left for run time.
    """
    return _build(function, host, (), skip_first=skip_first)


def _build(
    function: Callable[..., object], host: Host, chain: tuple[Callable[..., object], ...], *, skip_first: bool = False
) -> Plan:
    parameters = read_signature(function, skip_first=skip_first)
    readers: list[Reader] = []
    providers: list[tuple[int, Provider]] = []
    for position, parameter in enumerate(parameters):
        provide = parameter.marker(Provide)
        if provide is not None:
            providers.append((position, _build_provider(provide.function, host, (*chain, function))))
        else:
            readers.append(host.choose_reader(parameter))
    if not chain:
        host.check_parameters(parameters)
    return Plan(function, parameters, readers, providers, host.refuse)


def _build_provider(function: Callable[..., object], host: Host, chain: tuple[Callable[..., object], ...]) -> Provider:
    if function in chain:
        circle = " -> ".join(link.__qualname__ for link in (*chain[chain.index(function) :], function))
        raise ProviderCycleError(
            f"the provider {function.__qualname__} depends on itself: {circle}",
            where=describe_place(function),
            fix="take what both need into a third provider",
        )
    return Provider(function, _build(function, host, chain))
