"""The base of a query: what its parts are, how it is copied, and which names its clauses may use.

Rules of this file:
- Every call returns a new query. A query is conditions, an order and bounds as a shape, and the values apart.
- Names are checked when they are given, values when the query runs; neither can change the text of the statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from spica.orm.clauses.rare import NOTHING_RARE, Rare
from spica.orm.errors import QueryError
from spica.orm.expressions import Column, Condition, Expression, Ordering, Subquery, as_condition, in_full
from spica.orm.relations.access import with_keys
from spica.orm.shapes import PLAIN, Operand, Operation, QueryShape, Shape, list_schemas
from spica.orm.tables import Table, TableSchema, base_schema
from spica.validation.coerce import MAX_INTEGER

if TYPE_CHECKING:
    from spica.orm.schema import Schema

M = TypeVar("M")

_new = object.__new__  # for copies: `__init__` would set everything a first time
_new_shape = tuple.__new__

NOTHING_FIXED = (0, 0)  # conditions, and their values, that come from default scopes: `or_` leaves them closed

_SEVERAL = (list, tuple, set, frozenset, range, Subquery)  # what `where(name=...)` takes for "any of these"
_UNLIKE_VALUES = (Expression, *_SEVERAL)


class QueryBase(Subquery, Generic[M]):
    """A query as it is put together."""

    __slots__ = ("_conditions", "_fixed", "_limit", "_model", "_offset", "_ordering", "_rare", "_values")

    defaults: ClassVar[tuple[Any, ...]] = ()  # the scopes that every query of the model starts with
    plain: ClassVar[Any]  # the class of queries without scopes

    def __init__(self, model: type[M], *, unscoped: bool = False) -> None:
        self._model: Any = model
        self._conditions: tuple[Shape, ...] = ()
        self._values: tuple[Any, ...] = ()
        self._ordering: tuple[tuple[Operand, bool], ...] = ()
        self._limit: int | None = None
        self._offset = 0
        self._fixed = NOTHING_FIXED
        self._rare = NOTHING_RARE
        if self.defaults and not unscoped:
            for scope in self.defaults:
                self._become(scope.apply(self))
            self._fixed = len(self._conditions), len(self._values)

    @classmethod
    def of_table(cls, table: Table) -> Self:
        """A query for the rows of a table that is no model's."""
        query = cls(table)  # type: ignore[arg-type]  # a table is asked for what a model is
        schema = table.__schema__
        if schema.body is not None:
            query._rare = _rare_of(schema, table.__values__)
        return query

    @property
    def _schema(self) -> Schema:
        schema: Schema = self._model.__schema__
        return schema

    @property
    def _is_bounded(self) -> bool:
        return self._limit is not None or self._offset > 0

    def _copy(self) -> Self:
        query: Self = _new(self.__class__)
        query._model = self._model
        query._conditions = self._conditions
        query._values = self._values
        query._ordering = self._ordering
        query._limit = self._limit
        query._offset = self._offset
        query._fixed = self._fixed
        query._rare = self._rare
        return query

    def _become(self, other: QueryBase[Any]) -> None:
        for name in QueryBase.__slots__:
            setattr(self, name, getattr(other, name))

    def narrow(self, conditions: tuple[Condition | bool, ...], equals: dict[str, Any]) -> Self:
        """Add conditions to this query itself: for the methods that have just made it."""
        for given in conditions:
            condition = as_condition(given)
            self._conditions += (self._known(condition, "have a condition on"),)
            self._values += condition.values
        schema: Schema = self._model.__schema__
        if schema.relations and not schema.relations.keys().isdisjoint(equals):
            equals = with_keys(schema.relations, equals)
        for name, value in equals.items():
            field = schema.field(name)
            if value is None or field.is_json or isinstance(value, _UNLIKE_VALUES):
                column: Column = getattr(self._model, name)
                condition = column.in_(value) if isinstance(value, _SEVERAL) else column == value
                self._conditions += (self._known(condition, "have a condition on"),)
                self._values += condition.values
            else:  # what column == value makes, for the commonest case
                self._conditions += (("eq", name),)
                self._values += (value,)
        return self

    def without_fixed(self, condition: Shape) -> Self:
        """The query without a condition of its default scopes that binds no value."""
        query = self._copy()
        conditions, values = self._fixed
        if condition in self._conditions[:conditions]:
            place = self._conditions.index(condition)
            query._conditions = self._conditions[:place] + self._conditions[place + 1 :]
            query._fixed = conditions - 1, values
        return query

    def _known(self, item: Any, verb: str) -> Any:
        """The shape of a condition or an expression, all of whose models this query has. Raises QueryError."""
        if item.schema is self._schema:
            return item.shape
        shape = in_full(item)
        joins = self._rare.clauses.joins
        for schema in list_schemas(shape) - {self._schema}:
            if not any(join.schema is schema for join in joins):
                raise self._not_joined(schema, f"can't {verb} {item if isinstance(item, Column) else schema.model}")
            if not isinstance(schema, TableSchema):
                self._check_unambiguous(schema)
        return shape

    def _check_unambiguous(self, schema: Schema) -> None:
        paths = [one.path for one in self._rare.paths if not one.is_named and base_schema(one.schema) is schema]
        if len(paths) > 1:
            raise QueryError(
                f"{schema.model} is in the query more than once",
                why=f"it was joined as {' and as '.join(map(repr, paths))}",
                fix=f'name them: one = alias({schema.model}, "one"); .joins("{paths[-1]}", as_=one)',
            )

    def _not_joined(self, schema: Schema, what: str) -> QueryError:
        own = self._schema
        leading = [name for name, relation in own.relations.items() if relation.target.__schema__ is schema]
        named = [one.path for one in self._rare.paths if base_schema(one.schema) is schema]
        if named:
            fix = f'name the one that is meant: one = alias({schema.model}, "one"); .joins("{named[0]}", as_=one)'
        elif leading:
            fix = f'join it first: {own.model}.joins("{leading[0]}")'
        else:
            fix = f"join it first: {own.model}.joins({schema.model}, on=...); or ask for it: where(exists(...))"
        tables = [own.model, *(join.schema.model for join in self._rare.clauses.joins)]
        return QueryError(f"a query of {own.model} {what}", why=f"it has {' and '.join(tables)} alone", fix=fix)

    def _column(self, key: str | Column) -> Column:
        if isinstance(key, Column):
            return key
        column: Column = getattr(self._model, self._schema.field(key).name)
        return column

    def _expression(self, item: str | Expression) -> Expression:
        return item if isinstance(item, Expression) else self._column(item)

    def _operand(self, expression: Expression) -> Operand:
        return self._known(expression, "read")

    def _order_keys(self, key: str | Ordering | Expression) -> list[tuple[Operand, bool]]:
        if isinstance(key, Expression):
            key = Ordering(key, descending=False)
        if not isinstance(key, Ordering):
            return [self._named_key(key)]
        keys = key.keys()
        if values := sum((expression.values for expression, _ in keys), ()):
            self._rare = self._rare._replace(ordering_values=self._rare.ordering_values + values)
        return [(self._known(expression, "be ordered by"), descending) for expression, descending in keys]

    def _named_key(self, key: str) -> tuple[Operand, bool]:
        """What a name means in an order: a field, or what is selected under this name."""
        name = key[1:] if isinstance(key, str) and key.startswith("-") else key
        rare = self._rare
        if name in rare.names and name not in self._schema.by_name:
            place = rare.names.index(name)
            self._rare = rare._replace(ordering_values=rare.ordering_values + rare.selected_values[place])
            return rare.selected[place], name is not key
        return self._schema.field(name).name, name is not key

    def _bare(self) -> Self:
        """A query for the same rows without anything else, default scopes neither."""
        query = self.__class__(self._model, unscoped=True)
        source = self._rare.clauses.source
        if source is not None:
            query._rare = _rare_of(source, self._rare.source_values)
        return query

    def _with_clauses(self, **changes: Any) -> Self:
        query = self._copy()
        query._rare = self._rare._replace(clauses=self._rare.clauses._replace(**changes))
        return query

    def _unordered(self) -> Self:
        if not self._ordering:
            return self
        query = self._copy()
        query._ordering = ()
        query._rare = self._rare._replace(ordering_values=())
        return query

    def _shape(self, operation: Operation) -> QueryShape:
        bounded = self._limit is not None or self._offset > 0
        parts = (operation, self._conditions, self._ordering, bounded, self._rare.clauses)
        return _new_shape(QueryShape, parts)  # what QueryShape(...) does, in half the time

    def _bound(self, operands: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        """The values in their order; operands: those of what is selected."""
        values = operands + self._values
        if (rare := self._rare) is not NOTHING_RARE:
            values = rare.source_values + rare.join_values + values + rare.having_values + rare.ordering_values
        if self._limit is None and self._offset == 0:
            return values
        return (*values, MAX_INTEGER if self._limit is None else self._limit, self._offset)

    @property
    def _selected_values(self) -> tuple[Any, ...]:
        return sum(self._rare.selected_values, ())

    def as_subquery(self) -> tuple[Schema, QueryShape, tuple[Any, ...]]:
        """The model, shape and values of the query inside another; it selects one column, the id by default."""
        selected = self._rare.selected or self._schema.key.names
        if len(selected) > 1:
            raise QueryError(
                f"a query inside another selects one column, this one {len(selected)}",
                fix=f'write .select("{self._schema.key.names[-1]}")',
            )
        query = self if self._is_bounded else self._unordered()
        return self._schema, query._shape(("select", *selected)), query._bound(query._selected_values)

    def __repr__(self) -> str:
        return f"<query for {self._schema.model}: {self._shape(('select', *self._rare.selected))}>"


def _rare_of(schema: TableSchema, values: tuple[Any, ...]) -> Rare:
    rare = Rare(clauses=PLAIN._replace(source=schema), source_values=values)
    if schema.origin is not None:
        return rare
    names = tuple(schema.by_name)
    return rare._replace(selected=names, names=names, selected_values=((),) * len(names))
