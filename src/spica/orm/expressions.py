"""Conditions: `Post.age >= 18`, `Post.title.ilike("%py%") & ~Post.archived`.

Rules of this file:
- A condition is a shape (what the SQL text depends on) and values (what is bound to it). No value is ever part of a
  shape, so no value can change the text of a statement.
- Shapes are tuples of constants and field names that the model has (spica.orm.shapes); a query's plan is found by them.
- What names one model has bare field names; what names several has each field with its model.
- None is a matter of shape: `== None` is IS NULL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from spica.orm.errors import QueryError
from spica.orm.shapes import Operand, QueryShape, Shape, qualify

if TYPE_CHECKING:
    from spica.orm.fields import Field
    from spica.orm.schema import Schema

NEVER: Shape = ("false",)

_NUMBERS = (int, float, Decimal)
_AGGREGATES = ("count", "count_distinct", "sum", "average", "minimum", "maximum")


class Condition:
    """What `where` takes. Combine with `&`, `|` and `~`; Python's `and`, `or` and `not` can't be made to work.

    schema: the model whose fields the shape names; None when it names several.
    """

    __slots__ = ("schema", "shape", "values")

    def __init__(self, schema: Schema | None, shape: Shape, values: tuple[Any, ...] = ()) -> None:
        self.schema = schema
        self.shape = shape
        self.values = values

    def __and__(self, other: Condition) -> Condition:
        return self._combined("and", other)

    def __or__(self, other: Condition) -> Condition:
        return self._combined("or", other)

    def __invert__(self) -> Condition:
        return Condition(self.schema, ("not", self.shape), self.values)

    def __bool__(self) -> bool:
        raise QueryError(
            "a condition has no truth value in Python",
            why="`and`, `or`, `not`, `in` and `if` need one; the database decides, row by row",
            fix='combine with & | ~ and put each side in parentheses: (Post.age >= 18) & (Post.name == "Ann")',
        )

    def __repr__(self) -> str:
        return f"<condition on {self.schema.model if self.schema else 'several models'}>"

    def _combined(self, operator: str, other: Condition) -> Condition:
        other = as_condition(other)
        schema, left, right = in_common(self, other)
        return Condition(schema, (operator, left, right), self.values + other.values)


class Ordering:
    """What `order` takes besides names: `Post.title.desc()`, `count(Comment.id).desc()`.

    nulls: where NULL comes, "first" or "last"; None leaves it to the database (SQLite and MariaDB take it for smaller
    than everything, PostgreSQL for larger).
    """

    __slots__ = ("descending", "expression", "nulls")

    def __init__(self, expression: Expression, descending: bool, nulls: Literal["first", "last"] | None = None) -> None:
        self.expression = expression
        self.descending = descending
        self.nulls = nulls

    def nulls_first(self) -> Ordering:
        """Order NULL before everything else."""
        return Ordering(self.expression, self.descending, "first")

    def nulls_last(self) -> Ordering:
        """Order NULL after everything else."""
        return Ordering(self.expression, self.descending, "last")

    def keys(self) -> list[tuple[Expression, bool]]:
        """What a statement orders by: expressions, and whether largest first."""
        key = (self.expression, self.descending)
        if self.nulls is None:
            return [key]
        inner = self.expression
        return [(Expression(inner.schema, ("is_null", inner.shape), bool, inner.values), self.nulls == "first"), key]


class Expression:
    """What has a value in each row, or for a group of rows; comparing it makes a condition.

    schema: as for Condition; kind: the type of its values, as a database has it.
    """

    __slots__ = ("kind", "schema", "shape", "values")

    def __init__(self, schema: Schema | None, shape: Operand, kind: type, values: tuple[Any, ...] = ()) -> None:
        self.schema = schema
        self.shape = shape
        self.kind = kind
        self.values = values

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._is_null() if other is None else self._compared("eq", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return ~self._is_null() if other is None else self._compared("ne", other)

    def __lt__(self, other: object) -> Condition:
        return self._compared("lt", other)

    def __le__(self, other: object) -> Condition:
        return self._compared("le", other)

    def __gt__(self, other: object) -> Condition:
        return self._compared("gt", other)

    def __ge__(self, other: object) -> Condition:
        return self._compared("ge", other)

    def __add__(self, other: object) -> Expression:
        return self._calculated("add", self, other)

    def __radd__(self, other: object) -> Expression:
        return self._calculated("add", other, self)

    def __sub__(self, other: object) -> Expression:
        return self._calculated("sub", self, other)

    def __rsub__(self, other: object) -> Expression:
        return self._calculated("sub", other, self)

    def __mul__(self, other: object) -> Expression:
        return self._calculated("mul", self, other)

    def __rmul__(self, other: object) -> Expression:
        return self._calculated("mul", other, self)

    def __truediv__(self, other: object) -> Expression:
        return self._calculated("truediv", self, other)

    def __rtruediv__(self, other: object) -> Expression:
        return self._calculated("truediv", other, self)

    def __invert__(self) -> Condition:
        return self == False  # noqa: E712  # builds a condition

    def __and__(self, other: Condition) -> Condition:
        return as_condition(self) & other

    def __or__(self, other: Condition) -> Condition:
        return as_condition(self) | other

    def __bool__(self) -> bool:
        raise QueryError(f"{self!r} has no truth value", fix=f"compare it: {self!r} == True")

    def __iter__(self) -> NoReturn:
        raise QueryError(f"{self!r} can't be gone through in Python", why="it is a value of each row of a query")

    def __contains__(self, item: object) -> NoReturn:
        raise QueryError(f"`in` can't be asked of {self!r} in Python", fix=f"write {self!r}.contains({item!r})")

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<expression of {self.schema.model if self.schema else 'several models'}>"

    def in_(self, options: Iterable[object] | Subquery) -> Condition:
        """The value is one of several, or of those that a query selects; None among them means NULL."""
        if isinstance(options, Subquery):
            return self._in_query(options)
        given = list(options)
        values = [value for value in given if value is not None]
        condition = self._in(values)
        return condition | self._is_null() if len(values) < len(given) else condition

    def not_in(self, options: Iterable[object] | Subquery) -> Condition:
        """The value is none of several. Of a query's: no row of it may be NULL, says SQL."""
        return ~self.in_(options)

    def between(self, low: object, high: object) -> Condition:
        """The value lies between two others, both included."""
        return (self >= low) & (self <= high)

    def like(self, pattern: str) -> Condition:
        """The text matches a pattern: `%` is any text, `_` any character."""
        return self._matches("like", pattern)

    def ilike(self, pattern: str) -> Condition:
        """The text matches a pattern, capital letters or not."""
        return self._matches("ilike", pattern)

    def contains(self, text: str) -> Condition:
        """The text contains another, taken literally."""
        return self._matches("like_escaped", f"%{_literal(text)}%")

    def starts_with(self, text: str) -> Condition:
        """The text starts with another, taken literally."""
        return self._matches("like_escaped", f"{_literal(text)}%")

    def ends_with(self, text: str) -> Condition:
        """The text ends with another, taken literally."""
        return self._matches("like_escaped", f"%{_literal(text)}")

    def over(
        self, *, partition_by: Windowed = (), order: Windowed = (), rows: tuple[int | None, int | None] | None = None
    ) -> Expression:
        """Compute an aggregate over a window of rows, for each row: `sum_(Sale.amount).over(order=Sale.id)`.

        Args:    partition_by: what the rows of a window have in common, default all rows; order: in which order they
                 come; rows: from where to where a window goes, counted from the row: (-2, 0), None for its end.
        Raises:  QueryError for what is no aggregate.
        """
        if isinstance(self.shape, str) or self.shape[0] != "fn" or self.shape[1] not in _AGGREGATES:
            raise QueryError(f"{self!r} is no aggregate, so it has no window", fix="write sum_(...).over(...)")
        return over(self, partition_by=partition_by, order=order, rows=rows)

    def asc(self) -> Ordering:
        """Order by this, smallest first."""
        return Ordering(self, descending=False)

    def desc(self) -> Ordering:
        """Order by this, largest first."""
        return Ordering(self, descending=True)

    @property
    def is_numeric(self) -> bool:
        """Whether it can be calculated with."""
        return self.kind in _NUMBERS

    def _is_null(self) -> Condition:
        return Condition(self.schema, ("null", self.shape), self.values)

    def _in(self, values: list[Any]) -> Condition:
        self.check_comparable()
        if not values:
            return Condition(self.schema, NEVER)
        # Sizes are rounded up to powers of two by repeating the last value: a few texts serve all lengths.
        size = 1 << (len(values) - 1).bit_length()
        values.extend([values[-1]] * (size - len(values)))
        return Condition(self.schema, ("in", self.shape, size), (*self.values, *values))

    def _in_query(self, query: Subquery) -> Condition:
        self.check_comparable()
        schema, shape, values = query.as_subquery()
        return Condition(self.schema, ("in_query", self.shape, schema, shape), self.values + values)

    def _compared(self, operator: str, other: object) -> Condition:
        if other is None:
            raise QueryError(f"{self!r} can't be smaller or larger than None", fix=f"{self!r} == None asks for NULL")
        if isinstance(other, Expression):
            schema, left, right = in_common(self, other)
            return Condition(schema, ("columns", operator, left, right), self.values + other.values)
        self.check_comparable()
        return Condition(self.schema, (operator, self.shape), (*self.values, other))

    def _calculated(self, operator: str, left: object, right: object) -> Expression:
        left, right = (_as_number(side, self) for side in (left, right))
        schema, left_shape, right_shape = in_common(left, right)
        kind = float if operator == "truediv" else _wider(left.kind, right.kind)
        return Expression(schema, ("arith", operator, left_shape, right_shape), kind, left.values + right.values)

    def _matches(self, operator: str, pattern: str) -> Condition:
        if self.kind is not str:
            raise QueryError(f"{self!r} is not text, so it has no {operator}")
        if not isinstance(pattern, str):
            raise QueryError(f"the pattern of {self!r}.{operator}() must be text, got {pattern!r}")
        return Condition(self.schema, (operator, self.shape), (*self.values, pattern))

    def check_comparable(self) -> None:
        """Refuse what has no order and no equality in a database. Raises QueryError."""
        if self.kind in (list, dict):
            raise QueryError(f"{self!r} holds JSON, which can only be compared with None")


