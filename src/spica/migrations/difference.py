"""The difference: what `spica db diff` would change so that the database has what the models say.

Rules of this file:
- A renaming is never guessed: it is given, or the pair that could be one is listed as a question.
- A database may know more than the models: indexes, checks, defaults and tables that no model names stay.
- A limit is changed only where the database would refuse what the model takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from spica.migrations.catalog import Catalog
from spica.migrations.columns import Column
from spica.migrations.errors import BadOperation
from spica.migrations.operations import (
    AddColumn,
    AddForeignKey,
    AddIndex,
    ChangeColumn,
    ChangeDefault,
    ChangeNull,
    CreateTable,
    Operation,
    RemoveColumn,
    RemoveIndex,
    RenameColumn,
    index_name,
)

if TYPE_CHECKING:
    from spica.orm.fields import Field
    from spica.orm.schema import Schema

_TYPES: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "float",
    bool: "boolean",
    datetime: "datetime",
    date: "date",
    time: "time",
    Decimal: "decimal",
    UUID: "uuid",
    bytes: "binary",
    list: "json",
    dict: "json",
}
_SAME = {"bigint": "integer", "references": "integer", "text": "string"}

Renames = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Difference:
    """What to do, in order; questions: (table, removed column, added columns) that could be a renaming."""

    operations: list[Operation] = field(default_factory=list)
    questions: list[tuple[str, str, list[str]]] = field(default_factory=list)


def find_difference(
    catalog: Catalog, schemas: Iterable[Schema], renames: Renames, kept: Collection[tuple[str, str]] = ()
) -> Difference:
    """Compare models with the tables of the database.

    Args:    schemas: of the models; renames: by table and old column, the new column; kept: table and column of those
             that were removed and not renamed, so that nobody is asked.
    Returns: the operations that make the tables what the models say; nothing for tables without a model.
    Raises:  BadOperation for a renaming of what is not there, and a field whose type no column has.
    """
    there = set(catalog.list_tables())
    found = Difference()
    unused = set(renames)
    later: list[Operation] = []
    for schema in sorted(schemas, key=lambda schema: schema.table):
        keys = {one.name for one in schema.fields if one.is_key}
        wanted = {one.name: build_model_column(schema, one) for one in schema.fields if one.name not in keys}
        if schema.table not in there:
            if keys != {"id"} or schema.by_name["id"].storage is not int:
                raise BadOperation(
                    f"db diff can't create the table {schema.table}",
                    why=f"the key of {schema.model} is {', '.join(sorted(keys))}; migrations create tables with `id`",
                    fix='write a migration with m.execute("create table ...", "drop table ...")',
                )
            found.operations.append(CreateTable(schema.table, list(wanted.values())))
            later += [*_new_indexes(schema, set()), *_new_keys(schema, set())]
            continue
        references = catalog.list_references(schema.table)
        columns = {
            column.name: column
            for column in catalog.read_columns(schema.table, plain=wanted)
            if column.name not in keys
        }
        for (table, old), new in renames.items():
            if table == schema.table and old in columns and new in wanted and new not in columns:
                columns = {new if name == old else name: column for name, column in columns.items()}
                found.operations.append(RenameColumn(table, old, new))
                unused.discard((table, old))
        _compare_columns(schema, columns, wanted, found, kept)
        later += _compare_indexes(catalog, schema, renames)
        later += _new_keys(schema, {renames.get((schema.table, name), name) for name in references})
    for table, old in sorted(unused):
        raise BadOperation(
            f"{table}.{old} can't be renamed to {renames[table, old]}",
            why="a renaming leads from a column that only the database has to a field that only the model has",
        )
    found.operations.extend(later)
    return found


def build_model_column(schema: Schema, one: Field) -> Column:
    """Build the column that a model's field needs. Raises BadOperation for a type that no column has."""
    type = "text" if one.text else _TYPES.get(one.storage)
    if type is None:
        raise BadOperation(f"{schema.model}.{one.name} has a type that db diff does not know: {one.storage.__name__}")
    default = (
        one.options.default if isinstance(one.options.default, str | int | float | bool | Decimal | Enum) else None
    )
    if isinstance(default, Enum):
        default = default.value
    limit = one.options.max if type == "string" else None
    return Column(one.name, type, null=one.nullable, default=default, limit=limit)


