"""Tables that queries read besides those of models: a model's under another name, and what another query gives.

Rules of this file:
- A table is to a query what a model is: it has a schema, and its columns are attributes.
- Asking for the same table again gives the same schema: plans are found by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, NamedTuple

from spica.orm.errors import QueryError, unknown_field
from spica.orm.expressions import Condition
from spica.orm.fields import Field, FieldOptions, build_field
from spica.orm.json_columns import build_column
from spica.orm.schema import Schema
from spica.orm.shapes import QueryShape

MAX_SCHEMAS = 1_024  # of tables; names and shapes come from the program, so there are few


class Part(NamedTuple):
    """One of the queries that a table is made of, and how it comes to those before: "" for the first, then the same for
    all others: "union", "union_all", "intersect", "except".
    """

    operator: str
    schema: Schema
    query: QueryShape


class Body(NamedTuple):
    """What a table holds.

    kind: "cte", "set" for unions and the like, "recursive" for a first query and a step, "itself" for what that step
    knows the table by; itself: the schema of this.
    """

    kind: str
    parts: tuple[Part, ...]
    itself: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class TableSchema(Schema):
    """The schema of a table: of a model's under another name (no body), or of what queries give.

    origin: the schema of the model whose fields it has; None where they are those of a selection.
    """

    origin: Schema | None = dataclass_field(default=None)
    body: Body | None = dataclass_field(default=None)


class Table:
    """A table in a query: `boss = alias(Employee, "boss")`; `boss.name` is its column.

    values: those of the queries that it is made of.
    """

    def __init__(self, schema: TableSchema, query: Any, values: tuple[Any, ...] = ()) -> None:
        self.__schema__ = schema
        self.__query__ = query
        self.__values__ = values
        for field in schema.fields:
            setattr(self, field.name, build_column(schema, field))

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
    else:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            raise unknown_field(self.__schema__.model, name, self.__schema__.by_name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and other.__schema__ is self.__schema__

    def __hash__(self) -> int:
        return hash(self.__schema__)

    def where(self, *conditions: Condition | bool, **equals: Any) -> Any:
        """A query for the rows of the table for which every condition holds."""
        return self.all().where(*conditions, **equals)

    def all(self) -> Any:
        """A query for all rows of the table."""
        return self.__query__.of_table(self)

    def __repr__(self) -> str:
        return f"<table {self.__schema__.model}>"


_schemas: dict[Any, TableSchema] = {}


def alias(model: Any, name: str) -> Any:
    """Name a model's table once more, to have it twice in a query.

    Args:    model: a class; name: what the table is called in the statement, a name of Python's.
    Returns: a table with the model's columns as attributes; `joins("manager", as_=boss)` takes it.
    Raises:  QueryError for another name.
    Example:
        boss = alias(Employee, "boss")
        await Employee.joins("manager", as_=boss).where(boss.age > 60)
    """
    schema = getattr(model, "__schema__", None)
    if schema is None or isinstance(model, Table):
        raise QueryError(f"alias needs a model, got {model!r}")
    return Table(alias_schema(schema, check_table_name(name)), model.__query__)


def alias_schema(schema: Schema, name: str) -> TableSchema:
    """Find the schema of a model's table under another name."""
    return _known((schema, name), lambda: _schema(name, schema.table, schema.fields, schema, None))


def body_schema(name: str, body: Body, columns: tuple[tuple[str, Any], ...], origin: Schema | None) -> TableSchema:
    """Find the schema of what queries give.

    Args:    columns: names, each with the expression's kind or the field that it is; origin: the model whose records
             the rows are, None for a selection.
    """

    def build() -> TableSchema:
        fields = origin.fields if origin else tuple(_field(at, *column) for at, column in enumerate(columns))
        return _schema(name, name, fields, origin, body)

    return _known((name, body, columns, origin), build)


def check_table_name(name: object) -> str:
    """Take the name of a table. Raises QueryError for what is none."""
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
        raise QueryError(f"a table in a query can't be called {name!r}", fix='give it a name such as "recent"')
    return name


def base_schema(schema: Schema) -> Schema:
    """The schema of the model that a table is another name of; a schema itself otherwise."""
    if isinstance(schema, TableSchema) and schema.body is None and schema.origin is not None:
        return schema.origin
    return schema


def _known(key: Any, build: Callable[[], TableSchema]) -> TableSchema:
    schema = _schemas.get(key)
    if schema is None:
        if len(_schemas) >= MAX_SCHEMAS:
            _schemas.clear()
        schema = _schemas[key] = build()
    return schema


def _schema(name: str, table: str, fields: tuple[Field, ...], origin: Schema | None, body: Body | None) -> TableSchema:
    make = origin.make if origin else lambda *values: values
    relations = origin.relations if origin else {}
    return TableSchema(name, table, fields, (), {}, make, relations=relations, origin=origin, body=body)


def _field(position: int, name: str, column: Any) -> Field:
    if isinstance(column, Field):
        return replace(column, name=name, position=position, is_key=position == 0, is_made=False)
    built = build_field(name, column, FieldOptions(), position)
    return replace(built, is_key=position == 0)
