"""Conditions: `Post.age >= 18`, `Post.title.ilike("%py%") & ~Post.archived`.

Rules of this file:
- A condition is a shape (what the SQL text depends on) and values (what is bound to it). No value is ever part of a
  shape, so no value can change the text of a statement.
- Shapes are tuples of constants and field names that the model has; a query's plan is found by them.
- None is a matter of shape: `== None` is IS NULL.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from spica.orm.errors import QueryError

if TYPE_CHECKING:
    from spica.orm.fields import Field

Shape = tuple[Any, ...]

ALWAYS: Shape = ("true",)
NEVER: Shape = ("false",)


class Condition:
    """What `where` takes. Combine with `&`, `|` and `~`; Python's `and`, `or` and `not` can't be made to work."""

    __slots__ = ("model", "shape", "values")

    def __init__(self, model: str, shape: Shape, values: tuple[Any, ...] = ()) -> None:
        self.model = model
        self.shape = shape
        self.values = values

    def __and__(self, other: Condition) -> Condition:
        return self._combined("and", other)

    def __or__(self, other: Condition) -> Condition:
        return self._combined("or", other)

    def __invert__(self) -> Condition:
        return Condition(self.model, ("not", self.shape), self.values)

    def __bool__(self) -> bool:
        raise QueryError(
            "a condition has no truth value in Python",
            why="`and`, `or`, `not`, `in` and `if` need one; the database decides, row by row",
            fix='combine with & | ~ and put each side in parentheses: (Post.age >= 18) & (Post.name == "Ann")',
        )

    def __repr__(self) -> str:
        return f"<condition on {self.model}: {self.shape}>"

    def _combined(self, operator: str, other: Condition) -> Condition:
        other = as_condition(other)
        if other.model != self.model:
            raise QueryError(f"a condition on {self.model} can't be combined with one on {other.model}")
        return Condition(self.model, (operator, self.shape, other.shape), self.values + other.values)


class Ordering:
    """What `order` takes besides names: `Post.title.desc()`."""

    __slots__ = ("descending", "model", "name")

    def __init__(self, model: str, name: str, descending: bool) -> None:
        self.model = model
        self.name = name
        self.descending = descending


class Column:
    """A field as seen on the class, `Post.title`: comparing it makes a condition."""

    __slots__ = ("field", "model", "name")

    def __init__(self, model: str, field: Field) -> None:
        self.model = model
        self.field = field
        self.name = field.name

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

    def __invert__(self) -> Condition:
        return self == False  # noqa: E712  # builds a condition

    def __and__(self, other: Condition) -> Condition:
        return as_condition(self) & other

    def __or__(self, other: Condition) -> Condition:
        return as_condition(self) | other

    def __bool__(self) -> bool:
        raise QueryError(f"{self!r} has no truth value", fix=f"compare it: {self!r} == True")

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"{self.model}.{self.name}"

    def in_(self, options: Iterable[object]) -> Condition:
        """The value is one of several; None among them means NULL."""
        given = list(options)
        values = [value for value in given if value is not None]
        condition = self._in(values)
        return condition | self._is_null() if len(values) < len(given) else condition

    def not_in(self, options: Iterable[object]) -> Condition:
        """The value is none of several."""
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

    def asc(self) -> Ordering:
        """Order by this field, smallest first."""
        return Ordering(self.model, self.name, descending=False)

    def desc(self) -> Ordering:
        """Order by this field, largest first."""
        return Ordering(self.model, self.name, descending=True)

    def _is_null(self) -> Condition:
        return Condition(self.model, ("null", self.name))

    def _in(self, values: list[Any]) -> Condition:
        self._check_comparable()
        if not values:
            return Condition(self.model, NEVER)
        # Sizes are rounded up to powers of two by repeating the last value: a few texts serve all lengths.
        size = 1 << (len(values) - 1).bit_length()
        values.extend([values[-1]] * (size - len(values)))
        return Condition(self.model, ("in", self.name, size), tuple(values))

    def _compared(self, operator: str, other: object) -> Condition:
        if other is None:
            raise QueryError(f"{self!r} can't be smaller or larger than None", fix=f"{self!r} == None asks for NULL")
        if isinstance(other, Column):
            if other.model != self.model:
                raise QueryError(f"{self!r} and {other!r} are of two models")
            return Condition(self.model, ("columns", operator, self.name, other.name))
        self._check_comparable()
        return Condition(self.model, (operator, self.name), (other,))

    def _matches(self, operator: str, pattern: str) -> Condition:
        if self.field.storage is not str:
            raise QueryError(f"{self!r} is not text, so it has no {operator}")
        if not isinstance(pattern, str):
            raise QueryError(f"the pattern of {self!r}.{operator}() must be text, got {pattern!r}")
        return Condition(self.model, (operator, self.name), (pattern,))

    def _check_comparable(self) -> None:
        if self.field.is_json:
            raise QueryError(f"{self!r} holds JSON, which can only be compared with None")


def as_condition(value: object) -> Condition:
    """Take what `where` and `&` were given for a condition; a boolean column stands for "is true"."""
    if isinstance(value, Condition):
        return value
    if isinstance(value, Column) and value.field.kind is bool:
        return value == True  # noqa: E712  # builds a condition
    raise QueryError(
        f"{value!r} is not a condition",
        why="a condition compares a field of the class, as in Post.age >= 18",
        fix='write where(Post.age >= 18) or where(title="Hi")',
    )


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
