"""Submitted forms: what a visitor sent, judged, for an action that shows the form again when it is wrong.

Rules of this file:
- `errors` is what a model's `errors` are, so `error_messages(form, "title")` and its kin take either.
- What was typed is kept as it was typed, to fill the form again; `data` exists only when all of it is right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, get_args, get_origin

from spica.errors.http import FieldError
from spica.validation.errors import BASE, Errors

Data = TypeVar("Data")

_NUMBER = re.compile(r"(-?[\d.]+)$")
_TYPES = {
    "int": "is not a number",
    "float": "is not a number",
    "decimal": "is not a number",
    "bool": "must be yes or no",
    "date": "is not a date",
    "datetime": "is not a date and time",
    "time": "is not a time",
    "uuid": "is not a UUID",
}
_SENTENCES = {
    "missing": "can't be blank",
    "pattern": "is invalid",
    "unknown": "is unknown",
    "not_in_list": "is not included in the list",
}
_BOUNDS = {
    "too_short": "is too short (minimum is {} characters)",
    "too_long": "is too long (maximum is {} characters)",
}


class Submitted(Generic[Data]):
    """A form that an action receives whether it is right or not.

    Args:    none of yours: a parameter `form: Submitted[PostIn]` gets one.
    Example:
        >>> form = Submitted.refused({"title": ""}, [FieldError("body", "title", "is missing", "missing")])
        >>> form.valid, form.errors.full_messages, form.value("title")
        (False, ["Title can't be blank"], '')
    """

    __slots__ = ("_data", "errors", "values")

    def __init__(self, values: Mapping[str, Any], data: Data | None, errors: Errors) -> None:
        self.values = values
        self.errors = errors
        self._data = data

    @classmethod
    def accepted(cls, values: Mapping[str, Any], data: Data) -> Submitted[Data]:
        """A form that is right."""
        return cls(values, data, Errors())

    @classmethod
    def refused(cls, values: Mapping[str, Any], refused: Sequence[FieldError], group: str = "") -> Submitted[Any]:
        """A form that isn't; `group` is the name that all fields have before their own."""
        errors = Errors()
        for error in refused:
            name = error.name.removeprefix(group).removeprefix(".") if group else error.name
            errors.add(name or BASE, describe(error))
        return cls(values, None, errors)

    @property
    def valid(self) -> bool:
        """Whether every field fits, and `data` is there."""
        return not self.errors

    @property
    def data(self) -> Data:
        """The value of the type that was asked for.

        Raises: ValueError when the form is not valid.
        """
        if self.errors:
            raise ValueError(f"the form is not valid: {'; '.join(self.errors.full_messages)}")
        return self._data  # type: ignore[return-value] # is there when there are no errors

    def value(self, name: str, default: Any = "") -> Any:
        """What was typed into a field, to fill it again."""
        return self.values.get(name, default)

    def __bool__(self) -> bool:
        return self.valid

    def __repr__(self) -> str:
        return f"Submitted({dict(self.values)!r}, errors={self.errors!r})"


def submitted_type(type_: Any) -> Any:
    """The type whose form it is: PostIn for `Submitted[PostIn]`; a dict of whatever was sent without one."""
    arguments = get_args(type_)
    return arguments[0] if arguments else dict[str, Any]


def is_submitted(type_: Any) -> bool:
    """Whether a type is `Submitted`, of any type."""
    return (get_origin(type_) or type_) is Submitted


def describe(error: FieldError) -> str:
    """Say to the person who typed it what is wrong with a field, in the words of a model's validation."""
    if error.code in _SENTENCES:
        return _SENTENCES[error.code]
    bound = _NUMBER.search(error.message)
    if bound is not None and error.code in _BOUNDS:
        return _BOUNDS[error.code].format(bound[1])
    comparison = re.search(r"(<=|>=|<|>) (-?[\d.]+)$", error.message)
    if comparison is not None:
        words = {"<=": "less than or equal to", ">=": "greater than or equal to", "<": "less than", ">": "greater than"}
        return f"must be {words[comparison[1]]} {comparison[2]}"
    if error.code in ("type", "format"):
        named = re.findall(r"[a-z0-9]+", error.message.lower().partition(", got")[0])
        return next((_TYPES[word] for word in named if word in _TYPES), "is invalid")
    return error.message
