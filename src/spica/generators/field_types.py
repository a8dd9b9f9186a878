"""The types a generated field can have, and what each means for a model, a form and a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

Import = tuple[str, str]  # module, name


@dataclass(frozen=True)
class FieldType:
    """One type: how it is written in a model, edited in a form and filled in a test.

    name: as typed, and the column's method in a migration; annotation: in the model; control: the form control;
    sample: a valid value as Python source; form_sample: the same as a browser sends it;
    imports: what the annotation needs; sample_imports: what the sample needs;
    parse_default: text after `default=` to Python source, None when the type takes no default.
    """

    name: str
    annotation: str
    control: str
    sample: str
    form_sample: str
    imports: Import | None = None
    sample_imports: Import | None = None
    parse_default: Callable[[str], str] | None = None

    @property
    def textual(self) -> bool:
        """Whether an empty value is the empty text, which a presence rule must refuse."""
        return self.name in ("string", "text")


def _text_literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _boolean_literal(text: str) -> str:
    return {"true": "True", "yes": "True", "1": "True", "false": "False", "no": "False", "0": "False"}[text.lower()]


def _integer_literal(text: str) -> str:
    return repr(int(text))


def _float_literal(text: str) -> str:
    return repr(float(text))


def _decimal_literal(text: str) -> str:
    return f'Decimal("{Decimal(text)}")'


_DATE = ("datetime", "date")
_DATETIME = ("datetime", "datetime")
_DECIMAL = ("decimal", "Decimal")
_UUID = ("uuid", "UUID")
_SAMPLE_PASSWORD = "quiet-otter-lamp"  # noqa: S105  # what generated tests type
_SAMPLE_UUID = "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3"

FIELD_TYPES = {
    field_type.name: field_type
    for field_type in [
        FieldType("string", "str", "text", "", "", parse_default=_text_literal),
        FieldType("text", "Text", "textarea", "", "", ("spica.orm", "Text"), parse_default=_text_literal),
        FieldType("integer", "int", "number", "7", "7", parse_default=_integer_literal),
        FieldType("bigint", "int", "number", "9000000000", "9000000000", parse_default=_integer_literal),
        FieldType("float", "float", "decimal", "1.5", "1.5", parse_default=_float_literal),
        FieldType("decimal", "Decimal", "decimal", 'Decimal("9.90")', "9.90", _DECIMAL, _DECIMAL, _decimal_literal),
        FieldType("boolean", "bool", "checkbox", "True", "1", parse_default=_boolean_literal),
        FieldType("date", "date", "date", "date(2026, 1, 31)", "2026-01-31", _DATE, _DATE),
        FieldType(
            "datetime",
            "datetime",
            "datetime-local",
            "datetime(2026, 1, 31, 9, 30, tzinfo=UTC)",
            "2026-01-31T09:30",
            _DATETIME,
            _DATETIME,
        ),
        FieldType("json", "dict[str, object]", "textarea", '{"key": "value"}', '{"key": "value"}'),
        FieldType("uuid", "UUID", "text", f'UUID("{_SAMPLE_UUID}")', _SAMPLE_UUID, _UUID, _UUID),
        FieldType(
            "password", "Password", "password", f'"{_SAMPLE_PASSWORD}"', _SAMPLE_PASSWORD, ("spica.orm", "Password")
        ),
        FieldType("references", "int", "number", "", ""),
    ]
}
