"""The difference: what `spica db diff` would change so that the database has what the models say.

Rules of this file:
- A renaming is never guessed: it is given, or the pair that could be one is listed as a question.
- A database may know more than the models: indexes, checks, defaults and tables that no model names stay.
- A limit is changed only where the database would refuse what the model takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from spica.migrations.catalog import Catalog
from spica.migrations.columns import Column, Sql
from spica.migrations.errors import BadOperation
from spica.migrations.model_columns import build_checks, build_model_column, compare_checks, has_usual_key
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
    from spica.orm.schema import Schema

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
        keys = {one.column for one in schema.fields if one.is_key}
        wanted = {one.column: build_model_column(schema, one) for one in schema.fields if not one.is_key}
        if schema.table not in there:
            columns_of_key = [build_model_column(schema, one) for one in schema.key.fields if not has_usual_key(schema)]
            found.operations.append(CreateTable(schema.table, [*columns_of_key, *wanted.values()]))
            later += [*_new_indexes(schema, set()), *_new_keys(schema, set()), *build_checks(schema, wanted)]
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
        later += build_checks(schema, wanted.keys() - columns.keys())
        later += compare_checks(schema, catalog.read_checks(schema.table))
        _compare_columns(schema, columns, wanted, found, kept, catalog.types.alike)
        later += _compare_indexes(catalog, schema, renames)
        later += _new_keys(schema, {renames.get((schema.table, name), name) for name in references})
    for table, old in sorted(unused):
        raise BadOperation(
            f"{table}.{old} can't be renamed to {renames[table, old]}",
            why="a renaming leads from a column that only the database has to a field that only the model has",
        )
    found.operations.extend(later)
    return found


def _compare_columns(
    schema: Schema,
    columns: dict[str, Column],
    wanted: dict[str, Column],
    found: Difference,
    kept: Collection[tuple[str, str]],
    same: Mapping[str, str],
) -> None:
    added = [name for name in wanted if name not in columns]
    for name, column in columns.items():
        if name in wanted:
            found.operations.extend(_compare_column(schema.table, replace(column, name=name), wanted[name], same))
            continue
        alike = [new for new in added if same.get(wanted[new].type, wanted[new].type) == _family(column.type, same)]
        if alike and (schema.table, name) not in kept:
            found.questions.append((schema.table, name, alike))
        found.operations.append(RemoveColumn(schema.table, name, column))
    found.operations.extend(AddColumn(schema.table, wanted[name]) for name in added)


def _compare_column(table: str, column: Column, wanted: Column, same: Mapping[str, str]) -> list[Operation]:
    if (column.generated is None) is not (wanted.generated is None):  # no database changes one into the other
        return [RemoveColumn(table, column.name, column), AddColumn(table, wanted)]
    too_short = column.limit is not None and (
        wanted.type == "text" or (wanted.limit is not None and wanted.limit > column.limit)
    )
    is_other = _family(column.type, same) != _family(wanted.type, same) or _has_other_digits(column, wanted)
    if is_other or too_short:
        default = wanted.default if wanted.default is not None else column.default
        if is_other and wanted.default is None:
            default = None
        return [ChangeColumn(table, replace(wanted, default=default), column)]
    changes: list[Operation] = []
    if column.null != wanted.null and wanted.generated is None:
        changes.append(ChangeNull(table, column.name, wanted.null))
    if isinstance(wanted.default, Sql):  # which databases write in their own words
        if column.default is None:
            changes.append(ChangeDefault(table, column.name, wanted.default, None))
    elif column.default is not None and wanted.default is not None and not _is_same(column.default, wanted):
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
        index = single.get(one.column)
        if one.options.unique and index is not None and not index.unique and (one.column,) not in unique:
            changes.append(RemoveIndex(schema.table, (one.column,), index.name))
            changes.append(AddIndex(schema.table, (one.column,), index.name, unique=True))
    there = {*single, *(columns[0] for columns in unique if len(columns) == 1)}
    return changes + _new_indexes(schema, there)


def _new_indexes(schema: Schema, there: set[str]) -> list[Operation]:
    indexed = {one.column: one.options.unique for one in schema.fields if one.options.unique or one.options.index}
    indexed = {_key_column(schema, relation): False for relation in _parents(schema)} | indexed
    return [
        AddIndex(schema.table, (name,), index_name(schema.table, (name,)), unique)
        for name, unique in indexed.items()
        if name not in there
    ]


def _new_keys(schema: Schema, there: set[str]) -> list[Operation]:
    return [
        AddForeignKey(schema.table, _key_column(schema, relation), relation.target.__schema__.table)
        for relation in _parents(schema)
        if _key_column(schema, relation) not in there and relation.key == "id"  # what foreign keys refer to
    ]


def _parents(schema: Schema) -> list[Any]:
    return [relation for relation in schema.relations.values() if relation.kind == "belongs_to"]


def _key_column(schema: Schema, relation: Any) -> str:
    return schema.field(relation.foreign_key).column


def _family(type: str, same: Mapping[str, str]) -> str:
    return same.get(type, type)


def _has_other_digits(column: Column, wanted: Column) -> bool:
    """Whether a decimal has fewer digits than the model takes; where the model says none, any will do."""
    if wanted.precision is None and wanted.scale is None:
        return False
    return (column.precision, column.scale or 0) != (wanted.precision, wanted.scale or 0)


def _is_same(default: Any, wanted: Column) -> bool:
    if wanted.type == "decimal" and isinstance(default, str | int | float):
        return bool(Decimal(str(default)) == Decimal(str(wanted.default)))
    return bool(default == wanted.default or str(default) == str(wanted.default))
