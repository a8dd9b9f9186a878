"""Keys: what names one row of a model: `id`, or the fields that say `field(primary_key=True)`.

Rules of this file:
- The fields of the key are the first of the row.
- An integer key is given by the database, a UUID made here when the record is inserted (version 7: they sort by time);
  every other key, and each part of one of several fields, is the program's.
"""

from __future__ import annotations

import secrets
import time
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from spica.orm.errors import RecordNotFound
from spica.validation import CoercionFailed

if TYPE_CHECKING:
    from spica.orm.fields import Field

KINDS: Final = (int, str, UUID, bytes, date, datetime, Decimal)


class Key:
    """The key of one model.

    names: of its fields; size: how many; made_by: who makes the value of a new record that has none: "database",
    "uuid" or "program"; conditions: what a statement for one row asks.
    """

    __slots__ = ("_model", "conditions", "fields", "made_by", "name", "names", "size")

    def __init__(self, model: str, fields: tuple[Field, ...]) -> None:
        self._model = model
        self.fields = fields
        self.names = tuple(field.name for field in fields)
        self.name = self.names[0]
        self.size = len(fields)
        self.conditions = tuple(("eq", name) for name in self.names)
        self.made_by = maker_of(tuple(field.kind for field in fields))

    def of(self, record: Any) -> Any:
        """The key of a record: a value, or a tuple for several fields; None where it is not complete."""
        if self.size == 1:
            return getattr(record, self.name)
        values = tuple([getattr(record, name) for name in self.names])
        return None if None in values else values

    def shown(self, values: Any) -> Any:
        """A key as messages show it, from one value a field."""
        return values[0] if self.size == 1 else tuple(values)

    def parse(self, given: Any) -> tuple[Any, ...]:
        """Convert what `find` was given: a value, a tuple for several fields, or the text of `to_param`.

        Returns: one value a field.
        Raises:  RecordNotFound when no row can have it.
        """
        parts: Any = (given,)
        if self.size > 1:
            parts = given.split(",") if isinstance(given, str) else given
            if not isinstance(parts, (tuple, list)) or len(parts) != self.size:
                raise RecordNotFound(self._model, given)
        try:
            values = tuple([field.convert(part) for field, part in zip(self.fields, parts, strict=True)])
        except CoercionFailed:
            raise RecordNotFound(self._model, given) from None
        if None in values:
            raise RecordNotFound(self._model, given)
        return values

    def param(self, record: Any) -> str:
        """The key as part of a URL; several fields are parted by commas."""
        return ",".join(
            [
                str(part.value if isinstance(part, Enum) else part)
                for name in self.names
                for part in [getattr(record, name)]
            ]
        )


def maker_of(kinds: tuple[Any, ...]) -> Literal["database", "uuid", "program"]:
    """Tell who makes the keys of fields of these types."""
    if kinds == (int,):
        return "database"
    return "uuid" if kinds == (UUID,) else "program"


def check_kind(kind: Any, nullable: bool) -> None:
    """Refuse a type that no key can have. Raises TypeError with the reason."""
    if nullable:
        raise TypeError("a primary key can't be None; a new record has none before it is saved all the same")
    if kind not in KINDS and not (isinstance(kind, type) and issubclass(kind, Enum)):
        raise TypeError("a primary key is an int, str, UUID, bytes, date, datetime, Decimal or Enum")


def uuid7() -> UUID:
    """Make a UUID that sorts by the time of its making, to a quarter of a microsecond.

    Source:  RFC 9562 section 5.7; section 6.2 method 3 for the 12 bits after the milliseconds.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = (rest << 12) // 1_000_000
    return UUID(int=milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | secrets.randbits(62))
