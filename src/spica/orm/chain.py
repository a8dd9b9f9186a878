"""The chain of a query: what `where`, `order`, `group`, `limit` and the like make, before anything runs.

Rules of this file:
- Every call returns a new query. A query is conditions, an order and bounds as a shape, and the values apart.
- Names are checked when they are given, values when the query runs; neither can change the text of the statement.
- What few queries have lives in one attribute, `_rare`, so that copying stays cheap.
"""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from spica.errors import closest
from spica.orm.errors import QueryError
from spica.orm.expressions import (
    NEVER,
    Column,
    Condition,
    Expression,
    Ordering,
    Subquery,
    as_condition,
    in_full,
)
from spica.orm.relations.access import with_keys
from spica.orm.relations.paths import parse_paths
from spica.orm.shapes import PLAIN, Clauses, Operand, Operation, QueryShape, Shape, list_schemas, list_value_sources
from spica.validation.coerce import MAX_INTEGER

if TYPE_CHECKING:
    from spica.orm.schema import Schema

M = TypeVar("M")

_new = object.__new__  # for copies: `__init__` would set everything a first time

_SEVERAL = (list, tuple, set, frozenset, range, Subquery)  # what `where(name=...)` takes for "any of these"


class Rare(NamedTuple):
    """What few queries have.

    includes: relations to load with the records; names: what the values of a selected row are called; the values are
    those of the selected operands, of `having` and of the order.
    """

    clauses: Clauses = PLAIN
    selected: tuple[Operand, ...] = ()
    names: tuple[str, ...] = ()
    selected_values: tuple[Any, ...] = ()
    having_values: tuple[Any, ...] = ()
    ordering_values: tuple[Any, ...] = ()
    includes: tuple[str, ...] = ()


NOTHING_RARE = Rare()


