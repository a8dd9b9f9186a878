"""Decimals of a fixed number of digits: `price: Decimal = field(precision=10, scale=2)`.

Rules of this file:
- Nothing is rounded: 9.999 for a column with two digits after the point is a mistake of whoever typed it.
- A value has all digits of its column, so that 9.5 is "9.50" on every database and in JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

from spica.validation import CoercionFailed, Message

_EXACT = Context(prec=1_000)


def bounded_decimal(
    coerce: Callable[[object], Any], precision: int | None, scale: int | None
) -> Callable[[object], Any]:
    """Build the function that converts to a decimal of at most so many digits.

    Args:    coerce: what converts to a decimal; precision: digits in all; scale: digits after the point, 0 where only a
             precision is given, as in SQL.
    """
    digits = scale or 0
    before = None if precision is None else precision - digits
    step = Decimal(1).scaleb(-digits)

    def convert(value: object) -> Decimal:
        number: Decimal = coerce(value)
        if number.is_zero():
            return number.quantize(step)
        exponent = number.normalize(_EXACT).as_tuple().exponent
        if isinstance(exponent, int) and -exponent > digits:
            if digits == 0:
                raise CoercionFailed("must be a whole number")
            raise CoercionFailed(
                Message(f"must have at most {digits} digits after the point", "too_precise", count=digits)
            )
        if before is not None and number.adjusted() >= before:
            raise CoercionFailed(
                Message(f"must have at most {before} digits before the point", "too_many_digits", count=before)
            )
        return number.quantize(step, context=_EXACT)

    return convert


def with_scale(decode: Callable[[Any], Any] | None, scale: int) -> Callable[[Any], Any]:
    """Build the function that reads a stored decimal with all digits of its column."""
    step = Decimal(1).scaleb(-scale)

    def read(value: Any) -> Decimal:
        number: Decimal = value if decode is None else decode(value)
        return number.quantize(step, context=_EXACT)

    return read
