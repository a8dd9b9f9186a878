"""The operators and functions of expressions, in SQLAlchemy's words."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import sqlalchemy as sa

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "count": sa.func.count,
    "count_distinct": lambda operand: sa.func.count(sa.distinct(operand)),
    "sum": sa.func.sum,
    "average": sa.func.avg,
    "minimum": sa.func.min,
    "maximum": sa.func.max,
    "lower": sa.func.lower,
    "upper": sa.func.upper,
    "length": sa.func.char_length,
    "concat": lambda *texts: reduce(lambda left, right: left.concat(right), texts),
    "coalesce": sa.func.coalesce,
    "row_number": sa.func.row_number,
    "rank": sa.func.rank,
    "dense_rank": sa.func.dense_rank,
    "percent_rank": sa.func.percent_rank,
    "ntile": sa.func.ntile,
    "lag": sa.func.lag,
    "lead": sa.func.lead,
    "first_value": sa.func.first_value,
    "last_value": sa.func.last_value,
}
# What a database calls differently.
FUNCTIONS_OF: dict[str, dict[str, Callable[..., Any]]] = {"sqlite": {"length": sa.func.length}}
