"""The types of the DSL as SQLAlchemy's, and back: one line a type. What a database does differently is in its backend.

Rules of this file:
- A new type is a line in each of the two tables, and its name in columns.TYPES.
- Reading takes the first line that fits, so a class stands before those it inherits from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from spica.migrations.columns import Column

Build = Callable[[Column], sa.types.TypeEngine[Any]]
# A type that the database reports: its name in the DSL and its options; None where the next line is to be asked.
Read = Callable[[Any], tuple[str, dict[str, Any]] | None]


@dataclass(frozen=True, slots=True)
class Types:
    """How a database stores each of the DSL's types, and what the types that it reports are called in the DSL.

    alike: what a type may be instead, by the type: a model's `int` is as well in a bigint.
    """

    builders: Mapping[str, Build]
    readers: Sequence[tuple[type[sa.types.TypeEngine[Any]], Read]]
    alike: Mapping[str, str]

    def build(self, column: Column) -> sa.types.TypeEngine[Any]:
        """Build SQLAlchemy's type of a column."""
        if column.type == "references" and column.key_type is not None:
            return self.builders[column.key_type](column)
        return self.builders[column.type](column)

    def read(self, type: sa.types.TypeEngine[Any]) -> tuple[str, dict[str, Any]]:
        """Find the DSL's name of a type that the database reports, and its options; "binary" for an unknown one."""
        for known, read in self.readers:
            if isinstance(type, known) and (found := read(type)) is not None:
                return found
        return "binary", {}

    def with_own(
        self,
        builders: Mapping[str, Build],
        readers: Sequence[tuple[type[sa.types.TypeEngine[Any]], Read]] = (),
    ) -> Types:
        """Build the types of a database that has some of its own; its readers are asked first."""
        stored_as = {name: other for name, other in self.alike.items() if name not in builders}
        return Types({**self.builders, **builders}, (*readers, *self.readers), stored_as)


def named(name: str) -> Read:
    """Read a type without options."""
    return lambda type: (name, {})


def _read_decimal(type: Any) -> tuple[str, dict[str, Any]]:
    digits = {"precision": type.precision, "scale": type.scale}
    return "decimal", {name: number for name, number in digits.items() if number is not None}


STANDARD = Types(
    builders={
        "string": lambda column: sa.String(column.limit),
        "text": lambda column: sa.Text(),
        "integer": lambda column: sa.Integer(),
        "bigint": lambda column: sa.BigInteger(),
        "float": lambda column: sa.Double(),
        "decimal": lambda column: sa.Numeric(column.precision, column.scale),
        "boolean": lambda column: sa.Boolean(),
        "date": lambda column: sa.Date(),
        "datetime": lambda column: sa.DateTime(timezone=True),
        "time": lambda column: sa.Time(),
        "json": lambda column: sa.JSON(),
        "binary": lambda column: sa.LargeBinary(column.limit),
        "uuid": lambda column: sa.Uuid(),
        "interval": lambda column: sa.BigInteger(),  # microseconds
        "array": lambda column: sa.JSON(),
        "references": lambda column: sa.BigInteger(),
    },
    readers=(
        (sa.Uuid, named("uuid")),
        (sa.CHAR, lambda type: ("uuid", {}) if type.length == 36 else None),
        (sa.Text, named("text")),
        (sa.String, lambda type: ("string", {"limit": type.length} if type.length else {})),
        (sa.Boolean, named("boolean")),
        (sa.BigInteger, named("bigint")),
        (sa.Integer, named("integer")),
        (sa.Float, named("float")),
        (sa.Numeric, _read_decimal),
        (sa.DateTime, named("datetime")),
        (sa.Date, named("date")),
        (sa.Time, named("time")),
        (sa.JSON, named("json")),
    ),
    alike={
        "bigint": "integer",
        "references": "integer",
        "text": "string",
        "interval": "integer",
        "array": "json",
    },
)
