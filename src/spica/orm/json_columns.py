"""JSON in conditions: `Post.extras["author"]["name"] == "Ann"`, `Post.tags.contains("py")`.

Rules of this file:
- A list of one type, which is an array on PostgreSQL, is asked like any other list.
- The keys of a path are bound like every value: they may come from a user.
- A value in JSON has the type that it is compared with; one of another type is not equal, and no error.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any

from spica.orm.errors import QueryError
from spica.orm.expressions import NEVER, Column, Condition, Expression

if TYPE_CHECKING:
    from spica.orm.fields import Field
    from spica.orm.schema import Schema

_KINDS = (str, int, float, bool, Decimal)


class _Json(Expression):
    """What JSON can be asked, a column or a part of one."""

    __slots__ = ()

    def __getitem__(self, key: str | int) -> JsonValue:
        """What a key of an object, or a place in a list, leads to; nothing there is NULL."""
        if isinstance(self, Column) and self.field.element is not None:
            raise QueryError(
                f"{self!r} is a list of one type, which has no paths",
                why="PostgreSQL keeps it as an array, not as JSON",
                fix="ask contains or overlaps of it, or declare it field(json=True)",
            )
        if not isinstance(key, (str, int)) or isinstance(key, bool) or (isinstance(key, int) and key < 0):
            raise QueryError(
                f"{self!r}[{key!r}] leads nowhere", why="a path in JSON is keys, and places in lists counted from 0"
            )
        if isinstance(self, JsonValue):
            return JsonValue(self.schema, self.shape, self.kind, (*self.values[:-1], (*self.values[-1], key)))
        return JsonValue(self.schema, ("json", self.shape), dict, (*self.values, (key,)))

    def contains(self, value: Any) -> Condition:
        """The list has this value, or all of these; the object has these keys with these values.

        Example: Post.tags.contains("py"), Post.tags.contains(["py", "web"]), Post.extras.contains({"color": "red"})
        """
        if isinstance(self, Column) and self.field.element is not None:
            items = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
            return Condition(self.schema, ("array_contains", self.shape), (items,))
        return Condition(self.schema, ("json_contains", self.shape), (*self.values, value))

    def overlaps(self, values: Iterable[Any]) -> Condition:
        """The list has at least one of these values."""
        if isinstance(values, (str, bytes)):
            raise QueryError(f"overlaps needs a list, got {values!r}", fix=f"write [{values!r}]")
        given = list(values)
        if not given:
            return Condition(self.schema, NEVER)
        # As for `in_`, sizes are rounded up to powers of two: a few texts serve all lengths.
        given += [given[-1]] * ((1 << (len(given) - 1).bit_length()) - len(given))
        return reduce(lambda left, right: left | right, [self.contains(value) for value in given])

    def has_key(self, key: str) -> Condition:
        """The object has a key, whatever its value."""
        if not isinstance(key, str):
            raise QueryError(f"has_key needs the name of a key, got {key!r}")
        found = self[key]
        return Condition(found.schema, ("json_exists", found.shape), found.values)


class JsonColumn(_Json, Column):
    """A field that holds a list or a dict, as seen on the class."""

    __slots__ = ()


class JsonValue(_Json):
    """What a path leads to in JSON."""

    __slots__ = ()

    def as_(self, kind: type) -> Expression:
        """The value as one of a type, to be selected or ordered by; NULL where it has another.

        Args:    kind: str, int, float, Decimal or bool.
        """
        if kind not in _KINDS:
            raise QueryError(
                f"a value in JSON can't be read as {kind!r}",
                fix=f"it is one of {', '.join(k.__name__ for k in _KINDS)}",
            )
        return Expression(self.schema, ("json_as", kind, self.shape), kind, self.values)

    def _compared(self, operator: str, other: object) -> Condition:
        if isinstance(other, JsonValue):
            raise QueryError("two values in JSON have no type to compare them by", fix='name it: extras["a"].as_(int)')
        kind = other.kind if isinstance(other, Expression) else type(other)
        return self.as_(kind)._compared(operator, other)

    def _in(self, values: list[Any]) -> Condition:
        kinds = {type(value) for value in values}
        if len(kinds) > 1:
            raise QueryError("the values to look for in JSON are of one type", why=f"got {values!r}")
        return self.as_(kinds.pop())._in(values) if kinds else Condition(self.schema, NEVER)

    def _matches(self, operator: str, pattern: str) -> Condition:
        return self.as_(str)._matches(operator, pattern)

    def __repr__(self) -> str:
        return f"<path {list(self.values[-1])!r} in JSON>"


def build_column(schema: Schema, field: Field) -> Column:
    """Build what a field is on its class."""
    return (JsonColumn if field.is_json else Column)(schema, field)
