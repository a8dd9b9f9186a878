"""Changing all records of a query by one statement: `update_all`, `delete_all`, `reset_counters`."""

from __future__ import annotations

from typing import Any, TypeVar

from spica.orm.errors import QueryError
from spica.orm.expressions import Expression
from spica.orm.reading.loading import Loading
from spica.orm.relations.parents import build_recount
from spica.orm.shapes import Operation
from spica.orm.storage import storage_of

M = TypeVar("M")


class Changes(Loading[M]):
    """What changes many records."""

    __slots__ = ()

    async def update_all(self, **values: Any) -> int:
        """Set fields of all records by one statement, without validation and callbacks.

        Args:    values: by field; an expression is computed of the row: views=Post.views + 1.
        Returns: how many rows were changed.
        Raises:  UnknownField, QueryError.
        """
        self._check_unbounded("update_all")
        if not values:
            raise QueryError("update_all needs a value to set")
        names: list[Any] = []
        assigned: list[Any] = []
        for name, value in values.items():
            self._schema.written_field(name)
            if isinstance(value, Expression):
                if value.schema is not None and value.schema is not self._schema:
                    raise QueryError(
                        f"{name} can't be set to {value!r}",
                        why=f"an update computes with fields of {self._schema.model} alone",
                    )
                names.append(("set", name, self._operand(value)))
                assigned += value.values
            else:
                names.append(name)
                assigned.append(value)
        return await self._write(("update", *names), tuple(assigned))

    async def delete_all(self) -> int:
        """Delete all records by one statement, without callbacks. Returns how many."""
        self._check_unbounded("delete_all")
        return await self._write(("delete",))

    async def reset_counters(self, *names: str) -> int:
        """Count the records of has_many relations anew, and set their counters (`counter_cache`) to what there is.

        Args:    names: of the relations, as "comments".
        Returns: how many rows the statement set.
        Raises:  UnknownRelation with near matches, QueryError for a relation without a counter.
        """
        self._check_unbounded("reset_counters")
        if not names:
            raise QueryError("reset_counters needs the name of a relation")
        counted = [build_recount(self._schema.relation(name)) for name in names]
        values = sum((values for _, values in counted), ())
        return await self._write(("recount", *(part for part, _ in counted)), values)

    async def _write(self, operation: Operation, assigned: tuple[Any, ...] = ()) -> int:
        database, storage = storage_of(self._model)
        query = self._unordered()
        plan = storage.plan(query._shape(operation))
        return (await database.write(plan.sql, plan.bind(assigned + query._bound()))).rows

    def _check_unbounded(self, operation: str) -> None:
        clauses = self._rare.clauses
        if clauses.source is not None:
            raise QueryError(f"{operation} changes rows of a table, and this query has those of other queries")
        if self._is_bounded or clauses.groups or (clauses.distinct and not clauses.joins):
            key = self._schema.key
            raise QueryError(
                f"{operation} takes no limit, offset, group or distinct",
                why="a statement that changes rows has none in most databases",
                fix=f"choose the rows first: where({key.name}=await query.pluck('{key.name}')).{operation}(...)"
                if key.size == 1
                else "choose the rows by conditions",
            )