class Chain(Subquery, Generic[M]):
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

    # -- conditions ---------------------------------------------------------------------------------------------------

    def where(self, *conditions: Condition | bool, **equals: Any) -> Self:
        """Keep the records for which every condition holds.

        Args:    conditions: as `Post.age >= 18`; equals: values by field; a list or a query means any of them, None
                 means NULL.
        Raises:  UnknownField with near matches, QueryError.
        """
        return self._copy().narrow(conditions, equals)

    def where_not(self, *conditions: Condition | bool, **equals: Any) -> Self:
        """Keep the records for which not all of these conditions hold."""
        other = self.__class__(self._model, unscoped=True)
        other._rare = self._rare
        other = other.narrow(conditions, equals)
        query = self._copy()
        query._conditions += (("not", _all_of(other._conditions)),)
        query._values += other._values
        return query

    def or_(self, *conditions: Condition | bool, **equals: Any) -> Self:
        """Keep, besides what the query has so far, the records for which these conditions hold.

        What a default scope says holds for both.
        """
        other = self.__class__(self._model, unscoped=True)
        other._rare = self._rare
        other = other.narrow(conditions, equals)
        query = self._copy()
        fixed, own = self._conditions[: self._fixed], self._conditions[self._fixed :]
        query._conditions = (*fixed, ("or", _all_of(own), _all_of(other._conditions)))
        query._values = self._values + other._values
        return query

    def includes(self, *paths: str) -> Self:
        """Load relations with the records, by one query for each relation.

        Args:    paths: names of relations, a dot going on from there: "author", "comments.author".
        Raises:  UnknownRelation with near matches.
        """
        parse_paths(self._model, paths)
        query = self._copy()
        query._rare = self._rare._replace(includes=self._rare.includes + paths)
        return query

    def none(self) -> Self:
        """Keep no record."""
        query = self._copy()
        query._conditions += (NEVER,)
        return query

    # -- order and bounds ---------------------------------------------------------------------------------------------

    def order(self, *keys: str | Ordering | Expression) -> Self:
        """Order by fields or expressions, after the order the query has so far.

        Args:    keys: names, a "-" in front for largest first, `Post.title.desc()`, `count(Comment.id).desc()`.
        Raises:  UnknownField with near matches.
        """
        query = self._copy()
        query._ordering += tuple([query._order_key(key) for key in keys])
        return query

    def reorder(self, *keys: str | Ordering | Expression) -> Self:
        """Order by these instead of the order the query has so far; by nothing without keys."""
        return self._unordered().order(*keys)

    def limit(self, records: int) -> Self:
        """Take at most this many records."""
        query = self._copy()
        query._limit = _checked_bound("limit", records)
        return query

    def offset(self, records: int) -> Self:
        """Skip this many records first."""
        query = self._copy()
        query._offset = _checked_bound("offset", records)
        return query

    # -- rows other than the model's ----------------------------------------------------------------------------------

    def distinct(self) -> Self:
        """Drop rows that are the same as another."""
        return self._with_clauses(distinct=True)

    def group(self, *keys: str | Column) -> Self:
        """Make one row of all that have the same values in these fields."""
        groups = tuple(self._operand(self._column(key)) for key in keys)
        if not groups:
            raise QueryError("group needs the name of a field")
        return self._with_clauses(groups=self._rare.clauses.groups + groups)

    def having(self, *conditions: Condition | bool) -> Self:
        """Keep the groups for which every condition holds, as `count() > 5`."""
        given = [as_condition(condition) for condition in conditions]
        shapes = tuple(self._known(condition, "have a condition on") for condition in given)
        query = self._with_clauses(having=self._rare.clauses.having + shapes)
        values = sum((condition.values for condition in given), self._rare.having_values)
        query._rare = query._rare._replace(having_values=values)
        return query

    def select(self, *what: str | Expression, **named: str | Expression) -> Self:
        """Read these instead of whole records; awaiting the query gives named tuples.

        Args:    what: names of fields, or expressions; named: expressions by the name that their value shall have.
        Example: for row in await Post.select("author_id", posts=count()).group("author_id"): row.author_id, row.posts
        """
        expressions = [self._expression(item) for item in (*what, *named.values())]
        if not expressions:
            raise QueryError("select needs the name of a field or an expression")
        names = (*(_name_of(item, number) for number, item in enumerate(expressions[: len(what)])), *named)
        for name in names:
            if names.count(name) > 1 or name.startswith("_") or not name.isidentifier() or iskeyword(name):
                raise QueryError(
                    f"select can't call a value {name!r}",
                    why="two have this name" if names.count(name) > 1 else "a row could not have it as attribute",
                    fix="give it another: select(total=count())",
                )
        query = self._copy()
        query._rare = self._rare._replace(
            selected=tuple(self._operand(item) for item in expressions),
            names=names,
            selected_values=sum((item.values for item in expressions), ()),
        )
        return query

    # -- taking queries together and apart ----------------------------------------------------------------------------

    def all(self) -> Self:
        """The query itself; reads well where nothing is filtered: `await Post.all()`."""
        return self

    def unscoped(self) -> Self:
        """A query for all records of the model, without default scopes."""
        return self.__class__(self._model, unscoped=True)

    def unscope(self, *parts: str) -> Self:
        """Take parts off the query: "where" (with default scopes), "order", "limit", "offset", "group", "having",
        "select", "distinct".
        """
        query = self._copy()
        for part in parts:
            if part not in _PARTS:
                near = closest(str(part), list(_PARTS))
                raise QueryError(
                    f"a query has no part {part!r}",
                    fix=f"did you mean {near[0]!r}?" if near else f"its parts are {', '.join(_PARTS)}",
                )
            query._take_off(part)
        return query

    def merge(self, other: Chain[Any]) -> Self:
        """Add the conditions of another query of the same model; where that has an order, bounds or a selection, they
        take the place of this one's.
        """
        if not isinstance(other, Chain) or other._schema is not self._schema:
            raise QueryError(f"a query of {self._schema.model} can't be merged with {other!r}")
        query = self._copy()
        skipped = other._fixed if self._fixed else 0  # both have the default scopes; once is enough
        query._conditions += other._conditions[skipped:]
        query._values += other._values[_count_values(other._conditions[:skipped]) :]
        mine, its = self._rare, other._rare
        selecting = its if its.selected else mine
        query._rare = Rare(
            clauses=Clauses(
                distinct=mine.clauses.distinct or its.clauses.distinct,
                groups=mine.clauses.groups + its.clauses.groups,
                having=mine.clauses.having + its.clauses.having,
            ),
            selected=selecting.selected,
            names=selecting.names,
            selected_values=selecting.selected_values,
            having_values=mine.having_values + its.having_values,
            ordering_values=mine.ordering_values,
            includes=mine.includes + tuple(path for path in its.includes if path not in mine.includes),
        )
        if other._ordering:
            query._ordering = other._ordering
            query._rare = query._rare._replace(ordering_values=its.ordering_values)
        if other._limit is not None:
            query._limit = other._limit
        query._offset = other._offset or query._offset
        return query

    # -- inside -------------------------------------------------------------------------------------------------------

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

    def _become(self, other: Chain[Any]) -> None:
        for name in Chain.__slots__:
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

    def _take_off(self, part: str) -> None:
        rare = self._rare
        match part:
            case "where":
                self._conditions, self._values, self._fixed = (), (), 0
            case "order":
                self._ordering = ()
                self._rare = rare._replace(ordering_values=())
            case "limit":
                self._limit = None
            case "offset":
                self._offset = 0
            case "group":
                self._rare = rare._replace(clauses=rare.clauses._replace(groups=()))
            case "having":
                self._rare = rare._replace(clauses=rare.clauses._replace(having=()), having_values=())
            case "select":
                self._rare = rare._replace(selected=(), names=(), selected_values=())
            case "distinct":
                self._rare = rare._replace(clauses=rare.clauses._replace(distinct=False))

    def _unordered(self) -> Self:
        return self.unscope("order") if self._ordering else self

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


def _all_of(conditions: tuple[Shape, ...]) -> Shape:
    if not conditions:
        return ("true",)
    first, *rest = conditions
    for condition in rest:
        first = ("and", first, condition)
    return first


def _count_values(conditions: tuple[Shape, ...]) -> int:
    return len(list_value_sources(QueryShape(("select",), conditions)))


def _checked_bound(name: str, records: int) -> int:
    if not isinstance(records, int) or isinstance(records, bool) or not 0 <= records <= MAX_INTEGER:
        raise QueryError(f"{name} is a whole number from 0, got {records!r}")
    return records


def _name_of(expression: Expression, number: int) -> str:
    """What a selected value is called that was given no name: its field, its function, or its place."""
    if isinstance(expression, Column):
        return expression.name
    return expression.shape[1] if expression.shape[0] == "fn" else f"value{number}"
