"""Columns as data: a name, one of the DSL's types, and options.

Rules of this file:
- A type is known by its name in the DSL ("string", "references", ...); the database's name for it is in ddl.py.
- `null` is True unless it is said otherwise, as in SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from spica import inflection
from spica.errors import closest
from spica.migrations.errors import BadOperation

TYPES = (
    "string",
    "text",
    "integer",
    "bigint",
    "float",
    "decimal",
    "boolean",
    "date",
    "datetime",
    "time",
    "json",
    "binary",
    "uuid",
    "interval",
    "array",
    "references",
)


@dataclass(frozen=True, slots=True)
class Sql:
    """A default that is an expression of the database: `default=Sql("CURRENT_TIMESTAMP")`."""

    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    limit: characters of a string; precision, scale: digits of a decimal; default: the database's default;
    table: the table that a reference points at; on_delete: what happens to this row when that one is deleted;
    key_type, refers_to: the type and the name of the key that it points at, by default an integer `id`;
    of: the type of an array's items; key: whether it is (part of) the table's key, in the place of `id`;
    generated: SQL by which the database computes it, stored or each time it is read.
    """

    name: str
    type: str
    limit: int | None = None
    precision: int | None = None
    scale: int | None = None
    null: bool = True
    default: Any = None
    table: str | None = None
    on_delete: str | None = None
    key_type: str | None = None
    refers_to: str | None = None
    of: str | None = None
    key: bool = False
    generated: str | None = None
    stored: bool = True


_OPTIONS = tuple(field.name for field in fields(Column) if field.name not in ("name", "type"))
_ONLY = {
    "limit": ("string", "binary", "references"),
    "precision": ("decimal",),
    "scale": ("decimal",),
    "of": ("array",),
    **dict.fromkeys(("table", "on_delete", "key_type", "refers_to"), ("references",)),
}
ON_DELETE = ("cascade", "restrict", "set null")


def build_column(name: str, type: str, options: dict[str, Any], *, where: str) -> Column:
    """Build a column from what a migration says.

    Args:    name: of the column, for a reference without "_id"; type: one of TYPES; options: the keyword arguments;
             where: file and line of the migration.
    Returns: the column.
    Raises:  BadOperation for an unknown type or option, with near matches.
    """
    if type not in TYPES:
        raise _unknown("column type", type, TYPES, where)
    for option in options:
        if option not in _OPTIONS:
            raise _unknown("column option", option, _OPTIONS, where)
        if type not in _ONLY.get(option, (type,)):
            raise BadOperation(f"a {type} column has no {option}", where=where)
    if type == "references":
        options = {"table": inflection.plural(name), **options}
        name = f"{name}_id"
        check_on_delete(options.get("on_delete"), where)
    for option in ("of", "key_type"):
        if options.get(option) is not None and options[option] not in TYPES:
            raise _unknown("column type", options[option], TYPES, where)
    if type == "array" and options.get("of") in (None, "array", "references", "json"):
        raise BadOperation(
            f"the array {name!r} needs the type of its items", where=where, fix=f't.array("{name}", of="string")'
        )
    if options.get("generated") is not None and options.get("default") is not None:
        raise BadOperation(f"the generated column {name!r} can't have a default", where=where)
    if options.get("key"):
        options = {**options, "null": False}
    return Column(name, type, **options)


def enum_check(table: str, column: str, values: Sequence[Any]) -> tuple[str, str]:
    """Build the condition that a column has one of some values, text or integers, and the name of the check."""
    texts = [str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'" for value in values]
    return f"{column} IN ({', '.join(texts)})", f"{table}_{column}_is_known"


def check_on_delete(on_delete: str | None, where: str) -> None:
    """Raise BadOperation, with near matches, for what can't happen to a row when the one it refers to is deleted."""
    if on_delete not in (None, *ON_DELETE):
        raise _unknown("on_delete", on_delete, ON_DELETE, where)


def _unknown(noun: str, word: Any, options: tuple[str, ...], where: str) -> BadOperation:
    near = closest(str(word), options)
    return BadOperation(
        f"there is no {noun} {word!r}",
        where=where,
        fix=f"did you mean {near[0]!r}?" if near else f"one of {', '.join(options)}",
    )
