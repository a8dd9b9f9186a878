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
from spica.injection.annotations import without_none
from spica.injection.errors import AnnotationError, ProviderCycleError, RefusedValue, SignatureError
from spica.injection.providers import Provide, Provider
from spica.injection.registry import Registry
from spica.injection.scope import Scope
from spica.injection.signature import Parameter, describe_place, find_remembered, read_signature
from spica.injection.types import type_name

Reader: TypeAlias = Callable[[Any], object]
Arguments: TypeAlias = tuple[list[object], dict[str, object]]
Function: TypeAlias = Callable[..., object]
Chain: TypeAlias = tuple[Function, ...]
Names: TypeAlias = dict[str, Any]


class Host(Protocol):
    """Who calls the functions: knows where values come from and how refused ones are answered."""

    def choose_reader(self, parameter: Parameter) -> Reader:
        """Find where a parameter's value comes from; raises SignatureError when nothing has it.

        What its type raises may pass: a NameError of its annotations, the TypeError of a type that can't be converted.
        """

    def check_parameters(self, parameters: list[Parameter]) -> None:
        """Refuse a signature as a whole (two bodies, a path parameter that nobody takes); raises SignatureError."""

    def refuse(self, errors: list[FieldError]) -> Exception:
        """Make the exception that answers values which don't fit."""


class Plan:
    """How one function's arguments are filled.

    `readers` are in the order of the parameters, those of providers excepted, which `providers` hold with their
    position. `is_async` tells whether filling needs an await.
    """

    __slots__ = (
        "_keywords",
        "_positional",
        "_reads_below",
        "_refuse",
        "function",
        "is_async",
        "parameters",
        "providers",
        "readers",
    )

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
        below = [provider.plan for _, provider in providers]
        self._reads_below: bool = any(plan.readers or plan._reads_below for plan in below)
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
        values = self._read_all(context, scope)
        for position, provider in self.providers:
            values.insert(position, provider.value(context, scope))
        return self.split(values)

    async def aarguments(self, context: Any, scope: Scope) -> Arguments:
        """Fill all arguments, awaiting where a provider needs it."""
        values = self._read_all(context, scope)
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

    def _read_all(self, context: Any, scope: Scope) -> list[object]:
        """Read the own values, and those of all providers below, which find them in the scope when they run."""
        if scope.reads and self in scope.reads:
            return scope.reads.pop(self)
        values = self.read(context)
        if self._reads_below:
            try:
                self._read_below(context, scope)
            except RefusedValue:
                raise self._refuse(self._find_refused(context)) from None
        return values

    def _read_below(self, context: Any, scope: Scope) -> None:
        for _, provider in self.providers:
            plan = provider.plan
            if provider.is_overridden or provider.function in scope.values or plan in scope.reads:
                continue
            if plan.readers:
                scope.reads[plan] = [read(context) for read in plan.readers]
            plan._read_below(context, scope)

    def _find_refused(self, context: Any) -> list[FieldError]:
        errors: list[FieldError] = []
        for read in self.readers:
            try:
                read(context)
            except RefusedValue as refused:
                errors.extend(refused.errors)
        for _, provider in self.providers:
            if not provider.is_overridden:
                errors.extend(error for error in provider.plan._find_refused(context) if error not in errors)
        return errors


def build_plan(
    function: Callable[..., object],
    host: Host,
    *,
    skip_first: bool = False,
    registry: Registry | None = None,
) -> Plan:
    """Decide how a function's arguments are filled.

    Args:    function: what will be called; host: where values come from; skip_first: the first argument is passed by
             the caller (a method's `self`); registry: the application's providers.
    Returns: the plan.
    Raises:  SignatureError and its subclasses; nothing is left for run time.
    """
    return _Builder(host, registry or Registry()).build(function, (), {}, skip_first=skip_first)


class _Builder:
    """Builds one function's plan and those of the providers below it."""

    def __init__(self, host: Host, registry: Registry) -> None:
        self._host = host
        self._registry = registry

    def build(self, function: Function, chain: Chain, names: Names, *, skip_first: bool = False) -> Plan:
        """Build a plan; `chain` is who asked for it, `names` the local types that those were declared beside."""
        names = {**names, **find_remembered(function)}
        parameters = read_signature(function, skip_first=skip_first, names=names)
        readers: list[Reader] = []
        providers: list[tuple[int, Provider]] = []
        for position, parameter in enumerate(parameters):
            provide = self._find_provider(parameter, chain)
            if provide is not None:
                providers.append((position, self.build_provider(provide, (*chain, function), names)))
            else:
                readers.append(self._choose_reader(parameter))
        if not chain:
            provided = {position for position, _ in providers}
            self._host.check_parameters([one for position, one in enumerate(parameters) if position not in provided])
        return Plan(function, parameters, readers, providers, self._host.refuse)

    def build_provider(self, function: Function, chain: Chain, names: Names) -> Provider:
        """Build a provider; raises ProviderCycleError when it is among those that asked for it."""
        if function in chain:
            links = (*chain[chain.index(function) :], function)
            circle = " -> ".join(getattr(link, "__qualname__", repr(link)) for link in links)
            raise ProviderCycleError(
                f"the provider {links[0].__qualname__} depends on itself: {circle}",
                where=describe_place(function),
                fix="take what both need into a third provider",
            )
        plan = self.build(function, chain, names)
        return Provider(
            function, plan, self._registry.overrides, lambda other: self.build_provider(other, chain, names)
        )

    def _choose_reader(self, parameter: Parameter) -> Reader:
        try:
            return self._host.choose_reader(parameter)
        except NameError as error:  # a record whose own annotations name something that its module doesn't have
            raise AnnotationError(
                f"the type of {parameter.name!r} names {error.name!r}, which isn't known",
                where=parameter.where,
                why=f"the annotations of {type_name(parameter.bare_type)} are evaluated with the names of its module",
                fix=f"define {error.name} at the top of that module, outside of functions and `if TYPE_CHECKING`",
            ) from error
        except TypeError as error:  # msgspec refuses a type when it first sees it
            raise SignatureError(
                f"the type of {parameter.name!r} can't be filled: {error}",
                where=parameter.where,
                fix="name a type that msgspec converts, or fill it by Provide(...)",
            ) from error

    def _find_provider(self, parameter: Parameter, chain: Chain) -> Function | None:
        provide = parameter.marker(Provide)
        if provide is not None:
            return provide.function
        if parameter.markers or not self._registry.by_type:
            return None
        found = self._registry.find(without_none(parameter.bare_type))
        # A registered provider that takes its own type asks the host for it, not itself.
        return None if found is None or (chain and found is chain[-1]) else found
