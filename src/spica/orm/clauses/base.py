"""The base of a query: what its parts are, how it is copied, and which names its clauses may use.

Rules of this file:
- Every call returns a new query. A query is conditions, an order and bounds as a shape, and the values apart.
- Names are checked when they are given, values when the query runs; neither can change the text of the statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from spica.orm.clauses.rare import NOTHING_RARE
from spica.orm.errors import QueryError
from spica.orm.expressions import Column, Condition, Expression, Ordering, Subquery, as_condition, in_full
from spica.orm.relations.access import with_keys
from spica.orm.shapes import Operand, Operation, QueryShape, Shape, list_schemas
from spica.validation.coerce import MAX_INTEGER

if TYPE_CHECKING:
    from spica.orm.schema import Schema

M = TypeVar("M")

_new = object.__new__  # for copies: `__init__` would set everything a first time

_SEVERAL = (list, tuple, set, frozenset, range, Subquery)  # what `where(name=...)` takes for "any of these"


class QueryBase(Subquery, Generic[M]):
    """A query as it is put together."""

    __slots__ = ("_conditions", "_fixed", "_limit", "_model", "_offset", "_ordering", "_rare", "_values")

    defaults: ClassVar[tuple[Any, ...]] = ()  # the scopes that every query of the model starts with

    def __init__(self, model: type[M], *, unscoped: bool = False) -> None:
        self._model: Any = model
        self._conditions: tuple[Shape, ...] = ()
        self._values: tuple[Any, ...] = ()
        self._ordering: tuple[tuple[Operand, bool], ...] = ()
        self._limit: int | None = None
        self._offset = 0
        self._fixed = 0  # how many conditions come from default scopes: `or_` leaves them closed
        self._rare = NOTHING_RARE
        if self.defaults and not unscoped:
            for scope in self.defaults:
                self._become(scope.apply(self))
            self._fixed = len(self._conditions)

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
        if not self._schema.relations.keys().isdisjoint(equals):
            equals = with_keys(self._schema.relations, equals)
        for name, value in equals.items():
            field = self._schema.field(name)
            if value is None or field.is_json or isinstance(value, (Expression, *_SEVERAL)):
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
        if condition in self._conditions[: self._fixed]:
            place = self._conditions.index(condition)
            query._conditions = self._conditions[:place] + self._conditions[place + 1 :]
            query._fixed = self._fixed - 1
        return query

    def _known(self, item: Any, verb: str) -> Any:
        """The shape of a condition or an expression, all of whose models this query has. Raises QueryError."""
        if item.schema is self._schema:
            return item.shape
        shape = in_full(item)
        for schema in list_schemas(shape) - {self._schema}:
            raise QueryError(
                f"a query of {self._schema.model} can't {verb} {item if isinstance(item, Column) else schema.model}",
                why=f"its rows are those of {self._schema.model} alone",
                fix=f"ask whether there is one: where(exists({schema.model}.where(...), {schema.model}... == ...))",
            )
        return shape

    def _column(self, key: str | Column) -> Column:
        if isinstance(key, Column):
            return key
        column: Column = getattr(self._model, self._schema.field(key).name)
        return column

    def _expression(self, item: str | Expression) -> Expression:
        return item if isinstance(item, Expression) else self._column(item)

    def _operand(self, expression: Expression) -> Operand:
        return self._known(expression, "read")

    def _order_key(self, key: str | Ordering | Expression) -> tuple[Operand, bool]:
        if type(key) is str and key in self._schema.by_name:
            return key, False
        ordering = Ordering(key, descending=False) if isinstance(key, Expression) else key
        if isinstance(ordering, Ordering):
            expression = ordering.expression
            if expression.values:
                self._rare = self._rare._replace(ordering_values=self._rare.ordering_values + expression.values)
            return self._known(expression, "be ordered by"), ordering.descending
        name = key[1:] if isinstance(key, str) and key.startswith("-") else key
        return self._schema.field(name).name, name is not key

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
        return QueryShape(operation, self._conditions, self._ordering, self._is_bounded, self._rare.clauses)

    def _bound(self, operands: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        """The values in their order; operands: those of what is assigned or selected."""
        values = operands + self._values
        if self._rare is not NOTHING_RARE:
            values += self._rare.having_values + self._rare.ordering_values
        if not self._is_bounded:
            return values
        return (*values, MAX_INTEGER if self._limit is None else self._limit, self._offset)

    def as_subquery(self) -> tuple[Schema, QueryShape, tuple[Any, ...]]:
        """The model, shape and values of the query inside another; it selects one column, the id by default."""
        selected = self._rare.selected or self._schema.key.names
        if len(selected) > 1:
            raise QueryError(
                f"a query inside another selects one column, this one {len(selected)}", fix='write .select("id")'
            )
        query = self if self._is_bounded else self._unordered()
        return self._schema, query._shape(("select", *selected)), query._bound(self._rare.selected_values)

    def __repr__(self) -> str:
        return f"<query for {self._schema.model}: {self._shape(('select', *self._rare.selected))}>"


_PARTS = ("where", "order", "limit", "offset", "group", "having", "select", "distinct")