Windowed = Expression | Ordering | Sequence[Expression | Ordering]


class Column(Expression):
    """A field as seen on the class, `Post.title`."""

    __slots__ = ("field", "model", "name")

    def __init__(self, schema: Schema, field: Field) -> None:
        super().__init__(schema, field.name, field.storage)
        self.model = schema.model
        self.field = field
        self.name = field.name

    def __repr__(self) -> str:
        return f"{self.model}.{self.name}"


class Subquery:
    """What a query is inside another."""

    __slots__ = ()

    def as_subquery(self) -> tuple[Schema, QueryShape, tuple[Any, ...]]:
        """The model, the shape and the values of the query, which selects one column (the id when it says nothing)."""
        raise NotImplementedError


def in_common(left: Any, right: Any) -> tuple[Schema | None, Any, Any]:
    """Take the shapes of two conditions or expressions together: the model they share, None for several."""
    if left.schema is right.schema:
        return left.schema, left.shape, right.shape
    if not isinstance(right.shape, str) and right.shape[0] == "value":
        return left.schema, left.shape, right.shape
    if not isinstance(left.shape, str) and left.shape[0] == "value":
        return right.schema, left.shape, right.shape
    return None, in_full(left), in_full(right)


def in_full(item: Any) -> Any:
    """The shape of a condition or an expression with each field's model."""
    return item.shape if item.schema is None else qualify(item.shape, item.schema)


