"""Conversion of one text that the client sent into the type a signature names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from spica.injection.annotations import without_none
from spica.injection.finite import ENDLESS, find_endless, holds_number
from spica.injection.types import takes_text_as_it_is

Convert = Callable[[str], object]

SWITCHES = {"on": "true", "off": "false", "yes": "true", "no": "false"}
"""What checkboxes and people write for a truth value, beside what msgspec reads."""


def build_text_converter(type_: Any) -> Convert | None:
    """Make the function that turns one text into a type; None where text is what is wanted.

    The result raises msgspec.ValidationError.
    """
    if takes_text_as_it_is(type_):
        return None
    convert = msgspec.convert
    if without_none(type_) is bool:
        return lambda text: convert(SWITCHES.get(text.lower(), text), type_, strict=False)
    if holds_number(type_):
        return lambda text: check_ordinary(convert(text, type_, strict=False))
    return lambda text: convert(text, type_, strict=False)


def check_ordinary(value: Any) -> Any:
    """Give a converted value back; raises msgspec.ValidationError for a number that is not finite, or too long."""
    if find_endless(value, ""):
        raise msgspec.ValidationError(ENDLESS)
    return value
