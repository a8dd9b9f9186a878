"""Many rows by few statements: `insert_all`, `upsert`, `upsert_all`.

Rules of this file:
- No validation and no callbacks: values are converted, defaults, timestamps and UUID keys filled in, the rest is the
  database's.
- Rows with the same fields share statements, of at most MAX_ROWS rows and MAX_PARAMETERS values each. The number of
  rows in a statement is a power of two, so that a few texts serve all lengths.
- What needs several statements is one transaction.
- COPY_ROWS and more new rows go by PostgreSQL's COPY.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from spica.db.engine import Database
from spica.orm.declaration import permitted
from spica.orm.errors import QueryError
from spica.orm.fields import Field
from spica.orm.keys import uuid7
from spica.orm.schema import Schema
from spica.orm.shapes import QueryShape, Shape
from spica.orm.storage import storage_of

MAX_ROWS = 256
COPY_ROWS = 1_000  # below, it is not faster
MAX_PARAMETERS = 32_766  # SQLite's default; PostgreSQL takes 32,767, MariaDB 65,535

ON_CONFLICT = ("error", "ignore")

Conflict = Callable[[tuple[str, ...]], Shape]  # from the given fields to what happens with a row that is there


async def insert_rows(model: Any, rows: Iterable[Mapping[str, Any]], on_conflict: str) -> int:
    """Insert rows. Returns how many the database says it inserted."""
    if on_conflict not in ON_CONFLICT:
        raise QueryError(
            f"on_conflict is 'error' or 'ignore', got {on_conflict!r}",
            fix='to overwrite rows: upsert_all(rows, by="...")',
        )
    checked = _checked(model.__schema__, rows)
    database, _ = storage_of(model)
    if on_conflict == "error" and len(checked) >= COPY_ROWS and all(checked) and database.dialect == "postgresql":
        return await _copy(model, database, checked)
    return await _write(model, checked, lambda given: (on_conflict,))


async def upsert_rows(model: Any, rows: Iterable[Mapping[str, Any]], by: str | Sequence[str]) -> None:
    """Insert rows, or set the fields that are given of those that are there already."""
    schema: Schema = model.__schema__
    keys = key_names(schema, by)
    checked = _checked(schema, rows)
    for row in checked:
        for key in keys:
            if row.get(key) is None:
                raise QueryError(f"upsert by {key!r} needs its value in every row", where=f"the row {row!r}")
    kept = {*keys, *schema.key.names}
    stamped = [field.name for field in schema.stamped if field.options.stamp == "save"]

    def conflict(given: tuple[str, ...]) -> Shape:
        changed = [name for name in given if name not in kept]
        return ("update", keys, tuple(dict.fromkeys([*changed, *stamped])))

    await _write(model, checked, conflict)


def key_names(schema: Schema, by: str | Sequence[str]) -> tuple[str, ...]:
    """The names of the fields whose values say which row is meant. Raises UnknownField, QueryError."""
    names = tuple(schema.field(name).name for name in ([by] if isinstance(by, str) else by))
    if not names:
        raise QueryError("upsert needs the fields that say which row is meant", fix='write by="slug"')
    return names


def _checked(schema: Schema, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    checked = [permitted(schema.model, row) for row in rows]
    for row in checked:
        for name in row:
            schema.written_field(name)
    return checked


async def _write(model: Any, rows: list[Mapping[str, Any]], conflict: Conflict) -> int:
    statements = list(_statements(model, rows, conflict))
    database, _ = storage_of(model)
    if len(statements) < 2:
        return sum([(await database.write(sql, values)).rows for sql, values in statements])
    written = 0
    async with database.transaction():
        for sql, values in statements:
            written += (await database.write(sql, values)).rows
    return written


async def _copy(model: Any, database: Database, rows: list[Mapping[str, Any]]) -> int:
    """Insert rows by COPY."""
    schema: Schema = model.__schema__
    _, storage = storage_of(model, database)
    copied = 0
    async with database.transaction():
        for _, names, members in _grouped(schema, rows):
            binders = storage.plan(QueryShape(("insert_rows", 1, ("error",), *names))).binders
            records = [
                tuple([value if bind is None else bind(value) for bind, value in zip(binders, row, strict=True)])
                for row in members
            ]
            columns = [schema.field(name).column for name in names]
            copied += await database.copy(schema.table, columns, records) or 0
    return copied


def _statements(model: Any, rows: list[Mapping[str, Any]], conflict: Conflict) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Build the statements for rows: texts, and the values in the database's form."""
    schema: Schema = model.__schema__
    _, storage = storage_of(model)
    for given, names, members in _grouped(schema, rows):
        for chunk in _chunks(members, len(names)):
            plan = storage.plan(QueryShape(("insert_rows", len(chunk), conflict(given), *names)))
            yield plan.sql, plan.bind(tuple(chain.from_iterable(chunk)))


def _grouped(
    schema: Schema, rows: list[Mapping[str, Any]]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], list[list[Any]]]]:
    """Group rows by the fields that they have: the given ones, all that are written, and the values of each row."""
    now = datetime.now(UTC)
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(name for name in schema.by_name if name in row), []).append(row)
    for given, members in groups.items():
        fillers = {
            field.name: fill
            for field in schema.fields
            if field.name not in given and (fill := _filler(schema, field, now)) is not None
        }
        values = [[row[name] for name in given] + [fill() for fill in fillers.values()] for row in members]
        yield given, (*given, *fillers), values


def _filler(schema: Schema, field: Field, now: datetime) -> Callable[[], Any] | None:
    """Find what makes the value of a field that a row does not give; None leaves it to the database."""
    if field.is_key and schema.key.made_by == "uuid":
        return uuid7
    if field.options.stamp is not None:
        return lambda: now
    return field.default if field.has_default else None


def _chunks(rows: list[Any], columns: int) -> Iterator[list[Any]]:
    start = 0
    largest = min(MAX_ROWS, max(1, MAX_PARAMETERS // max(1, columns)))
    while start < len(rows):
        size = 1 << (min(largest, len(rows) - start).bit_length() - 1)
        yield rows[start : start + size]
        start += size
