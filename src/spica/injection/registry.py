"""Registry: providers by the type they make, and what stands in for a provider during a test.

Rules of this file:
- A type that is registered is filled wherever it is annotated, without `Provide`.
- A stand-in is looked for when a provider runs, so it counts for an application that is compiled already.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from spica.injection.errors import SignatureError
from spica.injection.signature import describe_place

Function = Callable[..., object]


class Registry:
    """Providers of one application."""

    __slots__ = ("by_type", "overrides")

    def __init__(self) -> None:
        self.by_type: dict[type, Function] = {}
        self.overrides: dict[Function, Function] = {}

    def register(self, kind: type, function: Function) -> None:
        """Fill parameters of a type with what a function returns or yields.

        Raises: SignatureError when the type has a provider, or `kind` is none.
        """
        if not isinstance(kind, type):
            raise SignatureError(
                f"a provider is registered for {kind!r}, which is no class",
                where=describe_place(function),
                fix="register it for a class, or name it where it is needed: Annotated[..., Provide(...)]",
            )
        known = self.by_type.setdefault(kind, function)
        if known is not function:
            raise SignatureError(
                f"two providers are registered for {kind.__name__}",
                where=f"{describe_place(known)}\n{describe_place(function)}",
                fix="keep one; to replace it in a test use app.override(...)",
            )

    def find(self, kind: Any) -> Function | None:
        """The provider of a type; None without one."""
        return self.by_type.get(kind) if isinstance(kind, type) else None

    def override(self, function: Function, replacement: Function) -> Override:
        """Let another function, or a value that is none, stand in for a provider from now on."""
        return Override(self, function, replacement)


class Override:
    """A stand-in that counts from its making until `undo`, or until the end of its `with` block."""

    __slots__ = ("_before", "_function", "_registry")

    def __init__(self, registry: Registry, function: Function, replacement: Function) -> None:
        self._registry = registry
        self._function = function
        self._before = registry.overrides.get(function)
        registry.overrides[function] = replacement

    def undo(self) -> None:
        """Let what counted before count again."""
        if self._before is None:
            self._registry.overrides.pop(self._function, None)
        else:
            self._registry.overrides[self._function] = self._before

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.undo()
