"""Tables beside the model's: `joins("comments")`, `left_joins("author")`, `joins(Comment, on=...)`.

Rules of this file:
- A relation is joined once for each path; asking again changes at most a left join into an inner one.
- A table that is in the query already gets another name, that of the path; `as_` says which, to be named in conditions.
- What a default scope of the joined model says is part of the join: left joins keep their rows.
"""

from __future__ import annotations

from typing import Any, Self, TypeVar

from spica.orm.clauses.base import QueryBase
from spica.orm.clauses.rare import Joined
from spica.orm.errors import QueryError
from spica.orm.expressions import Condition, as_condition
from spica.orm.relations.pair_schema import pair_schema
from spica.orm.relations.relation import Relation
from spica.orm.schema import Schema
from spica.orm.shapes import Join, Shape, qualify
from spica.orm.tables import Table, alias_schema, base_schema

M = TypeVar("M")


class Joins(QueryBase[M]):
    """The tables that a query reads besides that of its model."""

    __slots__ = ()

    def joins(self, *what: Any, on: Condition | bool | None = None, as_: Any = None) -> Self:
        """Take the rows of other tables with each record, as many times as there are any.

        Args:    what: paths of relations, "comments", "comments.author"; or one model, alias or CTE, with `on`;
                 on: which rows belong together, besides what a relation says; as_: the `alias` under which conditions
                 name the table.
        Raises:  UnknownRelation with near matches, QueryError.
        Example: Post.joins("comments").where(Comment.spam == True).distinct()
        """
        return self._joined("inner", what, on, as_)

    def join(self, *what: Any, on: Condition | bool | None = None, as_: Any = None) -> Self:
        """The same as `joins`."""
        return self._joined("inner", what, on, as_)

    def left_joins(self, *what: Any, on: Condition | bool | None = None, as_: Any = None) -> Self:
        """Take the rows of other tables with each record, and records that have none with NULL; as `joins`."""
        return self._joined("left", what, on, as_)

    def _joined(self, kind: str, what: tuple[Any, ...], on: Condition | bool | None, as_: Any) -> Self:
        if not what or (len(what) > 1 and (on is not None or as_ is not None)):
            raise QueryError(
                "joins needs the name of a relation" if not what else "`on` and `as_` are for one table",
                fix='write joins("comments"); each join with `on` or `as_` by a call of its own',
            )
        query = self._copy()
        for item in what:
            if isinstance(item, str):
                query._join_path(kind, item, as_)
            else:
                query._join_table(kind, item, on, as_)
                on = None
        if on is None:
            return query
        if len(query._rare.clauses.joins) == len(self._rare.clauses.joins):
            raise QueryError(f"{what[0]!r} is joined already", fix="give `on` where it is joined first, or use where")
        return query._with_further(on)

    def _join_path(self, kind: str, path: str, as_: Any) -> None:
        key, names = self._schema, path.split(".")
        for depth, name in enumerate(names, start=1):
            named = as_ if depth == len(names) else None
            key = self._join_relation(kind, key, key.relation(name), ".".join(names[:depth]), named)

    def _join_relation(self, kind: str, owner: Schema, relation: Relation, path: str, as_: Any) -> Schema:
        """Join what a relation leads to. Returns the schema that its table goes by."""
        for joined in self._rare.paths:
            if joined.path == path:
                return self._joined_again(kind, joined.schema, path, as_)
        if relation.through is not None:
            first, second = relation.through
            on_the_way = ".".join([*path.split(".")[:-1], first.name])
            middle = self._join_relation(kind, owner, first, on_the_way, None)
            return self._join_relation(kind, middle, second, path, as_)
        target = relation.target.__schema__
        key = self._free(target, path) if as_ is None else _alias_of(target, as_)
        if relation.kind == "belongs_to":
            on = _equal(owner, relation.foreign_key, key, relation.key)
        elif relation.kind == "many_to_many":
            pairs = self._free(pair_schema(relation), f"{path}_pairs")
            self._add(Join(kind, pairs, _equal(pairs, relation.foreign_key, owner, relation.key)))
            on = _equal(key, relation.other_key, pairs, relation.target_key)
        else:
            on = _equal(key, relation.foreign_key, owner, relation.key)
        self._add_scoped(kind, key, on, (), relation.target.all())
        self._rare = self._rare._replace(paths=(*self._rare.paths, Joined(path, key, as_ is not None)))
        return key

    def _join_table(self, kind: str, what: Any, on: Condition | bool | None, as_: Any) -> None:
        if isinstance(what, Relation):
            raise QueryError(f"a relation is joined by its name, got {what!r}", fix=f'write joins("{what.name}")')
        if not isinstance(getattr(what, "__schema__", None), Schema):
            raise QueryError(
                f"{what!r} can't be joined", fix='write the name of a relation, a model, an alias, or query.cte("name")'
            )
        key = what.__schema__ if as_ is None else _alias_of(what.__schema__, as_)
        if on is None:
            raise QueryError(
                f"joining {key.model} needs to know which of its rows belong to one of {self._schema.model}",
                fix=f"write on={key.model}... == {self._schema.model}...; relations are joined by their names",
            )
        if isinstance(what, Table) and what.__values__:
            self._rare = self._rare._replace(join_values=self._rare.join_values + what.__values__)
        condition = as_condition(on)
        self._add(Join(kind, key, ("true",)))
        shape = self._known(condition, "be joined on")
        scoped, values = _scoped(key, what.all())
        joins = self._rare.clauses.joins[:-1]
        on_shape = _both(qualify(shape, self._schema), scoped)
        self._set_joins((*joins, Join(kind, key, on_shape)), condition.values + values)
        self._rare = self._rare._replace(paths=(*self._rare.paths, Joined(key.model, key, True)))

    def _with_further(self, on: Condition | bool) -> Self:
        """Add a condition to the join that was made last."""
        condition = as_condition(on)
        shape = qualify(self._known(condition, "be joined on"), self._schema)
        *others, last = self._rare.clauses.joins
        self._set_joins((*others, last._replace(on=("and", last.on, shape))), condition.values)
        return self

    def _joined_again(self, kind: str, key: Schema, path: str, as_: Any) -> Schema:
        if as_ is not None and as_.__schema__ is not key:
            raise QueryError(f"{path!r} is joined already, as {key.model}", fix="give `as_` where it is joined first")
        if kind == "inner":
            joins = tuple(
                join._replace(kind="inner") if join.schema is key else join for join in self._rare.clauses.joins
            )
            self._set_joins(joins, ())
        return key

    def _free(self, schema: Schema, path: str) -> Schema:
        """The schema itself, or one of another name when its table is in the query already."""
        taken = schema is self._schema or any(join.schema is schema for join in self._rare.clauses.joins)
        return alias_schema(schema, path.replace(".", "_")) if taken else schema

    def _add_scoped(self, kind: str, key: Schema, on: Shape, values: tuple[Any, ...], scoped: Any) -> None:
        shape, scoped_values = _scoped(key, scoped)
        self._add(Join(kind, key, _both(on, shape)), values + scoped_values)

    def _add(self, join: Join, values: tuple[Any, ...] = ()) -> None:
        if join.schema is self._schema or any(known.schema is join.schema for known in self._rare.clauses.joins):
            raise QueryError(
                f"{join.schema.model} is in the query already",
                fix=f'give it another name: one = alias({join.schema.model}, "one"); .joins(..., as_=one)',
            )
        self._set_joins((*self._rare.clauses.joins, join), values)

    def _set_joins(self, joins: tuple[Join, ...], values: tuple[Any, ...]) -> None:
        clauses = self._rare.clauses._replace(joins=joins)
        self._rare = self._rare._replace(clauses=clauses, join_values=self._rare.join_values + values)


def _equal(left: Schema, name: str, right: Schema, other: str) -> Shape:
    return ("columns", "eq", ("of", left, name), ("of", right, other))


def _both(on: Shape, further: Shape | None) -> Shape:
    return on if further is None else ("and", on, further)


def _scoped(key: Schema, query: QueryBase[Any]) -> tuple[Shape | None, tuple[Any, ...]]:
    """What the default scopes of a joined model ask."""
    shape: Shape | None = None
    for condition in query._conditions:
        qualified = qualify(condition, key)
        shape = qualified if shape is None else ("and", shape, qualified)
    return shape, query._values


def _alias_of(schema: Schema, given: Any) -> Schema:
    if not isinstance(given, Table) or base_schema(given.__schema__) is not schema:
        raise QueryError(
            f"as_ is an alias of {schema.model}, got {given!r}", fix=f'write as_=alias({schema.model}, "one")'
        )
    return given.__schema__
