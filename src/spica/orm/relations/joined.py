"""Reading records together with what they belong to: one statement with a LEFT JOIN, where that is cheaper than two.

Rules of this file:
- Joined are belongs_to at the front of a path that hold a primary key, whose targets are short rows without a default
  scope. Every other relation takes a statement of its own (spica.orm.relations.loading).
- Only plain queries are joined: not those with joins, groups, locks or tables of their own, nor with hand-written SQL,
  in which a column's name alone would mean two.
- Records are as if the relation had been loaded afterwards: equal keys lead to the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from spica.db.driver import Row
from spica.db.engine import Database
from spica.orm.hydration import Load
from spica.orm.relations.access import keep_each
from spica.orm.relations.relation import Relation
from spica.orm.schema import Schema
from spica.orm.shapes import PLAIN, Join, QueryShape
from spica.orm.storage import MAX_PLANS, Plan, Storage, storage_of
from spica.orm.tables import alias_schema

MOST_COLUMNS = 16  # of a target: each row of the records has them again, and the client reads them again

_LONG = (bytes, list, dict)


class _Part(NamedTuple):
    """The columns of one relation's target in a row, and what makes records of them."""

    relation: Relation
    start: int
    stop: int
    load: Load


class JoinedReading:
    """How the records of one model are read with some of their relations.

    further: the paths that are left to be loaded.
    """

    __slots__ = ("_clauses", "_operation", "_own", "_parts", "_plans", "_storage", "further")

    def __init__(self, database: Database, storage: Storage, relations: Sequence[Relation], paths: Iterable[str]):
        schema = storage.schema
        names: list[Any] = [field.name for field in schema.fields]
        self._own = len(names)
        self._storage = storage
        self._plans: dict[QueryShape, Plan | None] = {}
        self._parts: list[_Part] = []
        joins = []
        for relation in relations:
            _, target_storage = storage_of(relation.target, database)
            target = alias_schema(relation.target.__schema__, f"joined_{relation.name}")
            on = ("columns", "eq", ("of", schema, relation.foreign_key), ("of", target, relation.key))
            joins.append(Join("left", target, on))
            start = len(names)
            names += [("of", target, field.name) for field in target.fields]
            self._parts.append(_Part(relation, start, len(names), target_storage.load))
        self._operation = ("select", *names)
        self._clauses = PLAIN._replace(joins=tuple(joins))
        joined = {relation.name for relation in relations}
        self.further = tuple(path for path in paths if path not in joined)

    def plan(self, shape: QueryShape) -> Plan | None:
        """Find the plan for the shape of a query without its relations; None where it can't be joined."""
        try:
            return self._plans[shape]
        except KeyError:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            joined = shape._replace(operation=self._operation, clauses=self._clauses)
            plan = self._plans[shape] = None if _has_raw(shape) else self._storage.plan(joined)
            return plan

    def load(self, rows: Sequence[Row]) -> list[Any]:
        """Turn rows into records that have their relations loaded."""
        own = self._own
        records = self._storage.load([row[:own] for row in rows])
        for relation, start, stop, load in self._parts:
            keys = [row[start] for row in rows]
            found = dict(zip(keys, rows, strict=True))
            found.pop(None, None)  # of records that belong to nothing
            targets = dict(zip(found, load([row[start:stop] for row in found.values()]), strict=True))
            keep_each(records, relation, map(targets.get, keys))
        return records


def joined_reading(database: Database, storage: Storage, paths: tuple[str, ...]) -> JoinedReading | None:
    """Find how a model is read with relations, given as paths; None where none of them can be joined."""
    known = storage.joined
    if paths not in known:
        if len(known) >= MAX_PLANS:
            known.clear()
        schema = storage.schema
        relations = [schema.relation(name) for name in dict.fromkeys(path.partition(".")[0] for path in paths)]
        fitting = [relation for relation in relations if _can_join(relation)]
        known[paths] = JoinedReading(database, storage, fitting, paths) if fitting else None
    reading: JoinedReading | None = known[paths]
    return reading


def _can_join(relation: Relation) -> bool:
    if relation.kind != "belongs_to" or relation.target.__query__.defaults:
        return False
    target: Schema = relation.target.__schema__
    is_short = len(target.fields) <= MOST_COLUMNS and not any(
        field.text or field.storage in _LONG for field in target.fields
    )
    return is_short and target.key.names == (relation.key,)


def _has_raw(part: Any) -> bool:
    return isinstance(part, tuple) and (part[:1] == ("raw",) or any(map(_has_raw, part)))
