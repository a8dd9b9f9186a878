"""Waiting: whether a function can suspend, read from its bytecode when the application starts.

Rules of this file:
- "plain" is an ordinary function; "step" an `async def` without any await in its code, which can be run to its end
  without an event loop; "task" everything that may suspend.
- When in doubt it is a task: slower, never wrong.
"""

from __future__ import annotations

import dis
import functools
import inspect
from collections.abc import Callable, Coroutine
from types import CodeType
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["plain", "step", "task"]

# What `await`, `async for` and `async with` compile to in CPython 3.11 to 3.14.
_SUSPENDING = frozenset(dis.opmap[name] for name in ("GET_AWAITABLE", "GET_AITER", "GET_ANEXT") if name in dis.opmap)


def find_kind(function: Callable[..., object]) -> Kind:
    """Tell how a handler is run.

    Args:    function: what will be called per request.
    Returns: "plain" for what is no coroutine function, "step" for a coroutine function that never awaits, else "task".
    """
    target: Any = function
    while isinstance(target, functools.partial):
        target = target.func
    if not inspect.isroutine(target):
        target = type(target).__call__
    if not inspect.iscoroutinefunction(target):
        return "plain"
    code = getattr(target, "__code__", None)
    return "task" if code is None or _suspends(code) else "step"


def run_to_end(coroutine: Coroutine[Any, Any, object]) -> object:
    """Run a coroutine that never suspends and return its value.

    Raises: whatever it raises; RuntimeError when it suspends after all, which is a bug in `find_kind`.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise RuntimeError(f"{coroutine!r} was taken for one that never waits, and waited")


def _suspends(code: CodeType) -> bool:
    return any(instruction.opcode in _SUSPENDING for instruction in dis.get_instructions(code))
