"""Uses of path helpers, judged without being run: what `paths.post()` in a template or in a module would raise.

Rules of this file:
- Only what must fail is a mistake: a name that no route has, a value that is missing or too much.
- Without an application nothing is known, so nothing is a mistake.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection
from typing import TypeAlias

from spica.routing.errors import PathArgumentsError, RoutingError, UnknownPathError
from spica.routing.urls import DirectHelper, Helper, Paths

# How many values a helper is called with, and the names of its keywords; None where `*` or `**` hides them.
Call: TypeAlias = tuple[int, Collection[str]]


def find_mistake(paths: Paths, name: str, call: Call | None, *, with_host: bool) -> RoutingError | None:
    """Find what is wrong with one use of a helper.

    Args:    paths: the helpers there are, without hosts; name: the one that is used; call: how it is called, None when
             it isn't or nobody can tell; with_host: whether it is used as `urls.name`.
    Returns: the error that the use would raise, without a place; None when nothing is wrong.
    """
    if name.startswith("_"):
        return None
    helper = vars(paths).get(name)
    if helper is None:
        return None if hasattr(Paths, name) else _unknown(paths, name)
    return None if call is None else _misfit(helper, *call, with_host=with_host)


def _unknown(paths: Paths, name: str) -> UnknownPathError | None:
    try:
        getattr(paths, name)
    except UnknownPathError as error:
        return error
    return None


def _misfit(helper: Helper, values: int, named: Collection[str], *, with_host: bool) -> PathArgumentsError | None:
    if isinstance(helper, DirectHelper):
        return _direct_misfit(helper, values, named)
    parameters = helper.pattern.parameters
    open_names = [one.name for one in parameters if not one.in_host and one.name not in named]
    labels = [one.name for one in parameters if one.in_host and one.name not in named] if with_host else []
    if values > len(open_names):
        return helper.mistake(f"gets {values} values where {len(open_names)} are open")
    missing = [*open_names[values:], *labels]
    return helper.mistake(f"misses {' and '.join(map(repr, missing))}") if missing else None


def _direct_misfit(helper: DirectHelper, values: int, named: Collection[str]) -> PathArgumentsError | None:
    signature = inspect.signature(helper.function)
    try:
        signature.bind(*[None] * values, **dict.fromkeys(named))
    except TypeError as error:
        return PathArgumentsError(
            f"the path helper {helper.name} can't be called so: {error}",
            why="a function of the application's makes it, with parameters of its own",
            fix=f"call it as {helper.name}{signature}",
        )
    return None