def over(
    function: Expression,
    *,
    partition_by: Windowed = (),
    order: Windowed = (),
    rows: tuple[int | None, int | None] | None = None,
) -> Expression:
    """Build a function over a window; see `Expression.over`."""
    groups = [_windowed(item) for item in _several(partition_by)]
    keys = [
        key
        for item in _several(order)
        for key in (item.keys() if isinstance(item, Ordering) else [(_windowed(item), False)])
    ]
    if rows is not None and not (
        isinstance(rows, tuple) and len(rows) == 2 and all(end is None or type(end) is int for end in rows)
    ):
        raise QueryError(f"the rows of a window are two whole numbers or None, got {rows!r}", fix="write rows=(-2, 0)")
    shape = (
        "over",
        in_full(function),
        tuple(in_full(group) for group in groups),
        tuple((in_full(key), descending) for key, descending in keys),
        rows,
    )
    values: tuple[Any, ...] = sum((item.values for item in (function, *groups, *(key for key, _ in keys))), ())
    return Expression(None, shape, function.kind, values)


def _several(given: Windowed) -> Sequence[Expression | Ordering]:
    return given if isinstance(given, (list, tuple)) else (given,)


def _windowed(item: object) -> Expression:
    if isinstance(item, Expression):
        return item
    raise QueryError(f"a window is made of fields of the class, got {item!r}", fix=f"write Post.{item}")


class Raw(Expression):
    """Hand-written SQL with bound values, made by `raw`; a condition as well as an expression."""

    __slots__ = ()

    def __invert__(self) -> Condition:
        return ~as_condition(self)

    def check_comparable(self) -> None:
        """Anything may be compared with it."""

    def _compared(self, operator: str, other: object) -> Condition:
        if self.kind is object and other is not None and not isinstance(other, Expression):
            other = Expression(None, ("value", type(other)), type(other), (other,))
        return super()._compared(operator, other)

    def _in(self, values: list[Any]) -> Condition:
        if self.kind is object:
            raise QueryError("raw needs a type to be looked for in a list", fix="give it: raw(..., kind=int)")
        return super()._in(values)


def as_condition(value: object) -> Condition:
    """Take what `where` and `&` were given for a condition; a boolean column stands for "is true"."""
    if isinstance(value, Condition):
        return value
    if isinstance(value, Raw):
        return Condition(None, value.shape, value.values)
    if isinstance(value, Column) and value.field.kind is bool:
        return value == True  # noqa: E712  # builds a condition
    raise QueryError(
        f"{value!r} is not a condition",
        why="a condition compares a field of the class, as in Post.age >= 18",
        fix='write where(Post.age >= 18) or where(title="Hi")',
    )


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _as_number(side: object, other: Expression) -> Expression:
    if isinstance(side, Expression):
        if not side.is_numeric:
            raise QueryError(f"{side!r} is not a number, so it can't be calculated with")
        return side
    if type(side) not in _NUMBERS:
        raise QueryError(f"{other!r} can't be calculated with {side!r}", why="that is not a number")
    return Expression(None, ("value", type(side)), type(side), (side,))


def _wider(left: type, right: type) -> type:
    return max(left, right, key=_NUMBERS.index)
