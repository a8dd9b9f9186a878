"""Queries made of others: `union`, `intersect`, `except_`, `cte`, `recursive`.

Rules of this file:
- What they give is a query or a table like others: conditions, orders and bounds go on top.
- Queries of whole records must be of one model and give its records; selections give named tuples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

from spica.orm.clauses.base import QueryBase
from spica.orm.errors import QueryError
from spica.orm.schema import Schema
from spica.orm.shapes import JSON, Operand, qualify, source_of
from spica.orm.tables import Body, Part, Table, body_schema, check_table_name

M = TypeVar("M")

Columns = tuple[tuple[str, Any], ...]


class Sets(QueryBase[M]):
    """Queries of queries."""

    __slots__ = ()

    def union(self, *others: QueryBase[Any]) -> Self:
        """The rows of this query and of others, each once.

        Args:    others: of the same model; or with a selection, as many values of the same types.
        Raises:  QueryError for queries that don't fit.
        Example: Post.where(published=True).union(Post.where(author_id=7)).order("-id").limit(10)
        """
        return self._combined("union", others)

    def union_all(self, *others: QueryBase[Any]) -> Self:
        """The rows of this query and of others, as often as they come."""
        return self._combined("union_all", others)

    def intersect(self, *others: QueryBase[Any]) -> Self:
        """The rows that this query and all others have."""
        return self._combined("intersect", others)

    def except_(self, *others: QueryBase[Any]) -> Self:
        """The rows of this query that none of the others has."""
        return self._combined("except", others)

    def cte(self, name: str) -> Table:
        """Make a table of the query (a common table expression), to be joined or asked.

        Args:    name: what it is called in the statement; its columns are attributes.
        Example:
            busy = Post.group("author_id").select("author_id", posts=count()).cte("busy")
            await User.joins(busy, on=busy.author_id == User.id).where(busy.posts > 10)
        """
        part, values = self._as_part("")
        origin = None if self._rare.selected else self._schema
        schema = body_schema(check_table_name(name), Body("cte", (part,)), self._columns(), origin)
        return Table(schema, self.plain, values)

    def recursive(self, step: Callable[[Any], QueryBase[Any]], *, name: str = "tree", distinct: bool = False) -> Self:
        """The rows of this query, and those that a step leads to from them, again and again.

        Args:    step: from the table of what was found to the query for what comes next; name: what the table is called
                 in the statement; distinct: take each row once, which ends circles.
        Raises:  QueryError for a step that does not fit.
        Example: Category.where(id=1).recursive(lambda tree: Category.joins(tree, on=Category.parent_id == tree.id))
        """
        columns = self._columns()
        origin = None if self._rare.selected else self._schema
        itself = body_schema(check_table_name(name), Body("itself", ()), columns, origin)
        following = step(Table(itself, self.plain))
        self._check_fits(following, "a step of recursive")
        first, values = self._as_part("")
        next_, next_values = following._as_part("union" if distinct else "union_all")  # type: ignore[attr-defined]  # a Sets
        return self._from_body(name, Body("recursive", (first, next_), itself), values + next_values)

    def _combined(self, operator: str, others: tuple[QueryBase[Any], ...]) -> Self:
        if not others:
            raise QueryError(f"{operator} needs another query")
        parts: list[Part] = []
        values: tuple[Any, ...] = ()
        for query in (self, *others):
            self._check_fits(query, operator)
            part, its = query._as_part(operator if parts else "")  # type: ignore[attr-defined]  # a Sets
            parts.append(part)
            values += its
        name = self._schema.table if not self._rare.selected else "rows_of_all"
        return self._from_body(name, Body("set", tuple(parts)), values)

    def _from_body(self, name: str, body: Body, values: tuple[Any, ...]) -> Self:
        if self._rare.selected:
            schema = body_schema(name, body, self._columns(), None)
            query: Self = self.plain.of_table(Table(schema, self.plain, values))
            return query
        query = self.__class__(self._model, unscoped=True)
        schema = body_schema(name, body, (), self._schema)
        query._rare = query._rare._replace(
            clauses=query._rare.clauses._replace(source=schema), source_values=values, includes=self._rare.includes
        )
        return query

    def _as_part(self, operator: str) -> tuple[Part, tuple[Any, ...]]:
        query = self if self._is_bounded else self._unordered()
        shape = query._shape(("select", *query._rare.selected))
        return Part(operator, query._schema, shape), query._bound(query._selected_values)

    def _check_fits(self, other: Any, what: str) -> None:
        if not isinstance(other, QueryBase):
            raise QueryError(f"{what} needs queries, got {other!r}")
        if other._rare.clauses.lock is not None:
            raise QueryError(f"{what} takes no query with a lock")
        if not self._rare.selected or not other._rare.selected:
            if other._schema is not self._schema or self._rare.selected or other._rare.selected:
                raise QueryError(
                    f"{what} can't take {self._schema.model} and {other._schema.model} together",
                    why="whole records are of one model",
                    fix='select the same values of each: .select("id", "name")',
                )
            return
        kinds = [_kinds(query._schema, query._rare.selected) for query in (self, other)]
        if kinds[0] != kinds[1]:
            shown = [", ".join(getattr(kind, "__name__", str(kind)) for kind in side) for side in kinds]
            raise QueryError(
                f"{what} needs selections of the same types", why=f"one is {shown[0]}, the other {shown[1]}"
            )

    def _columns(self) -> Columns:
        rare = self._rare
        return tuple(
            (name, _column(self._schema, operand)) for name, operand in zip(rare.names, rare.selected, strict=True)
        )


def _column(schema: Schema, operand: Operand) -> Any:
    """What is known of a selected value: the field that it is, or its type."""
    source = source_of(qualify(operand, schema))
    if source is None:
        raise QueryError("what raw gives has no type here", fix="give it one: raw(..., kind=int)")
    if source == JSON:
        return dict
    return source if isinstance(source, type) else source[1].field(source[2])


def _kinds(schema: Schema, operands: tuple[Operand, ...]) -> list[Any]:
    columns = [_column(schema, operand) for operand in operands]
    return [column if isinstance(column, type) else column.storage for column in columns]
