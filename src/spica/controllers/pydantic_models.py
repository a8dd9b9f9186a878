"""pydantic models in signatures: the adapter that makes them of JSON and forms, and lists what pydantic refuses.

It is asked only in applications that have imported pydantic; this module itself imports it when the first model is met.
"""

from __future__ import annotations

from typing import Any, get_args, get_origin

from spica.controllers.codecs import Adapter, Pairs
from spica.errors.http import BadRequest, FieldError
from spica.http import json
from spica.injection.errors import RefusedValue
from spica.injection.refusals import build_field_error

# pydantic's word for a mistake, ours where we have one; the rest keep pydantic's.
_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_pattern_mismatch": "pattern",
    "greater_than": "too_small",
    "greater_than_equal": "too_small",
    "less_than": "too_large",
    "less_than_equal": "too_large",
    "multiple_of": "multiple_of",
    "enum": "not_in_list",
    "literal_error": "not_in_list",
}


class PydanticCodec:
    """The codec of one pydantic type."""

    __slots__ = ("_adapter", "_lists", "_refused")

    def __init__(self, type_: Any) -> None:
        # Lazy: an optional library.
        from pydantic import TypeAdapter, ValidationError

        self._adapter: Any = TypeAdapter(type_)
        self._refused: Any = ValidationError
        fields = getattr(type_, "model_fields", {})
        self._lists = [
            field.alias or name
            for name, field in fields.items()
            if get_origin(field.annotation) in (list, set, frozenset, tuple)
        ]

    def decode(self, content: bytes) -> object:
        """Make a value of JSON."""
        json.check_depth(content)
        try:
            return self._adapter.validate_json(content)
        except self._refused as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            if details[0]["type"] == "json_invalid":
                reason = details[0]["msg"].removeprefix("Invalid JSON: ")
                raise BadRequest(f"the content is not valid JSON: {reason}") from None
            raise RefusedValue(_field_errors(details, "body", "")) from None

    def convert(self, values: Any, source: str, *, pairs: Pairs = [], name: str = "") -> object:  # noqa: B006 - only read
        """Make a value of a form or query."""
        if isinstance(values, dict) and self._lists:
            values = {**values, **self._repeated(values, pairs, name)}
        try:
            return self._adapter.validate_python(values)
        except self._refused as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            raise RefusedValue(_field_errors(details, source, name)) from None

    def _repeated(self, values: dict[str, Any], pairs: Pairs, name: str) -> dict[str, list[Any]]:
        """The lists of a form whose fields were sent as `tag=a&tag=b`."""
        full = {field: f"{name}[{field}]" if name else field for field in self._lists}
        return {
            field: [value for key, value in pairs if key == full[field]]
            for field in self._lists
            if isinstance(values.get(field), str)
        }


def is_pydantic(type_: Any) -> bool:
    """Whether a type is a pydantic model or dataclass, or a list of those."""
    # Lazy: only asked when pydantic is imported.
    from pydantic import BaseModel

    if get_origin(type_) is list:
        return any(is_pydantic(item) for item in get_args(type_))
    origin = get_origin(type_) or type_
    return isinstance(origin, type) and (issubclass(origin, BaseModel) or hasattr(origin, "__pydantic_validator__"))


def _field_errors(details: list[dict[str, Any]], source: str, name: str) -> list[FieldError]:
    prefix = (name,) if name else ()
    return [build_field_error(source, (*prefix, *one["loc"]), one["msg"], _code(one["type"])) for one in details]


def _code(word: str) -> str:
    is_type = word.endswith(("_type", "_parsing", "_from_float"))
    return _CODES.get(word, "type" if is_type else word)


ADAPTER = Adapter("pydantic", is_pydantic, PydanticCodec)
