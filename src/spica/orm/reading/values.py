"""Values over the records of a query: `count`, `sum`, `exists`, `pluck` and the like."""

from __future__ import annotations

from typing import Any, TypeVar

from spica.orm.errors import QueryError
from spica.orm.expressions import Condition, Expression
from spica.orm.functions import average, count, maximum, minimum, sum_
from spica.orm.reading.loading import Loading
from spica.orm.storage import storage_of

M = TypeVar("M")

_COUNT = ("count",)


class Values(Loading[M]):
    """What reads values instead of records."""

    __slots__ = ()

    async def count(self, what: str | Expression | None = None, *, distinct: bool = False) -> int:
        """How many records there are: groups, when it has `group`; different ones, when it is `distinct`. A record that
        a join takes several times counts as often.

        Args:    what: count those where this is not NULL; distinct: how many different values it has.
        """
        if what is not None or distinct:
            return int(await self._aggregate(count(self._field_or_none(what), distinct=distinct)))
        rare = self._rare
        if not (rare.clauses.distinct and rare.selected):
            return int((await self._rows(_COUNT))[0][0])
        return int((await self._rows(("count", *rare.selected), self._selected_values))[0][0])

    async def sum(self, what: str | Expression) -> Any:
        """The sum of a field, or an expression; 0 when there is no record."""
        return await self._aggregate(sum_(self._expression(what))) or 0

    async def average(self, what: str | Expression) -> float | None:
        """The average of a field, or an expression; None when there is no record."""
        value: float | None = await self._aggregate(average(self._expression(what)))
        return value

    async def minimum(self, what: str | Expression) -> Any:
        """The smallest value of a field, or an expression; None when there is no record."""
        return await self._aggregate(minimum(self._expression(what)))

    async def maximum(self, what: str | Expression) -> Any:
        """The largest value of a field, or an expression; None when there is no record."""
        return await self._aggregate(maximum(self._expression(what)))

    async def exists(self, *conditions: Condition | bool, **equals: Any) -> bool:
        """Whether there is a record."""
        query = self.where(*conditions, **equals) if conditions or equals else self
        return bool(await (query if query._limit is not None else query.limit(1))._rows(("exists",)))

    async def pluck(self, *names: str | Expression) -> list[Any]:
        """Read some fields without making records: values for one name, tuples for several."""
        if not names:
            raise QueryError("pluck needs the name of a field")
        rows: list[Any] = await self.select(**{f"c{number}": name for number, name in enumerate(names)})._load()
        return [row[0] for row in rows] if len(names) == 1 else [tuple(row) for row in rows]

    async def pick(self, *names: str | Expression) -> Any:
        """What `pluck` reads of the first record in the query's order; None when there is none."""
        values = await self.limit(1).pluck(*names)
        return values[0] if values else None

    async def ids(self) -> list[Any]:
        """The ids of the records."""
        return await self.pluck(*self._schema.key.names)

    def _field_or_none(self, what: str | Expression | None) -> Expression | None:
        return None if what is None else self._expression(what)

    async def _aggregate(self, expression: Expression) -> Any:
        operand = self._operand(expression)
        if self._rare.clauses.groups:
            raise QueryError(
                "a query with group has a value for each group",
                fix=f'select it: .select("...", value={operand[1]}(...))',
            )
        if self._rare.clauses.distinct:
            raise QueryError("distinct() is of whole rows", fix="of values: count(..., distinct=True)")
        rows = await self._rows(("aggregate", operand), expression.values)
        decode = storage_of(self._model)[1].decoder_of(operand)
        value = rows[0][0]
        return value if value is None or decode is None else decode(value)
