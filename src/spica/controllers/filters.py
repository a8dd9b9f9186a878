"""Filters: methods of a controller that run before, after or around its actions, and those that answer exceptions.

Rules of this file:
- A mark makes a method a filter; the classes are searched from the base down, so a parent's filters run first.
- A method that a subclass overrides without a mark is no filter any more; overridden with one, it runs in the place of
  the one it replaces.
- A `@before` that returns a Response, or renders or redirects, ends the request: the action does not run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, overload

from spica.controllers.errors import FilterError
from spica.controllers.wrapping import Rescue
from spica.errors import closest
from spica.injection.signature import describe_place

Method = TypeVar("Method", bound=Callable[..., object])
Names: TypeAlias = str | Iterable[str] | None
Kind: TypeAlias = Literal["before", "after", "around"]
_MARK = "__spica_filter__"
_RESCUES = "__spica_rescues__"
_SKIPS = "__spica_skips__"


@dataclass(frozen=True, slots=True)
class FilterRule:
    """When a filter runs, and at which actions; None means no limit of that kind. `skips`: where it is left out."""

    kind: Kind = "before"
    only: frozenset[str] | None = None
    except_: frozenset[str] | None = None
    skips: tuple[FilterRule, ...] = ()

    def covers(self, action: str) -> bool:
        """Whether the filter runs at this action."""
        if any(skip.covers(action) for skip in self.skips):
            return False
        if self.only is not None:
            return action in self.only
        return self.except_ is None or action not in self.except_

    @property
    def names(self) -> frozenset[str]:
        """The actions that the rule names."""
        return self.only or self.except_ or frozenset()


class Marker(Protocol):
    """`@before` and its like: with or without parentheses."""

    @overload
    def __call__(self, method: Method, /) -> Method: ...
    @overload
    def __call__(self, *, only: Names = None, except_: Names = None) -> Callable[[Method], Method]: ...


def _build_marker(kind: Kind, doc: str) -> Marker:
    def marker(method: Any = None, /, *, only: Names = None, except_: Names = None) -> Any:
        def mark(target: Any) -> Any:
            setattr(target, _MARK, _build_rule(kind, only, except_, describe_place(target)))
            return target

        return mark if method is None else mark(method)

    marker.__name__ = marker.__qualname__ = kind
    marker.__doc__ = doc
    return marker


before = _build_marker(
    "before",
    """Run a controller's method before its actions; it may be async and takes typed parameters as actions do.

    Args:    only, except_: names of actions, at most one of the two.
    Returns: the method, marked.
    Raises:  FilterError when both are given; a name that no action has is found when the application starts.
    """,
)
after = _build_marker(
    "after",
    """Run a controller's method after its actions: `def log(self, response)`. What it returns replaces the response.

    The last declared runs first. Not run when a filter ended the request, or an exception did.

    Args, Returns, Raises: as `before`.
    """,
)
around = _build_marker(
    "around",
    """Run a controller's method around its actions: `async def timed(self, next): return await next()`.

    What it returns is the response. It stands around the filters that are declared after it, too.

    Args, Returns, Raises: as `before`.
    """,
)


def skip_before(*names: str, only: Names = None, except_: Names = None) -> None:
    """Leave inherited `@before` filters out, in a controller's body: `skip_before("require_login", only="index")`.

    Args:    names: of the methods; only, except_: names of actions, at most one of the two.
    Raises:  FilterError when both are given; a name that is no filter is found when the application starts.
    """
    frame = sys._getframe(1)
    where = f"{frame.f_locals.get('__qualname__', '')}  {frame.f_code.co_filename}:{frame.f_lineno}"
    rule = _build_rule("before", only, except_, where)
    frame.f_locals.setdefault(_SKIPS, []).extend((name, rule, where) for name in names)


def rescue_from(*kinds: type[Exception]) -> Callable[[Method], Method]:
    """Answer exceptions of filters and actions with a controller's method: `def missing(self, error)`.

    The method of the nearest class counts. One that answers nothing lets the exception go on.

    Args:    kinds: the exception classes.
    Raises:  FilterError for something else than exception classes.
    """

    def mark(target: Method) -> Method:
        if not kinds or not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds):
            raise FilterError(
                "rescue_from is given something else than exception classes",
                where=describe_place(target),
                fix=f"@rescue_from(KeyError)\n    def {target.__name__}(self, error):",
            )
        setattr(target, _RESCUES, kinds)
        return target

    return mark


def find_filters(controller: type) -> list[tuple[Callable[..., Any], FilterRule]]:
    """Find a controller's filters in the order they run, each with its rule."""
    order: dict[str, None] = {}
    for cls in reversed(controller.__mro__):
        order.update(dict.fromkeys(_find_marked(cls, _MARK)))
    skips: dict[str, tuple[FilterRule, ...]] = {}
    for name, rule, _ in _find_skips(controller):
        skips[name] = (*skips.get(name, ()), rule)
    methods = ((getattr(controller, name), name) for name in order)
    found = [(method, getattr(method, _MARK)) for method, _ in methods if hasattr(method, _MARK)]
    return [(method, replace(rule, skips=skips.get(method.__name__, ()))) for method, rule in found]


def find_rescues(controller: type) -> list[Rescue]:
    """Find the methods that answer exceptions, those of the class itself before those of its bases."""
    names: dict[str, None] = {}
    for cls in controller.__mro__:
        names.update(dict.fromkeys(_find_marked(cls, _RESCUES)))
    methods = [getattr(controller, name) for name in names]
    return [Rescue(method, getattr(method, _RESCUES)) for method in methods if hasattr(method, _RESCUES)]


@lru_cache(maxsize=128)
def _find_marked(cls: type, mark: str) -> tuple[str, ...]:
    """The names of a class's own members that are marked: asked for every action, of its bases for all controllers."""
    return tuple(name for name, member in vars(cls).items() if hasattr(member, mark))


def _find_skips(controller: type) -> list[tuple[str, FilterRule, str]]:
    return [skip for cls in controller.__mro__ for skip in vars(cls).get(_SKIPS, ())]


def check_filters(controller: type, actions: Iterable[str]) -> None:
    """Refuse filters that name actions which the controller doesn't have.

    A filter inherited from a base class may name actions that only some of its subclasses have.

    Raises: FilterError with near matches.
    """
    known = set(actions)
    _check_skips(controller)
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


def _check_skips(controller: type) -> None:
    befores = {method.__name__ for method, rule in find_filters(controller) if rule.kind == "before"}
    for name, _, where in _find_skips(controller):
        if name not in befores:
            near = closest(name, befores)
            raise FilterError(
                f"skip_before names {name!r}, which is no filter of {controller.__name__}",
                where=where,
                why=f"its @before filters are {', '.join(sorted(befores)) or '(none)'}",
                fix=f"did you mean {near[0]!r}?" if near else "remove it",
            )


def _build_rule(kind: Kind, only: Names, except_: Names, where: str) -> FilterRule:
    if only is not None and except_ is not None:
        raise FilterError(
            "a filter has only= and except_= at once", where=where, fix="keep only=, and leave the others out of it"
        )
    return FilterRule(kind, _names(only), _names(except_))


def _names(names: Names) -> frozenset[str] | None:
    if names is None:
        return None
    return frozenset([names] if isinstance(names, str) else names)