def _compare_columns(
    schema: Schema,
    columns: dict[str, Column],
    wanted: dict[str, Column],
    found: Difference,
    kept: Collection[tuple[str, str]],
) -> None:
    added = [name for name in wanted if name not in columns]
    for name, column in columns.items():
        if name in wanted:
            found.operations.extend(_compare_column(schema.table, replace(column, name=name), wanted[name]))
            continue
        alike = [new for new in added if _family(wanted[new].type) == _family(column.type)]
        if alike and (schema.table, name) not in kept:
            found.questions.append((schema.table, name, alike))
        found.operations.append(RemoveColumn(schema.table, name, column))
    found.operations.extend(AddColumn(schema.table, wanted[name]) for name in added)


def _compare_column(table: str, column: Column, wanted: Column) -> list[Operation]:
    too_short = column.limit is not None and (
        wanted.type == "text" or (wanted.limit is not None and wanted.limit > column.limit)
    )
    if _family(column.type) != _family(wanted.type) or too_short:
        default = wanted.default if wanted.default is not None else column.default
        if _family(column.type) != _family(wanted.type) and wanted.default is None:
            default = None
        return [ChangeColumn(table, replace(wanted, default=default), column)]
    changes: list[Operation] = []
    if column.null != wanted.null:
        changes.append(ChangeNull(table, column.name, wanted.null))
    if column.default is not None and wanted.default is not None and not _is_same(column.default, wanted.default):
        changes.append(ChangeDefault(table, column.name, wanted.default, column.default))
    return changes


def _compare_indexes(catalog: Catalog, schema: Schema, renames: Renames) -> list[Operation]:
    indexes = catalog.read_indexes(schema.table)
    single = {
        renames.get((schema.table, index.columns[0]), index.columns[0]): index
        for index in indexes
        if len(index.columns) == 1 and not index.condition
    }
    unique = {tuple(one["column_names"]) for one in catalog.inspector.get_unique_constraints(schema.table)}
    changes: list[Operation] = []
    for one in schema.fields:
        index = single.get(one.name)
        if one.options.unique and index is not None and not index.unique and (one.name,) not in unique:
            changes.append(RemoveIndex(schema.table, (one.name,), index.name))
            changes.append(AddIndex(schema.table, (one.name,), index.name, unique=True))
    there = {*single, *(columns[0] for columns in unique if len(columns) == 1)}
    return changes + _new_indexes(schema, there)


def _new_indexes(schema: Schema, there: set[str]) -> list[Operation]:
    indexed = {one.name: one.options.unique for one in schema.fields if one.options.unique or one.options.index}
    indexed = {relation.foreign_key: False for relation in _parents(schema)} | indexed
    return [
        AddIndex(schema.table, (name,), index_name(schema.table, (name,)), unique)
        for name, unique in indexed.items()
        if name not in there
    ]


def _new_keys(schema: Schema, there: set[str]) -> list[Operation]:
    return [
        AddForeignKey(schema.table, relation.foreign_key, relation.target.__schema__.table)
        for relation in _parents(schema)
        if relation.foreign_key not in there and relation.key == "id"  # what a migration's foreign key refers to
    ]


def _parents(schema: Schema) -> list[Any]:
    return [relation for relation in schema.relations.values() if relation.kind == "belongs_to"]


def _family(type: str) -> str:
    return _SAME.get(type, type)


def _is_same(one: Any, other: Any) -> bool:
    return one == other or str(one) == str(other)
