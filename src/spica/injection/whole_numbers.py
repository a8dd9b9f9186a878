"""Whole numbers: JSON has one kind of number, so 1.0 fills an int as 1 does."""

from __future__ import annotations

from typing import Any

_MAX_WHOLE = 2**53  # beyond it a float is no exact number


def fit_whole_numbers(value: Any) -> Any:
    """The value with whole floats as ints, at any depth of lists and dicts; the very same where there are none."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _MAX_WHOLE else value
    if isinstance(value, list):
        items = [fit_whole_numbers(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        fields = {key: fit_whole_numbers(item) for key, item in value.items()}
        return fields if any(fields[key] is not item for key, item in value.items()) else value
    return value
