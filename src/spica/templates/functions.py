"""What every template can call without being given it: a short list of Python's builtins, and `raw`.

Rules of this file:
- Only functions without side effects that help to show data; a project adds its own as `globals`.
- A helper decorated with `@uses_context` gets the request's context first; the template does not write it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from spica.templates.safe import raw

F = TypeVar("F", bound=Callable[..., object])

BUILTINS: Mapping[str, object] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            abs, all, any, bool, dict, divmod, enumerate, filter, float, getattr, hasattr, int, isinstance, len, list,
            map, max, min, range, repr, reversed, round, set, sorted, str, sum, tuple, zip, raw,
        )
    }
)  # fmt: skip


def uses_context(function: F) -> F:
    """Mark a helper or filter that takes the request's context as its first argument.

    Args:    function: called in templates without that argument; without a request it gets None.
    Returns: the same function.

    Example:
        @uses_context
        def csrf_tag(ctx): ...        # in a template: {{ csrf_tag() }}
    """
    function.__spica_uses_context__ = True  # type: ignore[attr-defined]  # a mark on a function object
    return function


def wants_context(function: object) -> bool:
    """Whether a helper was marked with `@uses_context`."""
    return bool(getattr(function, "__spica_uses_context__", False))
