"""What a handler returns, as far as its code tells: `return value, 201`, which would be a JSON array.

Rules of this file:
- Read from the compiled code when the application starts, so it costs no request anything.
- In doubt it is an array: only a status that is written out is found, behind what is no number, in a function that
  says nothing of what it returns and that no decorator wraps, which could make a response of it.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from spica.controllers.errors import UnsupportedResultError

_STATUSES = frozenset(status.value for status in HTTPStatus if status >= HTTPStatus.OK)
_LOADS = ("LOAD_CONST", "LOAD_SMALL_INT")
# From Python 3.14 on small numbers stand in the code itself, and not among its constants.
_KEEPS_SMALL_NUMBERS = sys.version_info < (3, 14)


def refuse_status_in_tuple(function: Callable[..., Any]) -> None:
    """Refuse `return body, 201` and `return body, 201, headers`, as Flask has them.

    Raises: UnsupportedResultError with the line.
    """
    target: Any = function
    code = getattr(target, "__code__", None)
    if code is None or hasattr(target, "__wrapped__") or "return" in inspect.get_annotations(target):
        return
    if _KEEPS_SMALL_NUMBERS and not any(_has_status(constant) for constant in code.co_consts):
        return
    instructions = [one for one in dis.get_instructions(code) if one.opname not in ("CACHE", "NOP", "RESUME")]
    for index, one in enumerate(instructions):
        if one.opname in ("RETURN_VALUE", "RETURN_CONST") and (status := _find_status(instructions, index)) is not None:
            line = one.positions.lineno if one.positions is not None else None
            raise UnsupportedResultError(
                f"{target.__name__} returns a tuple with the status {status}",
                where=f"{target.__qualname__}()  {code.co_filename}:{line or code.co_firstlineno}",
                why="a tuple is a JSON array: the client would get [..., " + str(status) + "] with the status 200",
                fix=f"the route says it, @app.post(..., status={status}), or Response.ok(value, status={status});"
                " where an array is meant, return a list",
            )


def _has_status(constant: object) -> bool:
    if type(constant) is tuple:
        return len(constant) in (2, 3) and _is_status(constant[1]) and not isinstance(constant[0], int | float)
    return _is_status(constant)


def _is_status(value: object) -> bool:
    return type(value) is int and value in _STATUSES


def _find_status(instructions: list[dis.Instruction], index: int) -> int | None:
    """The status in the tuple that is returned there, None without one."""
    one = instructions[index]
    last = one if one.opname == "RETURN_CONST" else instructions[index - 1]
    if type(last.argval) is tuple:
        return last.argval[1] if _has_status(last.argval) else None
    if last.opname != "BUILD_TUPLE" or last.arg not in (2, 3):
        return None
    at = index - 2
    if last.arg == 3:  # before the headers, whatever makes those
        at = _start_of_value(instructions, at) - 1
    status: int | None = instructions[at].argval if at > 0 and instructions[at].opname in _LOADS else None
    if not _is_status(status):
        return None
    first = instructions[at - 1]  # the last of what makes the body
    if first.opname in _LOADS and isinstance(first.argval, int | float):
        return None
    return status


def _start_of_value(instructions: list[dis.Instruction], end: int) -> int:
    """Where the code of a value begins that ends here: as many pushes as it takes."""
    depth = 0
    for at in range(end, -1, -1):
        one = instructions[at]
        depth += dis.stack_effect(one.opcode, one.arg if one.opcode >= dis.HAVE_ARGUMENT else None)
        if depth == 1:
            return at
    return 0
