"""Filters: methods of a controller that run before its actions.

Rules of this file:
- `@before` marks a method; the classes are searched from the base down, so a parent's filters run first.
- A method that a subclass overrides without `@before` is no filter any more; overridden with it, it runs in the place
  of the one it replaces.
- A filter that returns a Response, or renders or redirects, ends the request: the action does not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from spica.controllers.errors import FilterError
from spica.errors import closest
from spica.injection.signature import describe_place

Method = TypeVar("Method", bound=Callable[..., object])
_MARK = "__spica_before__"


@dataclass(frozen=True, slots=True)
class FilterRule:
    """Which actions a filter runs before; None means no limit of that kind."""

    only: frozenset[str] | None = None
    except_: frozenset[str] | None = None

    def covers(self, action: str) -> bool:
        """Whether the filter runs before this action."""
        if self.only is not None:
            return action in self.only
        return self.except_ is None or action not in self.except_

    @property
    def names(self) -> frozenset[str]:
        """The actions that the rule names."""
        return self.only or self.except_ or frozenset()


@overload
def before(method: Method, /) -> Method: ...


@overload
def before(
    *, only: str | Iterable[str] | None = None, except_: str | Iterable[str] | None = None
) -> Callable[[Method], Method]: ...


def before(
    method: Method | None = None,
    /,
    *,
    only: str | Iterable[str] | None = None,
    except_: str | Iterable[str] | None = None,
) -> Method | Callable[[Method], Method]:
    """Run a controller's method before its actions; it may be async and takes typed parameters as actions do.

    Args:    only, except_: names of actions, at most one of the two.
    Returns: the method, marked.
    Raises:  FilterError when both are given; a name that no action has is found when the application starts.
    """

    def mark(target: Method) -> Method:
        if only is not None and except_ is not None:
            raise FilterError(
                "a filter has only= and except_= at once",
                where=describe_place(target),
                fix="keep only=, and leave the others out of it",
            )
        setattr(target, _MARK, FilterRule(_names(only), _names(except_)))
        return target

    return mark if method is None else mark(method)


def find_filters(controller: type) -> list[tuple[Callable[..., Any], FilterRule]]:
    """Find a controller's filters in the order they run, each with its rule."""
    order: dict[str, None] = {}
    for cls in reversed(controller.__mro__):
        order.update({name: None for name, member in vars(cls).items() if hasattr(member, _MARK)})
    methods = ((getattr(controller, name), name) for name in order)
    return [(method, getattr(method, _MARK)) for method, _ in methods if hasattr(method, _MARK)]


def check_filters(controller: type, actions: Iterable[str]) -> None:
    """Refuse filters that name actions which the controller doesn't have.

    A filter inherited from a base class may name actions that only some of its subclasses have.

    Raises: FilterError with near matches.
    """
    known = set(actions)
    for method, rule in find_filters(controller):
        if method.__name__ not in vars(controller):
            continue
        for name in sorted(rule.names - known):
            near = closest(name, known)
            raise FilterError(
                f"the filter {method.__name__} names the action {name!r}, which {controller.__name__} doesn't have",
                where=describe_place(method),
                why=f"its actions are {', '.join(sorted(known)) or '(none)'}",
                fix=f"did you mean {near[0]!r}?" if near else f"remove {name!r}, or define the action",
            )


def _names(names: str | Iterable[str] | None) -> frozenset[str] | None:
    if names is None:
        return None
    return frozenset([names] if isinstance(names, str) else names)
